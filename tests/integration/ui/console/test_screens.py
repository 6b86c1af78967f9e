"""What each screen says, of deliveries that were really made."""

import html
import re
from uuid import uuid4

import pytest

from console_port import ConsolePort, KnownContact
from delivery_house import DeliveryHouse
from doorward.clock import MovableClock
from doorward.delivery.contract import Discard, Hold, Job, Outcome, Pause, Retry, Snooze
from doorward.delivery.pauses import pause
from doorward.storage.contract import Transaction
from many_rows import write_rows
from public_port import HTML, Client, Reply

SECRET = "ada.lovelace@example.org"
SCREENS = ["/console/", "/console/deliveries", "/console/people", "/console/destinations"]


def seen(answer: Reply) -> str:
    """What a person reads: without tags, entities and line ends."""
    body = answer.text.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


def refuse(_job: Job) -> Outcome:
    return Discard("value_refused", "HubSpot refuses the value of country.", 400, "POST /contacts/batch/upsert")


def fail(_job: Job) -> Outcome:
    return Retry("edge_down", "HubSpot's edge cannot reach it.", http_status=503)


def stop(_job: Job) -> Outcome:
    reason = "The token was revoked. Make a new one, then connect again."
    return Snooze("token_revoked", reason, 60.0, Pause("destination", "token_revoked", reason), 401)


def hold(_job: Job) -> Outcome:
    return Hold("address_verified", "address_not_verified", "A contact with this e-mail exists.")


async def look(admin: Client, path: str) -> str:
    answer = await admin.get(path, HTML)
    assert answer.status == 200, answer.text
    return seen(answer)


async def test_before_anything_was_sent_it_says_what_will_be_here(admin: Client) -> None:
    assert "Nothing has been sent yet" in await look(admin, "/console/")
    assert "No deliveries yet" in await look(admin, "/console/deliveries")
    assert "What you will see" in await look(admin, "/console/people")
    assert "not used lately" in await look(admin, "/console/destinations")


async def test_everything_is_delivered(admin: Client, house: DeliveryHouse) -> None:
    change = await house.sign_up(SECRET)
    overview = await look(admin, "/console/")
    assert "On their way" in overview
    await house.dispatcher().run_once()
    assert "Everything is delivered" in await look(admin, "/console/")
    row = (await house.line(change.identity.id))[0]
    listed = await look(admin, "/console/deliveries")
    assert "delivered" in listed
    assert f"x-{change.identity.id}" in listed
    one = await look(admin, f"/console/deliveries/{row.id}")
    assert "Try 1: delivered (answer 200" in one
    assert "stored encrypted and not shown here" in one
    assert f"doorward deliveries replay {row.id} --config /etc/doorward.yml" in one
    assert "discard" not in one


async def test_what_was_given_up_comes_first_with_the_command(admin: Client, house: DeliveryHouse) -> None:
    house.crm.answer = refuse
    change = await house.sign_up(SECRET)
    await house.dispatcher().run_once()
    overview = await look(admin, "/console/")
    assert "Something needs you" in overview
    assert "1 delivery is given up" in overview
    assert "doorward deliveries replay --state dead --config /etc/doorward.yml" in overview
    row = (await house.line(change.identity.id))[0]
    one = await look(admin, f"/console/deliveries/{row.id}")
    assert "Try 1: discarded (answer 400" in one
    assert "HubSpot refuses the value of country." in one
    assert "POST /contacts/batch/upsert" in one
    assert f"doorward deliveries discard {row.id} --why REASON" in one
    assert "Given up" in await look(admin, f"/console/people/{change.identity.id}")


async def test_a_pause_says_why_and_how_to_go_on(admin: Client, house: DeliveryHouse) -> None:
    house.crm.answer = stop
    change = await house.sign_up(SECRET)
    await house.dispatcher().run_once()
    for screen in ("/console/", "/console/destinations", f"/console/people/{change.identity.id}"):
        assert "The token was revoked. Make a new one" in await look(admin, screen)
    overview = await look(admin, "/console/")
    assert "The destination crm is paused" in overview
    assert "doorward pauses resume destination crm --config /etc/doorward.yml" in overview
    assert "paused until you resume it" in await look(admin, "/console/destinations")
    row = (await house.line(change.identity.id))[0]
    assert "The destination crm is paused" in await look(admin, f"/console/deliveries/{row.id}")


async def test_a_paused_action_is_told_at_its_destination(admin: Client, house: DeliveryHouse) -> None:
    async def work(tx: Transaction) -> None:
        await pause(tx, "action", "crm", "daily_limit", "The daily limit is reached.", house.clock.now(), 3600)

    await house.database.transaction(work)
    assert "It resumes by itself in 60 min." in await look(admin, "/console/")
    destinations = await look(admin, "/console/destinations")
    assert "an action is paused" in destinations
    assert "resumes by itself in 60 min" in destinations


async def test_a_destination_that_is_away(admin: Client, house: DeliveryHouse) -> None:
    house.crm.answer = fail
    for number in range(12):
        await house.sign_up(f"p{number}@example.org")
    dispatcher = house.dispatcher()
    await dispatcher.run_once()
    destinations = await look(admin, "/console/destinations")
    assert "failed with 503" in destinations
    assert "HubSpot's edge cannot reach it." in destinations
    await write_breaker(house, failures=12)
    assert "crm does not answer" in await look(admin, "/console/")
    assert "does not answer" in await look(admin, "/console/destinations")
    retryable = await admin.get("/console/deliveries?state=retryable", HTML)
    first = re.findall(r'href="(/console/deliveries/[0-9a-f-]{36})"', retryable.text)[0]
    one = await look(admin, first)
    assert "Next try" in one
    house.clock.move(seconds=30)
    assert "Due as soon as crm answers again" in await look(admin, first)


async def write_breaker(house: DeliveryHouse, failures: int) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute("DELETE FROM destinations WHERE name = 'crm'")
        now = house.clock.now()
        until = house.clock.moment.replace(hour=house.clock.moment.hour + 1)
        await tx.execute(
            "INSERT INTO destinations (name, breaker_failures, breaker_open_until, updated_at) "
            "VALUES ('crm', :failures, :until, :now)",
            {"failures": failures, "until": until, "now": now},
        )

    await house.database.transaction(work)


async def test_waiting_for_long_without_a_reason_is_a_trouble(
    admin: Client, house: DeliveryHouse, clock: MovableClock
) -> None:
    await house.sign_up(SECRET)
    clock.move(minutes=9)
    assert "On their way" in await look(admin, "/console/")
    clock.move(minutes=2)
    assert "The oldest has waited for 11 min" in await look(admin, "/console/")
    assert "Is a dispatcher running?" in await look(admin, "/console/")


async def test_what_is_held_waits_for_a_fact(admin: Client, house: DeliveryHouse, clock: MovableClock) -> None:
    house.crm.answer = hold
    change = await house.sign_up(SECRET)
    await house.dispatcher().run_once()
    await house.change(change.identity.id, email=SECRET, news=True, name="Ada")
    # A change lets the held one be looked at again; the change waits behind it.
    await house.dispatcher().run_once()
    clock.move(hours=3)
    overview = await look(admin, "/console/")
    assert "The oldest has waited for 3 h" in overview
    assert "1 delivery is held" in overview
    assert "Is a dispatcher running?" not in overview
    row = (await house.line(change.identity.id))[0]
    one = await look(admin, f"/console/deliveries/{row.id}")
    assert "Held for: address_verified" in one
    assert f"doorward identities verify {change.identity.id} ADDRESS" in one
    assert "Held crm → crm: waits behind an earlier one, held: A contact" in await look(
        admin, f"/console/people/{change.identity.id}"
    )


async def test_where_is_my_contact(admin: Client, port: ConsolePort, house: DeliveryHouse) -> None:
    change = await house.sign_up(SECRET)
    await house.dispatcher().run_once()
    place = f"/console/people/{change.identity.id}"
    for who in (SECRET, f"  {SECRET.upper()} ", str(change.identity.id)):
        found = await find(admin, who)
        assert (found.status, found.header("location")) == (303, place)
    assert "No contact." in await look(admin, place)
    url = "https://app.hubspot.com/contacts/1/record/0-1/77"
    port.contacts.found[change.identity.id] = [KnownContact("crm", "77", True, url)]
    page = await admin.get(place, HTML)
    assert f'href="{url}"' in page.text
    told = seen(page)
    for words in ("registered (cli)", "yes to marketing", "queued: identity.created for crm", "attempt 1 delivered"):
        assert words in told
    assert "was there before" in told


async def test_the_address_that_was_asked_for_stays_out_of_every_address(admin: Client, house: DeliveryHouse) -> None:
    await house.sign_up(SECRET)
    found = await find(admin, SECRET)
    assert "@" not in found.header("location")
    assert 'method="post"' in (await admin.get("/console/people", HTML)).text


@pytest.mark.parametrize(
    "who", ["nobody@example.org", str(uuid4()), "'; DROP TABLE deliveries; --", "\x00a", "ü" * 900]
)
async def test_nobody_is_told_kindly_and_what_was_typed_stays(admin: Client, who: str) -> None:
    answer = await find(admin, who)
    assert answer.status == 404
    assert "Nobody here has this e-mail or id" in seen(answer)
    assert html.escape(who) in answer.text.replace("&#39;", "&#x27;")


async def test_somebody_who_was_deleted_is_known_by_id(admin: Client, house: DeliveryHouse) -> None:
    change = await house.sign_up(SECRET)
    await house.dispatcher().run_once()
    await house.delete(change.identity.id)
    assert "deleted here" in await look(admin, f"/console/people/{change.identity.id}")
    assert (await find(admin, SECRET)).status == 404


@pytest.mark.parametrize("path", ["people", "deliveries"])
@pytest.mark.parametrize("id", ["x", "11111111-1111-4111-8111-111111111111", "%00", "a" * 3000])
async def test_unknown_ids_are_told(admin: Client, path: str, id: str) -> None:  # noqa: A002 -- the word of the address
    answer = await admin.get(f"/console/{path}/{id}", HTML)
    assert answer.status == 404
    assert "There is nothing here" in seen(answer)


async def test_a_page_that_is_not_there_is_told_to_whoever_may_look(admin: Client, port: ConsolePort) -> None:
    # The pieces are for development, which this is not.
    for path in ("/console/nothing/at/all", "/console/pieces"):
        answer = await admin.get(path, HTML)
        assert answer.status == 404
        assert "There is nothing here" in seen(answer)
    assert (await port.client().get("/console/nothing", HTML)).status == 303
    assert (await admin.form("/console/deliveries", {})).status == 405


@pytest.mark.parametrize("query", ["state=x", "identity=x", "before=x", "identity=%00", "state=%00"])
async def test_a_filter_that_cannot_be_read_is_told(admin: Client, query: str) -> None:
    answer = await admin.get(f"/console/deliveries?{query}", HTML)
    assert answer.status == 400
    assert 'role="alert"' in answer.text


async def test_no_screen_tells_what_is_encrypted(admin: Client, house: DeliveryHouse) -> None:
    house.crm.answer = refuse
    change = await house.sign_up(SECRET, name="Ada Lovelace")
    await house.dispatcher().run_once()
    row = (await house.line(change.identity.id))[0]
    for screen in (*SCREENS, f"/console/deliveries/{row.id}", f"/console/people/{change.identity.id}"):
        text = (await admin.get(screen, HTML)).text
        assert SECRET not in text
        assert "Lovelace" not in text


async def test_pages_are_light_and_carry_the_strict_headers(admin: Client, house: DeliveryHouse) -> None:
    await write_rows(house.database, 60, "dead")
    page = await admin.get("/console/deliveries", HTML)
    weight = len(page.body)
    for url in set(re.findall(r'(?:href|src)="(/console/static/[^"]+)"', page.text)):
        weight += len((await admin.get(html.unescape(url))).body)
    assert weight < 100_000
    policy = page.header("content-security-policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", page.text)
    assert "no-store" in page.header("cache-control")


async def test_every_id_is_unique_and_every_field_has_a_label(admin: Client, house: DeliveryHouse) -> None:
    house.crm.answer = hold
    change = await house.sign_up(SECRET)
    await house.dispatcher().run_once()
    for screen in (*SCREENS, f"/console/people/{change.identity.id}"):
        text = (await admin.get(screen, HTML)).text
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), screen
        fields = re.findall(r'<(?:input|select)[^>]*\sid="([^"]+)"', text)
        assert set(fields) <= set(re.findall(r'<label for="([^"]+)"', text))
        assert set(re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', text)) <= set(ids)
        assert text.count("<h1") == 1


async def test_while_the_database_is_away_a_page_says_so(house: DeliveryHouse, admin: Client) -> None:
    await house.database.close()
    page = await admin.get("/console/", HTML)
    assert page.status == 503
    assert page.header("content-type").startswith("text/html")
    assert "Nothing is lost" in seen(page)


async def find(admin: Client, who: str) -> Reply:
    """Asks for a person as the form does."""
    page = await admin.get("/console/people", HTML)
    csrf = re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]
    return await admin.form("/console/people", {"csrf": csrf, "who": who})
