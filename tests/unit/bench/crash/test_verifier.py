"""The verifier sees each kind of violation in forged evidence, and none in a run that went well."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import crash.verifier
from crash.history import Act, Kind, Traits, Verdict
from crash.portal import CONSENT, Contact, Portal, Write
from crash.records import Delivery, Event, Identity, Records
from crash.verifier import judge
from crash.violations import (
    DOUBLED,
    HALF,
    INVENTED,
    LOST,
    OUT_OF_ORDER,
    UNEXPLAINED,
    WITHOUT_CONSENT,
    Facts,
    Violation,
)

EVENTS: dict[Kind, str] = {"sign_up": "identity.created", "patch": "identity.updated", "delete": "identity.deleted"}


@dataclass
class Run:
    """A run that went well, made act by act (one every ten seconds); tests spoil its evidence afterwards."""

    people: dict[str, list[Act]] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    ledger: list[Write] = field(default_factory=list)
    contacts: dict[str, Contact] = field(default_factory=dict)
    stops: list[tuple[float, float]] = field(default_factory=list)
    number: int = 0

    def act(self, person: str, kind: Kind, *, agrees: bool = True, verdict: Verdict = "yes", done: bool = True) -> Act:
        """Asked at second 10 n, answered 1 s, landed 2 s later."""
        self.number += 1
        acts = self.people.setdefault(person, [])
        wants = None if kind == "delete" else Traits(f"{person}@example.org", f"{person}v{len(acts)}", agrees)
        at, key = 10.0 * self.number, f"id-{person}"
        answered = None if verdict == "unknown" else at + 1
        act = Act(self.number, person, kind, wants, at, answered, verdict, key if verdict == "yes" else None)
        acts.append(act)
        if done:
            self._happen(person, key, kind, wants, at + 2)
        return act

    def _happen(self, person: str, key: str, kind: Kind, wants: Traits | None, at: float) -> None:
        before = self.identities.pop(key, None)
        seq = 1 + sum(event.identity_id == key for event in self.events)
        self.events.append(Event(f"e{self.number}", key, EVENTS[kind], seq))
        receipts = (*(before.receipts if before else ()), bool(wants and wants.agrees))
        if wants is not None:
            credentials = ("password",)
            self.identities[key] = Identity(key, wants.email, wants.first, wants.agrees, seq, credentials, receipts)
        agrees = wants is None or wants.agrees
        action, state = ("hubspot" if wants else "hubspot-removal"), ("delivered" if agrees else "skipped")
        row = Delivery(f"d{self.number}", f"e{self.number}", key, EVENTS[kind], action, state, seq, "")
        self.deliveries.append(row)
        self._land(person, key, wants, at)

    def _land(self, person: str, key: str, wants: Traits | None, at: float) -> None:
        contact = self.contacts.get(key)
        if wants is None or not wants.agrees:
            if contact is None:
                return
            if wants is None:
                del self.contacts[key]
                self.write(key, "contact.archive", at)
            else:
                self.contacts[key] = replace(contact, consent="false")
                self.write(key, "contact.update", at, True, **{CONSENT: "false"})
            return
        self.contacts[key] = Contact(f"c-{person}", wants.email, wants.first, key, "true")
        self.write(key, "contact.upsert", at, True, email=wants.email, firstname=wants.first, **{CONSENT: "true"})

    def write(self, key: str, kind: str, at: float, is_applied: bool = True, /, **changes: str) -> None:
        person = key.removeprefix("id-")
        entry = Write(len(self.ledger) + 1, at, kind, is_applied, f"c-{person}", key, f"{person}@example.org", changes)
        self.ledger.append(entry)

    def facts(self) -> Facts:
        records = Records(tuple(self.identities.values()), tuple(self.events), tuple(self.deliveries))
        return Facts(self.people, records, Portal(tuple(self.ledger), tuple(self.contacts.values())), self.stops)

    def violations(self) -> list[Violation]:
        return list(judge(self.facts()).violations)


def good_run() -> Run:
    """Somebody who agrees and changes; who never agrees; who takes it back; who leaves; whose sign-up is unanswered."""
    run = Run()
    run.act("ada", "sign_up")
    run.act("ada", "patch")
    run.act("bob", "sign_up", agrees=False)
    run.act("cyd", "sign_up")
    run.act("cyd", "patch", agrees=False)
    run.act("dan", "sign_up")
    run.act("dan", "delete")
    run.act("eve", "sign_up", verdict="unknown")
    run.act("fay", "sign_up", verdict="unknown", done=False)
    run.act("gus", "sign_up", verdict="no", done=False)
    return run


def forget_identity(run: Run) -> None:
    del run.identities["id-ada"]
    run.events = [each for each in run.events if each.identity_id != "id-ada"]
    run.deliveries = [each for each in run.deliveries if each.identity_id != "id-ada"]


def forget_change(run: Run) -> None:
    run.identities["id-ada"] = replace(run.identities["id-ada"], first="adav0")


def change_identity_id(run: Run) -> None:
    run.people["ada"] = [replace(act, identity="id-other") for act in run.people["ada"]]


def answer_gone(run: Run) -> None:
    run.act("ada", "patch", verdict="gone", done=False)


def forget_contact(run: Run) -> None:
    del run.contacts["id-ada"]


def second_identity(run: Run) -> None:
    run.act("ada", "sign_up", done=False, verdict="exists")
    run.identities["id-more"] = replace(run.identities["id-ada"], id="id-more")


def second_contact(run: Run) -> None:
    run.contacts["more"] = replace(run.contacts["id-ada"], id="c-more", identity=None)


def made_twice(run: Run) -> None:
    run.ledger.append(replace(run.ledger[0], contact_id="c-more", changes={}))


def second_creation(run: Run) -> None:
    run.events.append(Event("e-more", "id-ada", "identity.created", 3))
    run.deliveries.append(replace(run.deliveries[0], id="d-more", event_id="e-more", position=3))
    run.identities["id-ada"] = replace(run.identities["id-ada"], event_seq=3)


def second_delivery(run: Run) -> None:
    run.deliveries.insert(1, replace(run.deliveries[0], id="d-more"))


def strange_contact(run: Run) -> None:
    run.contacts["zoe"] = Contact("c-zoe", "zoe@example.org", "Zoe", None, "true")


def strange_write(run: Run) -> None:
    run.write("id-zoe", "contact.upsert", 200.0, email="zoe@example.org")


def strange_identity(run: Run) -> None:
    run.identities["id-zoe"] = replace(run.identities["id-bob"], id="id-zoe", email="zoe@example.org")


def refused_is_there(run: Run) -> None:
    run.identities["id-gus"] = replace(run.identities["id-bob"], id="id-gus", email="gus@example.org")


def deleted_has_contact(run: Run) -> None:
    run.contacts["id-dan"] = Contact("c-dan", "dan@example.org", "danv0", "id-dan", "true")


def events_of_nobody(run: Run) -> None:
    run.events.append(Event("e-fay", "id-fay", "identity.created", 1))
    run.deliveries.append(Delivery("d-fay", "e-fay", "id-fay", "identity.created", "hubspot", "delivered", 1, ""))


def no_event(run: Run) -> None:
    run.events = [each for each in run.events if each.identity_id != "id-eve"]


def no_delivery(run: Run) -> None:
    run.deliveries = [each for each in run.deliveries if each.event_id != run.events[0].id]


def no_receipt(run: Run) -> None:
    run.identities["id-ada"] = replace(run.identities["id-ada"], receipts=())


def no_password(run: Run) -> None:
    run.identities["id-eve"] = replace(run.identities["id-eve"], credentials=())


def missing_number(run: Run) -> None:
    run.identities["id-ada"] = replace(run.identities["id-ada"], event_seq=3)


def older_write_later(run: Run) -> None:
    run.write("id-ada", "contact.upsert", 200.0, email="ada@example.org", firstname="adav0")


def stale_contact(run: Run) -> None:
    run.contacts["id-ada"] = replace(run.contacts["id-ada"], first="adav0")


def never_agreed(run: Run) -> None:
    run.write("id-bob", "contact.upsert", 200.0, email="bob@example.org")


def refused_body(run: Run) -> None:
    run.write("id-bob", "contact.upsert", 200.0, False)


def after_the_no(run: Run) -> None:
    run.write("id-cyd", "contact.upsert", 61.0, True, **{CONSENT: "true"})


def contact_says_yes(run: Run) -> None:
    run.contacts["id-cyd"] = replace(run.contacts["id-cyd"], consent="true")


def skipped_although(run: Run) -> None:
    run.deliveries[1] = replace(run.deliveries[1], state="skipped")


def dead_without_reason(run: Run) -> None:
    run.deliveries[1] = replace(run.deliveries[1], state="dead")


FORGERIES: list[tuple[Callable[[Run], None], str]] = [
    (forget_identity, LOST),
    (forget_change, LOST),
    (change_identity_id, LOST),
    (answer_gone, LOST),
    (forget_contact, LOST),
    (second_identity, DOUBLED),
    (second_contact, DOUBLED),
    (made_twice, DOUBLED),
    (second_creation, DOUBLED),
    (second_delivery, DOUBLED),
    (strange_contact, INVENTED),
    (strange_write, INVENTED),
    (strange_identity, INVENTED),
    (refused_is_there, INVENTED),
    (deleted_has_contact, INVENTED),
    (events_of_nobody, INVENTED),
    (no_event, HALF),
    (no_delivery, HALF),
    (no_receipt, HALF),
    (no_password, HALF),
    (missing_number, HALF),
    (older_write_later, OUT_OF_ORDER),
    (stale_contact, OUT_OF_ORDER),
    (never_agreed, WITHOUT_CONSENT),
    (refused_body, WITHOUT_CONSENT),
    (after_the_no, WITHOUT_CONSENT),
    (contact_says_yes, WITHOUT_CONSENT),
    (skipped_although, UNEXPLAINED),
    (dead_without_reason, UNEXPLAINED),
]


def test_a_run_that_went_well_has_no_violation() -> None:
    judgement = judge(good_run().facts())
    assert judgement.violations == ()
    assert judgement.accounting == {
        "consenting": 2,
        "delivered": 2,
        "waiting": 0,
        "held": 0,
        "dead": 0,
        "unexplained": 0,
    }


@pytest.mark.parametrize(("forge", "kind"), FORGERIES, ids=[forge.__name__ for forge, _ in FORGERIES])
def test_each_forgery_is_seen(forge: Callable[[Run], None], kind: str) -> None:
    run = good_run()
    forge(run)
    assert kind in {each.kind for each in run.violations()}
    assert judge(run.facts()).counted[kind] > 0


@pytest.mark.parametrize("late_s", [6.5, 60.0])
def test_a_request_that_had_left_before_the_no_may_arrive_while_processes_are_frozen(late_s: float) -> None:
    run = good_run()
    no = run.people["cyd"][1]
    assert no.answered_at is not None
    at = no.answered_at + late_s
    run.ledger.insert(-2, Write(99, at, "contact.upsert", True, "c-cyd", "id-cyd", "cyd@example.org", {}))
    assert WITHOUT_CONSENT in {each.kind for each in run.violations()}
    run.stops = [(no.answered_at, at - 2), (no.answered_at + 1, at - 3)]
    assert run.violations() == []


def test_a_waiting_removal_may_still_have_its_contact() -> None:
    run = good_run()
    deleted_has_contact(run)
    run.deliveries = [
        replace(each, state="retryable") if each.action == "hubspot-removal" else each for each in run.deliveries
    ]
    assert run.violations() == []


def test_an_unanswered_change_may_have_happened_or_not() -> None:
    for done in (True, False):
        run = good_run()
        run.act("ada", "patch", verdict="unknown", done=done)
        run.act("ada", "delete", verdict="unknown", done=done)
        assert run.violations() == []


def imported(files: Iterable[Path]) -> set[str]:
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(f".{node.module}" if node.level else str(node.module).partition(".")[0])
    return found


def test_the_verifier_shares_no_code_with_what_it_judges() -> None:
    folder = Path(str(crash.verifier.__file__)).parent
    seen: set[Path] = set()
    waiting = {folder / "verifier.py", folder / "__init__.py"}
    names: set[str] = set()
    while waiting:
        names |= imported(waiting)
        seen |= waiting
        waiting = {folder / f"{name[1:]}.py" for name in names if name.startswith(".")} - seen
    assert len(seen) > 8
    allowed = {"ast", "asyncpg", "collections", "contextlib", "dataclasses", "json", "pathlib", "sqlite3", "typing"}
    assert {name for name in names if not name.startswith(".")} <= allowed | {"sys", "urllib"}
