"""Asks an older system whether a password is right that was never imported (`password.config.migrate_hook`).

The target gets the password in clear text, as in Kratos: nothing of a request or an answer is logged. No transaction
is open here; what becomes of a password that is right is `password_login`'s business.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.actions import answers
from doorward.actions.answer_json import Malformed, fields_of, first_value
from doorward.actions.request import Ids, RequestUnbuildable, Skipped, build, prepare
from doorward.actions.retry_after import retry_after_s
from doorward.actions.sandbox import Sandbox, SandboxBroken, TemplateFailed
from doorward.actions.template import TemplateInvalid, TemplateSource, TemplateUnavailable
from doorward.actions.tries import Sleep, tried_again
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.clock import Clock
from doorward.config.problems import Problem
from doorward.flows.errors import MigrationUnreachable, WebHookFailed
from doorward.flows.login import with_payload
from doorward.flows.login_contract import LoginForm
from doorward.flows.template_context import template_context
from doorward.identities.model import Identity
from doorward.identities.render import public_identity
from doorward.ids import new_row_id
from doorward.observability.logging import Log
from doorward.security.breaches import Sender
from doorward.security.outgoing import (
    EgressFailed,
    EgressRefused,
    EgressTimeout,
    OutgoingRequest,
    OutgoingResponse,
)

ANSWER_BYTES = 1024
STATUS, MATCH, FORBIDDEN = "status", "password_match", 403


@dataclass(frozen=True, slots=True)
class MigrationTools:
    """What asking takes. `base_url` is the public one, for identities in templates."""

    sender: Sender
    sandbox: Sandbox
    templates: TemplateSource
    log: Log
    clock: Clock
    base_url: str
    header_allowlist: tuple[str, ...] = ()
    sleep: Sleep = asyncio.sleep


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody typed, and whose account it is about."""

    form: LoginForm
    identity: Identity
    identifier: str = field(repr=False)
    password: str = field(repr=False)


class PasswordMigration:
    """One configured hook."""

    def __init__(self, settings: WebHookSettings, tools: MigrationTools) -> None:
        self._settings = settings
        self._tools = tools

    async def knows(self, claim: Claim) -> bool:
        """Whether the older system says that the password is right.

        Raises WebHookFailed where it says neither, MigrationUnreachable where it says nothing.
        """
        answer = await self._ask(await self._request(claim))
        if answer.status == FORBIDDEN:
            return False
        if answer.status != 200:
            raise self._failed(WebHookFailed(), answer.status, "the answer has a status that means nothing here")
        return _is_match(answer)

    async def _request(self, claim: Claim) -> OutgoingRequest:
        tools, ids = self._tools, Ids(new_row_id(), new_row_id())
        if self._settings.template is None:
            # Texts that are no UTF-8 are written as escapes.
            body = json.dumps({"identifier": claim.identifier, "password": claim.password})
            return replace(build(self._settings, body, ids), max_response_bytes=ANSWER_BYTES)
        try:
            made = await prepare(self._settings, self._context(claim), ids, tools.sandbox, tools.templates)
        except (TemplateInvalid, TemplateUnavailable, SandboxBroken, RequestUnbuildable) as bad:
            raise self._failed(WebHookFailed(), None, type(bad).__name__) from None
        if isinstance(made, Skipped | TemplateFailed):
            # What a template says of its failure may hold the password.
            raise self._failed(WebHookFailed(), None, "the template made no request")
        return replace(made, max_response_bytes=ANSWER_BYTES)

    def _context(self, claim: Claim) -> bytes:
        form, tools = claim.form, self._tools
        seen: Mapping[str, Any] = {
            **template_context(with_payload(form.flow, form), form.request, tools.header_allowlist),
            "identity": public_identity(claim.identity, tools.base_url),
            "identifier": claim.identifier,
            "password": claim.password,
        }
        return json.dumps(seen, default=str).encode()

    async def _ask(self, request: OutgoingRequest) -> OutgoingResponse:
        answer = await tried_again(lambda: self._attempt(request), self._tools.sleep)
        if isinstance(answer, answers.UpstreamFailed):
            raise self._failed(MigrationUnreachable(), answer.status, answer.message)
        return answer

    async def _attempt(self, request: OutgoingRequest) -> OutgoingResponse | answers.UpstreamFailed:
        try:
            response = await self._tools.sender.send(request)
        except (EgressTimeout, EgressFailed, EgressRefused) as error:
            return answers.interpret_failure(error)
        if not answers.is_worth_retrying(response.status):
            return response
        wait_s = retry_after_s(response, self._tools.clock.now())
        text = f"the target answered {response.status}"
        return answers.UpstreamFailed(502, text, may_pass=True, retry_after_s=wait_s)

    def _failed(self, error: WebHookFailed, status: int | None, reason: str) -> WebHookFailed:
        self._tools.log.warning("password_migration_failed", status=status, reason=reason)
        return error


def migration_settings(config: Mapping[str, Any], path: str) -> WebHookSettings | list[Problem]:
    """Of `migrate_hook.config`, or everything that is wrong with it. Without a body the two texts are sent as JSON."""
    settings = WebHookSettings.parse({"method": "POST", "body": "base64://", **config}, path)
    if isinstance(settings, WebHookSettings) and not config.get("body"):
        return replace(settings, template=None)
    return settings


def _is_match(answer: OutgoingResponse) -> bool:
    """The first JSON value counts, as far as it was read; its key in any case (as in Kratos)."""
    try:
        fields = fields_of(first_value(replace(answer, truncated=False)), {STATUS}, "it")
    except Malformed:
        return False
    return fields.get(STATUS) == MATCH
