"""Whether a contact was ours from its birth, by the first value of our key and HubSpot's own times."""

from datetime import UTC, datetime, timedelta

import pytest

from doorward.connectors.hubspot.looking import Past, Version
from doorward.connectors.hubspot.origin import was_made_by_us
from doorward.connectors.hubspot.wire import KEY_PROPERTY, Contact

BORN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def past(*versions: tuple[str, float], born: datetime | None = BORN) -> Past:
    """Values of our key, newest first, each with the seconds after the contact's birth."""
    told = tuple(Version(value, BORN + timedelta(seconds=seconds)) for value, seconds in versions)
    now = versions[0][0] if versions else "a"
    return Past(Contact("1", {KEY_PROPERTY: now}), born, {KEY_PROPERTY: told})


@pytest.mark.parametrize(
    ("told", "is_ours"),
    [
        (past(("a", 0)), True),
        (past(("a", 0.4)), True),
        (past(("a", 60)), False),  # adopted
        (past(("b", 60), ("a", 0)), False),  # made for somebody else of ours, and adopted since
        (past(("a", 60), ("", 30), ("a", 0)), True),  # taken off by hand and put back
        (past(), False),
        (past(("a", 0), born=None), False),
    ],
)
def test_only_what_hubspot_tells_counts(told: Past, is_ours: bool) -> None:
    assert was_made_by_us(told) is is_ours
