"""Kratos's keys that Doorward does not honour, as data: what becomes of each and why. The model holds the others.

A key whose loss would weaken security is refused; any other is named and left out. The reference page prints it.
"""

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from doorward.config.problems import Problem, error, warning
from doorward.config.secrets import join


class Verdict(StrEnum):
    """What becomes of a key that is not honoured."""

    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """`path` is dotted, `*` stands for one name. Values in `harmless` say what we do anyway and pass without a word."""

    path: str
    verdict: Verdict
    why: str
    harmless: tuple[Any, ...] = (None, False, "", 0)


IGNORED, REFUSED = Verdict.IGNORED, Verdict.REFUSED

TABLE = (
    Entry("serve.*.tls", REFUSED, "TLS ends in a proxy before Doorward; remove the key once there is one", (None, {})),
    Entry("serve.*.socket", IGNORED, "Doorward listens on TCP only"),
    Entry("serve.public.cors.options_passthrough", IGNORED, "preflights are answered where CORS is on"),
    Entry("serve.public.cors.debug", IGNORED, "there is no CORS log"),
    Entry("log.leak_sensitive_values", IGNORED, "the log never holds personal data or secrets"),
    Entry("log.redaction_text", IGNORED, "the log leaves sensitive values out"),
    Entry("tracing.providers.jaeger", IGNORED, "traces leave by OTLP; use tracing.providers.otlp"),
    Entry("tracing.providers.zipkin", IGNORED, "traces leave by OTLP; use tracing.providers.otlp"),
    Entry("profiling", IGNORED, "there is no profiling endpoint"),
    Entry("database", IGNORED, "expired rows are removed continuously"),
    Entry("preview", IGNORED, "reads are always consistent"),
    Entry("enterprise", IGNORED, "identity schemas come from identity.schemas"),
    Entry("oauth2_provider", IGNORED, "Doorward is not a login provider of Ory Hydra"),
    Entry("organizations", IGNORED, "Kratos itself reads it only in the Ory Network", (None, [])),
    Entry("selfservice.methods.b2b", IGNORED, "Kratos itself reads it only in the Ory Network", (None, {})),
    Entry(
        "selfservice.methods.link.config.base_url", IGNORED, "links use serve.public.base_url; Kratos ignores it too"
    ),
    Entry(
        "selfservice.methods.code.passwordless_login_fallback_enabled",
        IGNORED,
        "Kratos ignores it too; the key is methods.code.config.missing_credential_fallback_enabled",
    ),
    Entry("courier.templates", IGNORED, "Kratos's Go templates are not read", (None, {})),
    Entry("courier.template_override_path", IGNORED, "Kratos's Go templates are not read"),
    Entry("hashers.argon2.expected_duration", IGNORED, "only Kratos's calibration uses it"),
    Entry("hashers.argon2.expected_deviation", IGNORED, "only Kratos's calibration uses it"),
    Entry("hashers.argon2.dedicated_memory", IGNORED, "only Kratos's calibration uses it"),
    Entry("watch-courier", IGNORED, "messages are always delivered by the dispatcher", (None, True, False)),
    Entry("expose-metrics-port", IGNORED, "metrics are on the admin port"),
    Entry("sqa-opt-out", IGNORED, "Doorward reports to nobody", (None, True, False)),
    Entry("config", IGNORED, "files are named with --config", (None, [])),
    Entry("help", IGNORED, "it is a flag"),
)


def set_aside(tree: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The tree without the table's keys; adds a warning `ignored` or an error `refused` where one said something."""
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
    if entry.verdict is REFUSED:
        yield error("refused", path, f"cannot be honoured, and leaving it out would weaken security: {entry.why}")
    else:
        yield warning("ignored", path, f"has no effect: {entry.why}")


def _matches(pattern: str, path: str) -> bool:
    return pattern.count(".") == path.count(".") and fnmatch.fnmatchcase(path, pattern)
