"""A web_hook inside the flow: it may veto with messages on fields, and change the identity before it is kept.

How a request is made and an answer read is known to `actions`; here it is sent, tried again, made a verdict.
"""

import asyncio
from dataclasses import dataclass, field

import orjson

from doorward.actions import answers
from doorward.actions.request import Ids, RequestUnbuildable, Skipped, prepare
from doorward.actions.sandbox import Sandbox, SandboxBroken, TemplateFailed
from doorward.actions.template import TemplateInvalid, TemplateSource, TemplateUnavailable
from doorward.actions.tries import Sleep, tried_again
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.clock import Clock, SystemClock
from doorward.flows.contract import Detour, HookContext, Proceed, Veto, Wish
from doorward.flows.errors import WebHookFailed, WebHookTimedOut, web_hook_broken
from doorward.flows.form import FormProblem
from doorward.flows.messages import Message
from doorward.flows.model import Flow
from doorward.hooks.background import Background
from doorward.ids import new_row_id
from doorward.observability.logging import Log
from doorward.security.egress import (
    Egress,
    EgressFailed,
    EgressRefused,
    EgressTimeout,
    OutgoingRequest,
)

IMPROPER, UNREACHABLE = 502, 504


@dataclass(frozen=True, slots=True)
class WebHookTools:
    """What a web_hook works with."""

    egress: Egress
    sandbox: Sandbox
    templates: TemplateSource
    log: Log
    background: Background
    clock: Clock = field(default_factory=SystemClock)
    sleep: Sleep = asyncio.sleep


class WebHook:
    """One configured entry. `path` names it in the log."""

    effects: frozenset[Wish] = frozenset()

    def __init__(self, settings: WebHookSettings, path: str, tools: WebHookTools) -> None:
        self._settings = settings
        self._path = path
        self._tools = tools

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        """Raises WebHookFailed, WebHookTimedOut, WebHookBroken; none of them tells the person a URL."""
        if self._settings.is_ignored:
            self._tools.background.start(self._ask(orjson.dumps(context.values)))
            return Proceed()
        answer = await self._ask(orjson.dumps(context.values))
        match answer:
            case answers.Accepted():
                return Proceed()
            case answers.Patch(fields):
                return Proceed(fields)
            case answers.Veto(entries):
                return Veto(tuple(problem for entry in entries for problem in _problems(entry)))
            case answers.UpstreamFailed(status, message):
                self._tools.log.warning("web_hook_failed", hook=self._path, status=status, reason=message)
                raise _refusal(status, context.flow)

    async def _ask(self, ctx: bytes) -> answers.Answer:
        trigger = new_row_id()
        return await tried_again(lambda: self._attempt(ctx, Ids(trigger, new_row_id())), self._tools.sleep)

    async def _attempt(self, ctx: bytes, ids: Ids) -> answers.Answer:
        try:
            made = await prepare(self._settings, ctx, ids, self._tools.sandbox, self._tools.templates)
        except (TemplateInvalid, TemplateUnavailable, SandboxBroken, RequestUnbuildable, orjson.JSONDecodeError) as bad:
            # A template's server is asked as often as a target (as in Kratos).
            may_pass = isinstance(bad, TemplateUnavailable) and bad.may_pass
            reason = f"the request could not be made: {type(bad).__name__}"
            return answers.UpstreamFailed(500, reason, may_pass=may_pass)
        match made:
            case Skipped():
                return answers.Accepted()
            case TemplateFailed(reason, _):
                return answers.UpstreamFailed(500, reason)
            case OutgoingRequest():
                return await self._send(made)

    async def _send(self, request: OutgoingRequest) -> answers.Answer:
        try:
            return answers.interpret(self._settings, await self._tools.egress.send(request), self._tools.clock.now())
        except (EgressTimeout, EgressFailed, EgressRefused) as error:
            if isinstance(error, EgressFailed) and error.answered is not None:
                return answers.interpret(self._settings, error.answered, self._tools.clock.now())
            return answers.interpret_failure(error)


def _problems(entry: answers.VetoEntry) -> list[FormProblem]:
    return [
        FormProblem(
            entry.node,
            Message(each.id, each.text, each.type, each.context, is_null=each.has_context and each.context is None),
        )
        for each in entry.messages
    ]


def _refusal(status: int, flow: Flow) -> WebHookFailed:
    if status == UNREACHABLE:
        return WebHookTimedOut()
    return WebHookFailed() if status == IMPROPER else web_hook_broken(flow)
