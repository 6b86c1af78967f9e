"""What the welcome page tells a person: who they are here, what they agreed to, what happens next. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from doorward.identities.model import ConsentReceipt, Identity
from doorward.identities.schema import value_at

GIVEN_NAMES = (("name", "first"), ("first_name",), ("firstname",), ("given_name",), ("name", "given"), ("name",))


@dataclass(frozen=True, slots=True)
class Agreement:
    """A sentence that was shown, and whether the person said yes to it."""

    text: str
    is_granted: bool
    at: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """`name` is "" when none is known; `steps` are sentences, in order."""

    name: str
    address: str
    agreements: tuple[Agreement, ...]
    steps: tuple[str, ...]


def welcome(
    identity: Identity, receipts: Iterable[ConsentReceipt], announced: Collection[str], signed_in_until: datetime
) -> Welcome:
    """`receipts` oldest first; `announced` are the purposes for which somebody else is told."""
    newest = {receipt.purpose: receipt for receipt in receipts}
    agreements = tuple(
        Agreement(receipt.text, receipt.granted, day(receipt.recorded_at)) for receipt in newest.values()
    )
    is_announced = any(receipt.granted and purpose in announced for purpose, receipt in newest.items())
    return Welcome(given_name(identity.traits), address_of(identity), agreements, _steps(is_announced, signed_in_until))


def given_name(traits: Mapping[str, Any]) -> str:
    """How to call the person, "" when unknown."""
    for path in GIVEN_NAMES:
        value = value_at(traits, path)
        if isinstance(value, str) and value.strip():
            return value.strip()[:80]
    return ""


def address_of(identity: Identity) -> str:
    """The address to recognise the account by."""
    traits = identity.traits
    candidates = [traits.get("email"), traits.get("phone"), traits.get("username")]
    candidates += [address.value for address in identity.verifiable_addresses]
    candidates += [address.value for address in identity.recovery_addresses]
    return next((text for text in candidates if isinstance(text, str) and text), "")


def day(moment: datetime) -> str:
    """`25 November 2026`."""
    return f"{moment.day} {moment:%B %Y}"


def _steps(is_announced: bool, signed_in_until: datetime) -> tuple[str, ...]:
    steps = []
    if is_announced:
        steps.append("Because you agreed, your details are now passed on as described. This takes a few seconds.")
    steps.append(f"You are signed in on this device until {day(signed_in_until)}, {signed_in_until:%H:%M} UTC.")
    return tuple(steps)
