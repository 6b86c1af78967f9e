"""The faults: the rows of the matrix, as data. Each strikes once; it ends by itself, by time, or by a person's step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from doorward.connectors.hubspot.wire import KEY_PROPERTY
from faults.situations import Situation
from faults.town import MEMBERSHIP, Town
from portalsim.happenings import happen

Strike = Callable[[Town, Situation], None]
CRM = {"path": "/crm/"}
OUTAGE_S = 27 * 3600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`lasts_s` after which the town has it end (`Town.end_fault`), None where that is not the town's business."""

    name: str
    strike: Strike
    lasts_s: float | None = None


def armed(kind: str, match: Mapping[str, Any] | None = None, **details: Any) -> Strike:
    """A fault of the simulator on calls to the CRM, or on those that `match` tells."""

    def strike(town: Town, situation: Situation) -> None:
        description = {"kind": kind, "match": match or CRM, **details}
        town.nearby.portal.faults.arm(description, town.nearby.portal.clock.now_ms())

    return strike


def on_write(kind: str, **details: Any) -> Strike:
    """A fault of the simulator on the next call that writes."""

    def strike(town: Town, situation: Situation) -> None:
        armed(kind, {"path": situation.write_path}, count=1, **details)(town, situation)

    return strike


def on_answer(kind: str, **details: Any) -> Strike:
    """Spoils the body of the next answer that matters. That to an archiving has none, so it is the look before it."""

    def strike(town: Town, situation: Situation) -> None:
        path = "/batch/read" if situation.event == "deleted" else situation.write_path
        armed(kind, {"path": path}, count=1, **details)(town, situation)

    return strike


def spoil(town: Town, situation: Situation) -> None:
    """Every second record of a batch of three, in the simulator's order of chances; the only one of a smaller batch."""
    share = 1.0 if situation.batch == 1 else 0.5
    on_write("partial", share=share)(town, situation)


def unless_deleted(strike: Strike) -> Strike:
    """What a deletion does not notice: it writes no property, and HubSpot archives all of a batch or nothing."""

    def strike_or_miss(town: Town, situation: Situation) -> None:
        town.is_missed = situation.event == "deleted"
        strike(town, situation)

    return strike_or_miss


def happening(action: str, **details: Any) -> Strike:
    def strike(town: Town, situation: Situation) -> None:
        happen(town.nearby.portal, {"action": action, **details})

    return strike


def refuse(town: Town, situation: Situation) -> None:
    town.nearby.door.close()


def merge(town: Town, situation: Situation) -> None:
    """Ann's contact, or one that a form made for her, becomes a part of somebody else's."""
    if not situation.has_contact:
        form(town, "ann@example.org")
    form(town, "other@example.org", lastname="Other")
    town.others.append("other@example.org")
    town.is_guarded = not situation.has_contact
    details = {"action": "merge_contacts", "primary_email": "other@example.org", "other_email": "ann@example.org"}
    happen(town.nearby.portal, details)


def archive(town: Town, situation: Situation) -> None:
    """Ann's contact, or one that a form made for her, goes to the recycle bin."""
    if not situation.has_contact:
        form(town, "ann@example.org")
    happen(town.nearby.portal, {"action": "archive_contact", "email": "ann@example.org"})


def own(town: Town, situation: Situation) -> None:
    """A contact that a form made has the e-mail that Ann has, or is about to have."""
    email = "ann@example.org"
    if situation.event == "updated":
        email = town.new_email = "anna@example.org"
    if situation.event == "deleted":
        renamed = {"properties": {"email": "renamed@example.org"}}
        happen(town.nearby.portal, {"action": "change_contact", "email": email, **renamed})
        town.others.append(email)
    town.is_guarded = situation.event != "deleted"
    form(town, email, lastname="Other")


def form(town: Town, email: str, **properties: str) -> None:
    happen(town.nearby.portal, {"action": "form_contact", "email": email, "properties": properties})


def lag(town: Town, situation: Situation) -> None:
    town.nearby.portal.flip("search_lag_ms", "60000")


FAULTS = (
    Fault("429 burst", armed("rate_limit", count=5)),
    Fault("daily limit", happening("exhaust_day")),
    Fault("423 locked", armed("locked", count=2)),
    Fault("477 migration, 2 h", armed("migrating", {}, seconds=7200, retry_after=1800)),
    Fault("500, JSON", armed("status", status=500, count=2)),
    Fault("502, HTML", armed("status", status=502, html=True, count=2)),
    Fault("503 for 27 h", armed("status", status=503, seconds=OUTAGE_S)),
    Fault("connection refused", refuse, lasts_s=60),
    Fault("reset mid-body", on_answer("reset_mid_body")),
    Fault("slow trickle", on_answer("trickle", bytes=16, interval_ms=5000)),
    Fault("time-out", on_write("latency", ms=30_000)),
    Fault("applied, answer lost", on_write("lost_answer")),
    Fault("partial 207", unless_deleted(spoil)),
    Fault("truncated JSON", on_answer("truncated")),
    Fault("token revoked", happening("revoke_token")),
    Fault("scope removed", happening("remove_scope", scope="crm.objects.contacts.write")),
    Fault("property removed", unless_deleted(happening("archive_property", name=MEMBERSHIP))),
    Fault("our key property removed", happening("archive_property", name=KEY_PROPERTY)),
    Fault("contact merged behind our back", merge),
    Fault("contact archived behind our back", archive),
    Fault("e-mail owned by another contact", own),
    Fault("search lag 60 s", lag),
)


def mended(town: Town, name: str) -> None:
    """A person puts a property back."""
    catalogue = town.nearby.portal.catalogue
    found = catalogue.find(name)
    assert found is not None
    catalogue.put(replace(found, archived=False))
