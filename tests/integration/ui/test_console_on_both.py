"""What the console asks of a database, on both: found by address, paged through, never a walk through a whole table."""

import html
import re
from pathlib import Path

import pytest

from console_port import console_port
from delivery_house import DeliveryHouse
from doorward.clock import MovableClock
from doorward.storage.contract import Database
from many_rows import ListenedDatabase, plan_of, walks_all, write_rows
from public_port import HTML

EMAIL = "ada@example.org"
SCREENS = ["/console/", "/console/deliveries", "/console/people", "/console/destinations"]


@pytest.fixture
def house(database: Database, clock: MovableClock) -> DeliveryHouse:
    return DeliveryHouse(database, clock)


async def test_one_signs_in_finds_a_person_and_signs_out(house: DeliveryHouse, tmp_path: Path) -> None:
    change = await house.sign_up(EMAIL)
    await house.dispatcher().run_once()
    admin = await console_port(house, tmp_path).signed_in()
    overview = await admin.get("/console/", HTML)
    assert "Everything is delivered" in overview.text
    assert "closed" in (await admin.get("/console/destinations", HTML)).text
    csrf = re.findall(r'name="csrf" value="([^"]+)"', overview.text)[0]
    found = await admin.form("/console/people", {"csrf": csrf, "who": EMAIL})
    assert found.header("location") == f"/console/people/{change.identity.id}"
    assert "attempt 1 delivered" in (await admin.get(found.header("location"), HTML)).text
    await admin.form("/console/sign-out", {"csrf": csrf})
    assert (await admin.get("/console/", HTML)).status == 303


async def test_the_list_is_filtered_and_paged(house: DeliveryHouse, tmp_path: Path) -> None:
    await write_rows(house.database, 120)
    await write_rows(house.database, 3, "dead", "hook", 5000)
    admin = await console_port(house, tmp_path).signed_in()
    dead = await admin.get("/console/deliveries?state=dead", HTML)
    assert dead.text.count('class="row"') == 3
    assert 'rel="next"' not in dead.text
    shown: list[str] = []
    place = "/console/deliveries?destination=crm"
    while place:
        page = await admin.get(place, HTML)
        shown += re.findall(r'class="row" href="/console/deliveries/([0-9a-f-]{36})"', page.text)
        more = re.findall(r'rel="next" href="([^"]+)"', page.text)
        place = html.unescape(more[0]) if more else ""
    assert len(shown) == len(set(shown)) == 120
    assert shown == sorted(shown, reverse=True)


@pytest.mark.parametrize("screen", [*SCREENS, "/console/deliveries?state=waiting"])
async def test_no_screen_reads_the_whole_table(house: DeliveryHouse, tmp_path: Path, screen: str) -> None:
    await write_rows(house.database, 20_000)
    await write_rows(house.database, 30, "dead", "hook", 50_000)
    await house.sign_up(EMAIL)
    await house.dispatcher().run_once()
    listened = ListenedDatabase(house.database)
    house.database = listened
    admin = await console_port(house, tmp_path).signed_in()
    assert (await admin.get(screen, HTML)).status == 200
    assert listened.reader.asked
    for asked in list(listened.reader.asked):
        plan = await plan_of(listened, asked)
        assert not walks_all(plan), plan
