"""What HubSpot does and is not established, or differs between portals: each a switch with a safe default.

The ten open questions carry their number; the default is the answer that a careful client has to survive."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switch:
    """`choices` are all that it can be, or any number from 0 with `is_number`. `question` 0: not one of the ten."""

    name: str
    about: str
    choices: tuple[str, ...]
    question: int = 0
    is_number: bool = False

    @property
    def default(self) -> str:
        return self.choices[0]

    def accepts(self, value: str) -> bool:
        return value.isdigit() and len(value) < 9 if self.is_number else value in self.choices


SWITCHES = (
    Switch(
        "partial_upsert_by_email",
        "An upsert keyed on e-mail that leaves properties out: allowed, or refused for contacts that exist.",
        ("allowed", "refused"),
        1,
    ),
    Switch("unique_conflict", "A unique value that another contact holds.", ("validation_400", "conflict_409"), 2),
    Switch(
        "adoption_conflict",
        "An upsert by an own key whose e-mail another contact has.",
        ("conflict_with_id", "conflict_without_id", "adopt"),
        3,
    ),
    Switch("service_key_info", "access-token-info, asked about a service key.", ("accepted", "refused"), 4),
    Switch("retry_after_on_429", "A Retry-After header on 429.", ("off", "on"), 5),
    Switch("rejected_calls_count", "Do calls that were answered 429 use up quota?", ("daily", "no", "both"), 5),
    Switch("concurrent_calls", "Calls at a time, before 423; 0 is no limit.", ("0",), 6, True),
    Switch("batch_latency_ms", "Time that each batch call takes.", ("0",), 6, True),
    Switch("gdpr_recreate", "May the API create a contact whose e-mail was erased?", ("allowed", "blocked"), 7),
    Switch("merge_unique_value", "Whose unique value a merge keeps.", ("primary", "secondary", "none"), 8),
    Switch("upsert_by_secondary_email", "An upsert keyed on a secondary e-mail.", ("update", "conflict"), 9),
    Switch("partial_status_2026_09", "Status of a partly failed batch on 2026-09.", ("207", "200"), 10),
    Switch("conflict_body", "Body of 409 on a single create: today's or the older one.", ("short", "legacy")),
    Switch("errors_capped_at_3", "The error list of a validation body holds three at most.", ("on", "off")),
    Switch("merge_id", "A merge makes a new record id, or keeps the primary's (beta).", ("new", "primary")),
    Switch("gdpr_delete", "An erased contact is gone at once, or its shell stays archived.", ("hard", "soft")),
    Switch("search_lag_ms", "How long a write stays invisible to search.", ("2000",), 0, True),
    Switch("rate_headers", "X-HubSpot-RateLimit headers.", ("on", "off")),
    Switch("shuffle_results", "Results of a batch come in another order than its inputs.", ("on", "off")),
)


class UnknownSwitch(ValueError):
    """There is no such switch, or it cannot be set to that."""


class Switches:
    """Where each switch stands."""

    def __init__(self) -> None:
        self._known: Mapping[str, Switch] = {each.name: each for each in SWITCHES}
        self._set: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self._set.get(name) or self._known[name].default

    def number(self, name: str) -> int:
        return int(self[name])

    def is_on(self, name: str) -> bool:
        return self[name] == "on"

    def flip(self, name: str, value: str) -> None:
        """Raises UnknownSwitch and changes nothing."""
        switch = self._known.get(name)
        if switch is None:
            raise UnknownSwitch(f"there is no switch {name}")
        if not switch.accepts(value):
            allowed = "a whole number" if switch.is_number else " | ".join(switch.choices)
            raise UnknownSwitch(f"{name} is {allowed}, not {value}")
        self._set[name] = value

    def reset(self) -> None:
        self._set.clear()

    def changed(self) -> Mapping[str, str]:
        return {name: value for name, value in self._set.items() if value != self._known[name].default}
