"""Whatever is written, merged, archived, restored and erased: an e-mail and a unique value lead to one live contact."""

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from portal_client import CONTACTS, Client, key
from portalsim.contacts import records
from portalsim.portal import Account, open_portal

EMAILS = st.sampled_from([f"{letter}@example.org" for letter in "abcd"])
KEYS = st.sampled_from("1234")
TRACED = st.booleans()


class OnePortal(RuleBasedStateMachine):
    """Few e-mails and few keys, so that they collide all the time."""

    def __init__(self) -> None:
        super().__init__()
        self.portal = open_portal("memory", Account(), 1, None)
        self.portal.clock.freeze()
        self.api = Client(self.portal)
        self.api.unique()
        self.known: list[str] = []

    def teardown(self) -> None:
        self.portal.database.close()

    def _remember(self, body: object) -> None:
        if isinstance(body, dict):
            self.known += [str(each["id"]) for each in body.get("results", [])]

    @rule(email=EMAILS, own_id=KEYS)
    def create(self, email: str, own_id: str) -> None:
        got = self.api.post(CONTACTS, {"properties": {"email": email, "own_id": own_id}})
        assert got.status in (201, 400, 409)
        if got.status == 201:
            self.known.append(got.body["id"])

    @rule(first=EMAILS, second=EMAILS, one=KEYS, two=KEYS, is_traced=TRACED)
    def upsert(self, first: str, second: str, one: str, two: str, *, is_traced: bool) -> None:
        traces = ("x", "y") if is_traced else (None, None)
        got = self.api.upsert(key("own_id", one, traces[0], email=first), key("own_id", two, traces[1], email=second))
        assert got.status in (200, 207, 400, 409)
        self._remember(got.body)

    @rule(email=EMAILS, own_id=KEYS)
    def adopt(self, email: str, own_id: str) -> None:
        got = self.api.upsert(key("email", email, "x", own_id=own_id))
        assert got.status in (200, 207)
        self._remember(got.body)

    @rule(number=st.integers(0, 50), email=EMAILS)
    def change(self, number: int, email: str) -> None:
        if self.known:
            path = f"{CONTACTS}/{self.known[number % len(self.known)]}"
            assert self.api("PATCH", path, {"properties": {"email": email}}).status in (200, 404, 409)

    @rule(first=st.integers(0, 50), second=st.integers(0, 50))
    def merge(self, first: int, second: int) -> None:
        if self.known:
            ids = [self.known[each % len(self.known)] for each in (first, second)]
            body = {"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}
            got = self.api.post(f"{CONTACTS}/merge", body)
            assert got.status in (200, 400, 404)
            if got.status == 200:
                self.known.append(got.body["id"])

    @rule(number=st.integers(0, 50), action=st.sampled_from(["archive_contact", "restore_contact", "erase_contact"]))
    def happen(self, number: int, action: str) -> None:
        if self.known:
            details = {"action": action, "id": self.known[number % len(self.known)]}
            assert self.api.post("/_sim/happenings", details).status in (200, 400, 409)

    @invariant()
    def every_value_leads_to_its_one_live_contact(self) -> None:
        database = self.portal.database
        live = [
            (contact_id, orjson.loads(properties))
            for contact_id, properties in database.rows("SELECT id, properties FROM contacts WHERE archived_ms IS NULL")
        ]
        emails: dict[str, int] = {}
        keys: dict[str, int] = {}
        for contact_id, properties in live:
            others = properties.get("hs_additional_emails", "").split(";")
            for email in filter(None, (properties.get("email"), *others)):
                assert emails.setdefault(email, contact_id) == contact_id
            if properties.get("own_id"):
                assert keys.setdefault(properties["own_id"], contact_id) == contact_id
        assert dict(database.rows("SELECT email, contact_id FROM emails")) == emails
        assert dict(database.rows("SELECT value, contact_id FROM unique_values")) == keys
        assert records.count(database) == len(live)

    @invariant()
    def merged_ids_lead_to_records_that_are_there(self) -> None:
        lost = self.portal.database.rows(
            "SELECT old_id FROM merged WHERE contact_id NOT IN (SELECT id FROM contacts)"
            " OR old_id IN (SELECT id FROM contacts)"
        )
        assert lost == []

    @invariant()
    def the_ledger_tells_how_every_contact_came_to_be_as_it_is(self) -> None:
        for contact_id, properties, _, _, archived_ms in self.portal.database.rows(
            f"SELECT {records.COLUMNS} FROM contacts"
        ):
            values: dict[str, str] = {}
            for _, _, changes in self.portal.ledger.changes_of([contact_id]):
                values.update(changes)
            shown = {name: value for name, value in values.items() if value}
            kept = orjson.loads(properties)
            assert {name: shown.get(name) for name in ("email", "own_id")} == {
                name: kept.get(name) for name in ("email", "own_id")
            }, archived_ms


TestOnePortal = OnePortal.TestCase
TestOnePortal.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
