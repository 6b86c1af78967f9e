"""Kratos's keys that Doorward does not honour, as data: what becomes of each and why. The model holds the others.

Each is named and left out; none of them weakens security by being left out. The reference page prints the table.
"""

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from doorward.config.problems import Problem, warning
from doorward.config.secrets import join


@dataclass(frozen=True, slots=True)
class Entry:
    """`path` is dotted, `*` stands for one name. Values in `harmless` say what we do anyway and pass without a word."""

    path: str
    why: str
    harmless: tuple[Any, ...] = (None, False, "", 0)


TABLE = (
    Entry("serve.*.socket", "Doorward listens on TCP only"),
    Entry("serve.public.cors.options_passthrough", "preflights are answered where CORS is on"),
    Entry("serve.public.cors.debug", "there is no CORS log"),
    Entry("log.leak_sensitive_values", "the log never holds personal data or secrets"),
    Entry("log.redaction_text", "the log leaves sensitive values out"),
    Entry("tracing.providers.jaeger", "traces leave by OTLP; use tracing.providers.otlp"),
    Entry("tracing.providers.zipkin", "traces leave by OTLP; use tracing.providers.otlp"),
    Entry("profiling", "there is no profiling endpoint"),
    Entry("database", "expired rows are removed continuously"),
    Entry("preview", "reads are always consistent"),
    Entry("enterprise", "identity schemas come from identity.schemas"),
    Entry("oauth2_provider", "Doorward is not a login provider of Ory Hydra"),
    Entry("organizations", "Kratos itself reads it only in the Ory Network", (None, [])),
    Entry("selfservice.methods.b2b", "Kratos itself reads it only in the Ory Network", (None, {})),
    Entry("selfservice.methods.link.config.base_url", "links use serve.public.base_url; Kratos ignores it too"),
    Entry(
        "selfservice.methods.code.passwordless_login_fallback_enabled",
        "Kratos ignores it too; the key is methods.code.config.missing_credential_fallback_enabled",
    ),
    Entry("feature_flags.refresh_login_choose_address", "who confirms a sign-in by code types the address"),
    Entry(
        "feature_flags.password_profile_registration_node_group",
        "traits are in the group default",
        (None, "", "default"),
    ),
    Entry("hashers.argon2.expected_duration", "only Kratos's calibration uses it"),
    Entry("hashers.argon2.expected_deviation", "only Kratos's calibration uses it"),
    Entry("hashers.argon2.dedicated_memory", "only Kratos's calibration uses it"),
    Entry("watch-courier", "messages are always delivered by the dispatcher", (None, True, False)),
    Entry("expose-metrics-port", "metrics are on the admin port"),
    Entry("sqa-opt-out", "Doorward reports to nobody", (None, True, False)),
    Entry("config", "files are named with --config", (None, [])),
    Entry("help", "it is a flag"),
)


def set_aside(tree: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The tree without the table's keys; adds a warning `ignored` where one said something."""
    return _without("", tree, problems)


def find_entry(path: str) -> Entry | None:
    """The table's line about a path."""
    return next((entry for entry in TABLE if _matches(entry.path, path)), None)


def _without(path: str, tree: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in tree.items():
        here = join(path, str(key))
        entry = find_entry(here)
        if entry is not None:
            problems.extend(_problem(entry, here, value))
        else:
            kept[key] = _without(here, value, problems) if isinstance(value, Mapping) else value
    return kept


def _problem(entry: Entry, path: str, value: Any) -> Iterator[Problem]:
    if any(value == harmless and isinstance(value, bool) == isinstance(harmless, bool) for harmless in entry.harmless):
        return
    yield warning("ignored", path, f"has no effect: {entry.why}")


def _matches(pattern: str, path: str) -> bool:
    return pattern.count(".") == path.count(".") and fnmatch.fnmatchcase(path, pattern)
