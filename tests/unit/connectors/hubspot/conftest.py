"""Jobs as the dispatcher hands them over, and a portal on paper to send them to."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from doorward.actions.model import Action, Trigger
from doorward.clock import MovableClock
from doorward.config.secrets import Secret
from doorward.connectors.hubspot.action_settings import ActionSettings, parse_action
from doorward.connectors.hubspot.connector import HubSpotConnector
from doorward.connectors.hubspot.draft import Draft
from doorward.connectors.hubspot.links import StoredLinks
from doorward.connectors.hubspot.settings import HubSpotSettings
from doorward.connectors.hubspot.transport import Sender
from doorward.connectors.hubspot.wire import KEY_PROPERTY
from doorward.delivery.contract import Job, Outcome
from doorward.outbox.model import Delivery
from doorward.outbox.states import State
from doorward.security.outgoing import EgressFailed, OutgoingRequest, OutgoingResponse
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MakeJob = Callable[..., Job]
MakeDraft = Callable[..., Draft]


@pytest.fixture
def make_job() -> MakeJob:
    """A job; keyword arguments are the action's settings beside its destination, body and consent."""

    def make(
        output: Any = None,
        *,
        identity_id: UUID | None = None,
        event: str = "identity.created",
        attempt: int = 1,
        may_have_applied: bool = False,
        address_verified: bool = False,
        consent: str | None = "marketing",
        **settings: Any,
    ) -> Job:
        ground = {"consent": consent} if consent else {"basis": "contract", "why": "They bought something."}
        config = {"destination": "hubspot", "body": "base64://e30=", **ground, **settings}
        delivery = Delivery(
            id=uuid4(),
            event_id=uuid4(),
            event_kind=event,
            identity_id=identity_id or uuid4(),
            seq=1,
            action="hubspot-sign-up",
            connector="hubspot",
            destination="hubspot",
            state=State.LEASED,
            payload=b"",
            attempts=attempt - 1,
            snoozes=0,
            not_before=NOW,
            lease_owner="test",
            lease_token=uuid4(),
            lease_until=NOW,
            held_for=None,
            reason_code=None,
            reason=None,
            external_id=None,
            template_version=None,
            replays=0,
            trace_id="",
            created_at=NOW,
            updated_at=NOW,
            settled_at=None,
        )
        action = Action(
            name="hubspot-sign-up",
            trigger=Trigger(event),
            connector="hubspot",
            destination="hubspot",
            path="actions.0.config",
            settings=config,
            consent=consent,
        )
        rendered = None if output is None else output if isinstance(output, str) else json.dumps(output)
        return Job(delivery, action, {}, rendered, attempt, may_have_applied, address_verified)

    return make


@pytest.fixture
def make_draft(make_job: MakeJob) -> MakeDraft:
    """A draft with the given properties; keyword arguments as for `make_job`."""

    def make(properties: dict[str, str], **options: Any) -> Draft:
        job = make_job({"properties": properties}, **options)
        settings = parse_action(job.action.settings, job.action.path)
        assert isinstance(settings, ActionSettings), settings
        return Draft(job, settings, properties)

    return make


class PaperPortal:
    """A HubSpot account small enough to read: the Sender that the connector is given instead of the network.

    Keeps e-mails and our key unique, answers batches in reverse with trace ids, and refuses what a test tells it to.
    """

    def __init__(self) -> None:
        self.contacts: dict[str, dict[str, str]] = {}
        self.merged: dict[str, str] = {}
        self.lists: dict[str, set[str]] = {"12": set()}
        self.types: dict[str, dict[str, Any]] = {
            name: {"name": name, "type": "string", "fieldType": "text"}
            for name in ("email", "firstname", "lastname", "phone", "city", KEY_PROPERTY)
        }
        self.types["doorward_consent_marketing"] = {
            "name": "doorward_consent_marketing",
            "type": "bool",
            "options": [{"value": "true"}, {"value": "false"}],
        }
        self.portal_id = 62515
        self.calls: list[tuple[str, str]] = []
        self.refusals: list[tuple[str, OutgoingResponse | Exception, bool]] = []
        self.token = "pat-paper"
        self.names_existing_id = True
        self._next = 100

    def add(self, **properties: str) -> str:
        """A contact that somebody else made."""
        self._next += 7
        self.contacts[str(self._next)] = dict(properties)
        return str(self._next)

    def refuse(self, path_end: str, status: int, body: Any = None, headers: Any = None) -> None:
        """The next call to a path that ends so is answered like this, and nothing is applied."""
        self.refusals.append((path_end, answer(status, body, headers), False))

    def lose_answer(self, path_end: str) -> None:
        """The next call to a path that ends so is applied, and its answer lost."""
        self.refusals.append((path_end, EgressFailed("broken off", "reset", sent=True), True))

    def count(self, path_end: str) -> int:
        return sum(path.endswith(path_end) for _, path in self.calls)

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse:
        assert trusted
        path = request.url.removeprefix("https://api.hubapi.com").partition("?")[0]
        self.calls.append((request.method, path))
        if request.headers["Authorization"] != f"Bearer {self.token}":
            return answer(401, {"category": "INVALID_AUTHENTICATION"})
        for index, (path_end, outcome, is_applied) in enumerate(self.refusals):
            if path.endswith(path_end):
                del self.refusals[index]
                if is_applied:
                    self._answer(path, json.loads(request.body or b"{}"))
                if isinstance(outcome, Exception):
                    raise outcome
                return outcome
        return self._answer(path, json.loads(request.body or b"{}"))

    def _answer(self, path: str, body: Any) -> OutgoingResponse:
        if path == "/account-info/2026-03/details":
            return answer(200, {"portalId": self.portal_id, "timeZone": "UTC", "accountType": "STANDARD"})
        if path == "/crm/properties/2026-03/contacts":
            return answer(200, {"results": list(self.types.values())})
        if path.startswith("/crm/lists/"):
            members = self.lists.get(path.split("/")[4])
            if members is None:
                return answer(404, {"category": "OBJECT_NOT_FOUND"})
            members.update(body)
            return answer(200, {"recordsIdsAdded": body})
        verb = path.rpartition("/")[2]
        if verb == "archive":
            for each in body["inputs"]:
                self.contacts.pop(each["id"], None)
            return answer(204)
        if verb == "gdpr-delete":
            self.contacts.pop(body["objectId"], None)
            return answer(204)
        done = [getattr(self, f"_{verb}")(each, body) for each in reversed(body["inputs"])]
        results = [each for each in done if each is not None and "id" in each]
        errors = [each for each in done if each is not None and "id" not in each]
        return answer(207 if errors else 200, {"status": "COMPLETE", "results": results, "errors": errors})

    def _read(self, each: Any, body: Any) -> dict[str, Any] | None:
        found = self._find(each["id"], body.get("idProperty"))
        if found is None:
            return {"category": "OBJECT_NOT_FOUND", "message": "gone", "context": {"ids": [each["id"]]}}
        held = self.contacts[found]
        return {"id": found, "properties": {name: held.get(name) for name in body["properties"]}}

    def _upsert(self, each: Any, body: Any) -> dict[str, Any]:
        found = self._find(each["id"], each["idProperty"])
        properties = {**each["properties"], each["idProperty"]: each["id"]}
        return self._written(each, found, properties)

    def _update(self, each: Any, body: Any) -> dict[str, Any]:
        found = self._find(each["id"], None)
        if found is None:
            return {"category": "OBJECT_NOT_FOUND", "message": "gone", "context": {"ids": [each["id"]]}}
        return self._written(each, found, each["properties"])

    def _written(self, each: Any, found: str | None, properties: dict[str, str]) -> dict[str, Any]:
        trace = {"objectWriteTraceId": [each["objectWriteTraceId"]]}
        for name in properties:
            if name not in self.types:
                detail = {"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": [name]}}
                return {"category": "VALIDATION_ERROR", "message": "no", "context": trace, "errors": [detail]}
        if properties.get("email", "").endswith(".con"):
            detail = {"code": "INVALID_EMAIL", "context": {"propertyName": ["email"]}}
            return {"category": "VALIDATION_ERROR", "message": "no", "context": trace, "errors": [detail]}
        taken = self._find(properties.get("email", "").lower(), "email")
        if taken is not None and taken != found:
            context = {**trace, "existingId": [taken]} if self.names_existing_id else trace
            return {"category": "CONFLICT", "message": "Contact already exists.", "context": context}
        contact_id = found or self.add()
        kept = {name: value.lower() if name == "email" else value for name, value in properties.items()}
        self.contacts[contact_id].update(kept)
        echo = {"objectWriteTraceId": each["objectWriteTraceId"], "new": found is None}
        return {"id": contact_id, "properties": dict(self.contacts[contact_id]), **echo}

    def _find(self, value: str, id_property: str | None) -> str | None:
        if id_property is None:
            value = self.merged.get(value, value)
            return value if value in self.contacts else None
        if not value:
            return None
        return next((key for key, held in self.contacts.items() if held.get(id_property) == value), None)


def answer(status: int, body: Any = None, headers: Any = None) -> OutgoingResponse:
    raw = b"" if body is None else json.dumps(body).encode()
    return OutgoingResponse(status, dict(headers or {}), raw, 0.01)


class Town:
    """Who lives here and which addresses they have proven; changed by the tests."""

    def __init__(self) -> None:
        self.alive: set[UUID] = set()
        self.proven: dict[UUID, frozenset[str]] = {}

    async def list_alive(self, identity_ids: Sequence[UUID]) -> frozenset[UUID]:
        return frozenset(identity_ids) & self.alive

    async def list_proven(self, identity_ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
        return {each: self.proven.get(each, frozenset()) for each in identity_ids}


class Plenty:
    """A budget without end."""

    async def take(self, destination: str, calls: int = 1) -> float:
        return 0.0

    async def learn(self, destination: str, *, limit: int, interval_s: float, remaining: int | None = None) -> None:
        return None


@dataclass
class Bench:
    """A connector on a paper portal, with a real database behind its memory."""

    portal: PaperPortal
    town: Town
    clock: MovableClock
    links: StoredLinks
    connector: HubSpotConnector
    renew: Callable[..., HubSpotConnector]

    async def send(self, *jobs: Job) -> list[Outcome]:
        outcomes = await self.connector.send(jobs)
        assert outcomes.keys() == {job.delivery.id for job in jobs}
        return [outcomes[job.delivery.id] for job in jobs]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = MovableClock()
    database = open_database("memory", clock)
    await database.start()
    await migrate(database, clock)
    portal, town = PaperPortal(), Town()
    links = StoredLinks(database, "hubspot", clock)

    def renew(sender: Sender = portal, **changes: Any) -> HubSpotConnector:
        settings = HubSpotSettings(**{"token": Secret(portal.token), "portal_id": "62515", **changes})
        return HubSpotConnector(
            "hubspot",
            settings,
            sender=sender,
            database=database,
            people=town,
            links=links,
            budget=Plenty(),
            clock=clock,
        )

    yield Bench(portal, town, clock, links, renew(), renew)
    await database.close()
