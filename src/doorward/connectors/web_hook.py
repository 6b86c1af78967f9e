"""Delivers web_hooks: builds the request, sends it, says what its answer means for the delivery.

When to try again is delivery's business; the request is `actions.request`'s; the in-flow call is `hooks`'.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from doorward.actions.request import Ids, RequestUnbuildable, build
from doorward.actions.retry_after import retry_after_s
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.clock import Clock
from doorward.config.problems import Problem
from doorward.delivery.contract import (
    LAPSED_CODE,
    LAPSED_REASON,
    Delivered,
    Discard,
    Job,
    Outcome,
    Pause,
    Retry,
    Snooze,
)
from doorward.security.egress import (
    Egress,
    EgressFailed,
    EgressRefused,
    EgressTimeout,
    OutgoingRequest,
    OutgoingResponse,
)
from doorward.storage.failpoints import failpoint

HUBSPOT_CONTACTS = re.compile(r"/crm/(?:v3/objects|objects/(?:v3|\d{4}-\d{2}))/contacts/?")
ANSWER_BYTES = 64 * 1024
"""Of an answer only the status counts, and an id near its beginning: a target that sends without end costs no more."""
EXISTING_ID = re.compile(rb"Existing ID:\s*(\d+)")
PASSES = frozenset({408, 425, 429})
UNAUTHORISED_PAUSE_S = 600.0
"""How long an action rests whose credentials were refused; then it tries whether they were mended."""


def check(config: Mapping[str, Any], path: str) -> list[Problem]:
    """What is wrong with a web_hook's config, for `config check`."""
    parsed = WebHookSettings.parse(config, path)
    return parsed if isinstance(parsed, list) else []


class WebHookConnector:
    """A Connector for any web_hook: each job carries its own settings. At least once, under an id that stays."""

    def __init__(self, egress: Egress, clock: Clock) -> None:
        self._egress = egress
        self._clock = clock

    @property
    def batch_limit(self) -> int:
        """A web_hook sends one event per request."""
        return 1

    async def send(self, jobs: Sequence[Job]) -> Mapping[UUID, Outcome]:
        """One outcome per delivery id."""
        return {job.delivery.id: await self._send_one(job) for job in jobs}

    async def close(self) -> None:
        """Connections belong to the egress."""

    async def _send_one(self, job: Job) -> Outcome:
        settings = WebHookSettings.parse(job.action.settings, job.action.path)
        if isinstance(settings, list):
            return Discard("web_hook_misconfigured", f"{settings[0].path}: {settings[0].text}.")
        try:
            request = build(settings, job.rendered, self._ids(job, settings))
        except RequestUnbuildable as error:
            return Discard(error.code(), str(error))
        summary = f"{request.method} {urlsplit(request.url).hostname} ({len(request.body)} bytes)"
        failpoint("connector.before_call")
        if not job.is_held():
            return Retry(LAPSED_CODE, LAPSED_REASON, summary=summary)
        try:
            answer = await self._egress.send(replace(request, max_response_bytes=ANSWER_BYTES))
        except EgressRefused as error:
            return Discard(error.code(), str(error), summary=summary)
        except EgressTimeout as error:
            return Retry("timeout", str(error), may_have_applied=error.sent, summary=summary)
        except EgressFailed as error:
            if error.answered is None:
                return _unreached(error, summary)
            # Its status is all that is wanted of an answer that broke off.
            answer = error.answered
        failpoint("connector.after_call")
        return self._judge(job, settings, request, answer, f"{summary} → {answer.status}")

    def _ids(self, job: Job, settings: WebHookSettings) -> Ids:
        """Trigger and message id are the delivery's own, so that a receiver recognises a repeated attempt.

        A hook in a flow's list goes by the trigger id, as in Kratos, unless that is switched off or it signs.
        """
        has_trigger_only = job.action.trigger.flow_kind is not None and settings.has_ids and settings.signing is None
        message = None if has_trigger_only else f"msg_{job.delivery.id}"
        return Ids(trigger=job.delivery.id, request=uuid4(), message=message, at=self._clock.now())

    def _judge(
        self, job: Job, settings: WebHookSettings, request: OutgoingRequest, answer: OutgoingResponse, summary: str
    ) -> Outcome:
        """By status: below 400 it arrived; 408, 425, 429 and 5xx (but 501) may pass; the rest is final."""
        status = answer.status
        if status < 400:
            return Delivered(http_status=status, summary=summary)
        if status in PASSES or (status >= 500 and status != 501):
            return Retry(
                code=f"http_{status}",
                reason=f"The target answered {status}.",
                retry_after_s=retry_after_s(answer, self._clock.now()),
                http_status=status,
                # an answer with 5xx may come after the deed
                may_have_applied=status >= 500 and status != 503,
                summary=summary,
            )
        if status == 401 and settings.auth is not None:
            reason = "The target does not accept the configured credentials."
            pause = Pause("action", "unauthorised", reason, UNAUTHORISED_PAUSE_S)
            return Snooze("unauthorised", reason, UNAUTHORISED_PAUSE_S, pause, http_status=status)
        if status == 409 and job.may_have_applied and _makes_a_contact(request):
            existing = EXISTING_ID.search(answer.body)
            contact_id = existing.group(1).decode() if existing else None
            return Delivered(contact_id, status, f"{summary}: made by an earlier attempt whose answer was lost")
        return Discard(f"http_{status}", f"The target refused it with {status}.", status, summary)


def _unreached(error: EgressFailed, summary: str) -> Outcome:
    if error.kind == "redirects":
        return Discard("redirects_in_circles", str(error), summary=summary)
    return Retry(f"egress_{error.kind}", str(error), may_have_applied=error.sent, summary=summary)


def _makes_a_contact(request: OutgoingRequest) -> bool:
    """A POST to HubSpot's contacts, whatever the host: the e-mail is unique there, so a 409 means that it exists."""
    return request.method == "POST" and HUBSPOT_CONTACTS.fullmatch(urlsplit(request.url).path) is not None
