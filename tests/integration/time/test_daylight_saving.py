"""Both changes of Berlin's clocks, with the process in that zone: all times are UTC, so nothing moves but the sun."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from delivery_house import DeliveryHouse
from doorward.clock import MovableClock, SystemClock, from_micros, micros, rfc3339
from doorward.delivery.contract import Job, Outcome, Retry
from doorward.outbox.states import State
from doorward.storage.types import read_time
from scripted_connector import accept

# The last second of one offset; Berlin goes from +1 to +2 in spring and back in autumn, at one o'clock UTC.
SPRING, AUTUMN = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
PROGRAM = """
import time
from datetime import UTC, datetime
from doorward.clock import SystemClock, micros, rfc3339
now = SystemClock().now()
assert now.utcoffset().total_seconds() == 0, now
assert abs(micros(now) / 1e6 - time.time()) < 60
assert time.localtime(1774746000).tm_hour == 3, "the zone is not Berlin's"
print(rfc3339(datetime(2026, 3, 29, 1, tzinfo=UTC)))
"""


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The zone of the process, which whoever forgot UTC would meet."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("before", [SPRING, AUTUMN])
async def test_a_retry_waits_as_long_over_the_change_as_on_any_day(
    house: DeliveryHouse, clock: MovableClock, before: datetime
) -> None:
    clock.moment = before
    person = await house.sign_up("ada@example.org")
    tries: list[datetime] = []

    def answer(job: Job) -> Outcome:
        tries.append(clock.now())
        house.crm.answer = accept if len(tries) == 2 else answer
        return Retry("away", "No answer.", http_status=503)

    house.crm.answer = answer
    dispatcher = house.dispatcher()
    for _ in range(75):
        await dispatcher.run_once()
        clock.move(seconds=1)
    (row,) = await house.line(person.identity.id)
    assert (row.state, row.attempts) == (State.DELIVERED, 3)
    assert tries == [before, before + timedelta(seconds=10)]
    assert row.settled_at == before + timedelta(seconds=70)
    assert before.astimezone(BERLIN).utcoffset() != row.settled_at.astimezone(BERLIN).utcoffset()


@pytest.mark.parametrize("before", [SPRING, AUTUMN])
async def test_receipts_and_next_tries_keep_their_moment_and_their_order(
    house: DeliveryHouse, clock: MovableClock, before: datetime
) -> None:
    """In autumn Berlin's wall shows the later receipt an hour less one second earlier than the first."""
    clock.moment = before
    person = await house.sign_up("ada@example.org")
    clock.move(seconds=2)
    await house.change(person.identity.id, email="ada@example.org", news=False)
    rows = await house.database.reader.fetch_all("SELECT granted, recorded_at FROM consent_receipts ORDER BY seq, id")
    assert [bool(row["granted"]) for row in rows] == [True, False]
    assert [read_time(row["recorded_at"]) for row in rows] == [before, before + timedelta(seconds=2)]
    waits = await house.database.reader.fetch_all("SELECT not_before FROM deliveries ORDER BY position")
    assert [row["not_before"] for row in waits] == sorted(row["not_before"] for row in waits)
    assert waits[0]["not_before"] == micros(before)
    await house.dispatcher().run_once()
    assert house.crm.ledger == []


@pytest.mark.parametrize("before", [SPRING, AUTUMN])
def test_times_are_written_in_utc_and_read_back(before: datetime) -> None:
    for second in range(3):
        moment = before + timedelta(seconds=second)
        assert from_micros(micros(moment)) == moment
        assert micros(moment.astimezone(BERLIN)) == micros(moment)
        assert rfc3339(moment.astimezone(BERLIN)) == rfc3339(moment) == f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def test_the_clock_of_a_process_in_berlin_tells_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta()
    environment = {**os.environ, "TZ": "Europe/Berlin", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "2026-03-29T01:00:00Z\n"), done.stderr


def test_no_source_asks_for_local_time() -> None:
    """The style checker forbids naive datetimes; these are the ways around it."""
    sources = Path(micros.__code__.co_filename).parent
    asking = (
        "time.localtime",
        "time.mktime",
        "time.strftime",
        "datetime.now()",
        "datetime.today",
        "date.today",
        "utcnow",
    )
    found = [(path.name, word) for path in sources.rglob("*.py") for word in asking if word in path.read_text()]
    assert found == []
