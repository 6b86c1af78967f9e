"""Judges a run by three witnesses that know nothing of each other: the clients' log, the database, the portal's ledger.

It imports nothing of the product or of the simulator, so that a mistake there cannot hide itself here.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from .accounting import account, check_accounts
from .check_contacts import check_contacts
from .check_events import check_events
from .check_identities import check_identities
from .check_ledger import check_ledger
from .violations import KINDS, Facts, Violation

CHECKS = (check_identities, check_events, check_contacts, check_ledger, check_accounts)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`counted` has every kind of violation, most of them 0, one hopes; `accounting` the sum that must come out."""

    violations: tuple[Violation, ...]
    accounting: Mapping[str, int]

    @property
    def counted(self) -> dict[str, int]:
        counts = Counter(each.kind for each in self.violations)
        return {kind: counts[kind] for kind in KINDS}


def judge(facts: Facts) -> Judgement:
    """All checks on all facts."""
    return Judgement(tuple(violation for check in CHECKS for violation in check(facts)), account(facts.records))
