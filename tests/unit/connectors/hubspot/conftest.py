"""Jobs as the dispatcher hands them over."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from doorward.actions.model import Action, Trigger
from doorward.connectors.hubspot.action_settings import ActionSettings, parse_action
from doorward.connectors.hubspot.draft import Draft
from doorward.delivery.contract import Job
from doorward.outbox.model import Delivery
from doorward.outbox.states import State

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
