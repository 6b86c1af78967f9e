"""Which new passwords are refused by themselves. `breaches` asks the list of leaks; methods make the messages."""

from collections.abc import Iterable
from dataclasses import dataclass

from doorward.security.passwords import encode

IDENTIFIER_LIMIT = 256
DISTANCE_MIN = 5


@dataclass(frozen=True, slots=True)
class TooShort:
    """Lengths are in bytes."""

    min_length: int
    actual_length: int


@dataclass(frozen=True, slots=True)
class TooLong:
    """Lengths are in bytes."""

    max_length: int
    actual_length: int


@dataclass(frozen=True, slots=True)
class TooSimilar:
    """It is an identifier, or most of it is part of one. Which one is not repeated."""


@dataclass(frozen=True, slots=True)
class Breached:
    """It is in `breaches` known leaks."""

    breaches: int


Refusal = TooShort | TooLong | TooSimilar | Breached


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """`max_length` in bytes follows from the hash algorithm (HashSettings.limit_bytes)."""

    min_length: int = 8
    max_length: int | None = None
    is_similarity_checked: bool = True


def check_password(password: str, identifiers: Iterable[str], settings: PolicySettings) -> Refusal | None:
    """The first reason against `password`, in Kratos's order, or None."""
    length = len(encode(password))
    if length < settings.min_length:
        return TooShort(settings.min_length, length)
    if settings.max_length is not None and length > settings.max_length:
        return TooLong(settings.max_length, length)
    if settings.is_similarity_checked and any(is_similar(password, identifier) for identifier in identifiers):
        return TooSimilar()
    return None


def is_similar(password: str, identifier: str) -> bool:
    """Fewer than 5 edits apart, or more than half of the password stands in the identifier, whatever the case.

    Identifiers beyond 256 bytes are not compared (Kratos behaviour).
    """
    if not identifier or len(encode(identifier)) > IDENTIFIER_LIMIT:
        return False
    return is_within_edits(password.lower(), identifier.lower(), DISTANCE_MIN - 1) or shares_more_than_half(
        encode(password.lower()), encode(identifier.lower())
    )


def shares_more_than_half(password: bytes, identifier: bytes) -> bool:
    """Whether a run of more than half of the password's bytes stands in the identifier.

    Sliding one window suffices: a longer common run contains a run of exactly this length.
    """
    window = len(password) // 2 + 1
    if window > len(identifier):
        return False
    return any(password[start : start + window] in identifier for start in range(len(password) - window + 1))


def is_within_edits(first: str, second: str, limit: int) -> bool:
    """Whether the Levenshtein distance is at most `limit`; only the diagonal band that can tell is computed."""
    if abs(len(first) - len(second)) > limit:
        return False
    beyond = limit + 1
    previous = [min(column, beyond) for column in range(len(second) + 1)]
    for row, letter in enumerate(first, start=1):
        current = [beyond] * (len(second) + 1)
        current[0] = min(row, beyond)
        for column in range(max(1, row - limit), min(len(second), row + limit) + 1):
            change = previous[column - 1] + (letter != second[column - 1])
            current[column] = min(change, previous[column] + 1, current[column - 1] + 1, beyond)
        previous = current
    return previous[-1] <= limit
