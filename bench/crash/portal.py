"""What HubSpot's stand-in saw and holds in the end: its ledger of writes and its contacts, over HTTP."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KEY = "doorward_identity_id"
CONSENT = "doorward_consent_marketing"
PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Write:
    """One line of the ledger. `identity` is the key that the contact carries, or that the refused body carried.

    `changes` is what the contact's properties became; empty for what changed nothing. `at` in seconds since 1970.
    """

    seq: int
    at: float
    kind: str
    is_applied: bool
    contact_id: str | None
    identity: str | None
    email: str | None
    changes: Mapping[str, str]

    @property
    def tells_about_a_person(self) -> bool:
        """A body with a person's data; not the removal of the contact, and not the withdrawal of a consent."""
        if self.kind.endswith("upsert") or self.kind.endswith("create"):
            return True
        return bool(self.changes.keys() - {CONSENT}) or self.changes.get(CONSENT) == "true"


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that is not archived."""

    id: str
    email: str | None
    first: str | None
    identity: str | None
    consent: str | None


@dataclass(frozen=True, slots=True)
class Portal:
    """The ledger from its beginning, and the live contacts."""

    ledger: tuple[Write, ...]
    contacts: tuple[Contact, ...]


def read_portal(url: str, token: str) -> Portal:
    """Asks the simulator at `url`. Raises OSError when it does not answer."""
    return Portal(tuple(_ledger(url)), tuple(_contacts(url, token)))


def _ledger(url: str) -> Iterator[Write]:
    after: int | None = 0
    while after is not None:
        page = _get(f"{url}/_sim/ledger?after={after}&limit={PAGE}", {})
        for entry in page["entries"]:
            yield Write(
                seq=entry["seq"],
                at=entry["at_ms"] / 1000,
                kind=entry["kind"],
                is_applied=entry["outcome"] == "applied",
                contact_id=entry["contact_id"],
                identity=entry["unique_values"].get(KEY),
                email=entry["email"],
                changes=entry["changes"],
            )
        after = page["next_after"]


def _contacts(url: str, token: str) -> Iterator[Contact]:
    """By listing all of them rather than by looking one up: a double shows."""
    after: str | None = ""
    while after is not None:
        query = f"limit=100&properties=email,firstname,{KEY},{CONSENT}" + (f"&after={after}" if after else "")
        page = _get(f"{url}/crm/v3/objects/contacts?{query}", {"Authorization": f"Bearer {token}"})
        for found in page["results"]:
            values = found["properties"]
            yield Contact(
                found["id"], values.get("email"), values.get("firstname"), values.get(KEY), values.get(CONSENT)
            )
        after = page.get("paging", {}).get("next", {}).get("after")


def _get(url: str, headers: Mapping[str, str]) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers)), timeout=60) as answer:
        return json.load(answer)
