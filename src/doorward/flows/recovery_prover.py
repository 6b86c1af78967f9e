"""Finds out whom a code or a link lets back in, asks the hooks, and plans what follows. No transaction is open here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from doorward.errors import DoorwardError
from doorward.flows.codes import Miss
from doorward.flows.codes_store import Form, OneTimeCode, Purpose
from doorward.flows.contract import Effect, Plan, Veto
from doorward.flows.errors import FailedAfterwards, RecoveryVetoed, WebHookBroken
from doorward.flows.form import with_problems
from doorward.flows.login_contract import AAL1
from doorward.flows.messages import Message
from doorward.flows.missed_guess import MissedGuess
from doorward.flows.model import Flow, FlowType
from doorward.flows.payload import TRANSIENT
from doorward.flows.proof_fields import ProofForm
from doorward.flows.proof_form import CODE, with_last_csrf
from doorward.flows.recovery_plans import Recovered, RefusedRecovery, passed, reaches_a_browser
from doorward.flows.recovery_settings import RecoveryTools
from doorward.flows.replacement import Replacement
from doorward.flows.request import FlowRequest
from doorward.flows.return_to import with_query
from doorward.flows.run_hooks import AskedPerson, DetouredPerson
from doorward.flows.sign_in import SignIn
from doorward.flows.template_context import template_context
from doorward.identities.events import Cause
from doorward.identities.model import Identity
from doorward.identities.render import public_identity
from doorward.identities.store import find_identity
from doorward.identities.verified import with_verified
from doorward.security.tokens import new_csrf_token
from doorward.sessions.render import session_json

MINUTE_S = 60
WRONG = 4060006
USED = "This code was used already."


@dataclass(frozen=True, slots=True)
class Rescue:
    """One request that wants to get back in. `shows_payload`: the answer names it (not where addresses are chosen)."""

    flow: Flow
    request: FlowRequest
    form: ProofForm
    replacement: Replacement
    shows_payload: bool = True

    def saying(self, message: Message) -> Replacement:
        """A new flow with this message in place of the old one."""
        return replace(self.replacement, flow=self.replacement.flow.with_ui(messages=[message]))

    def refusing(self, veto: Veto) -> Replacement:
        """A new flow with what a hook has against it."""
        fresh = self.replacement.flow
        problem = None if self.replacement.problem is None else RecoveryVetoed(fresh.id)
        return replace(
            self.replacement, flow=replace(fresh, ui=with_problems(fresh.ui, veto.problems)), problem=problem
        )


class RecoveryProver:
    """One per process and configuration."""

    def __init__(self, tools: RecoveryTools) -> None:
        self._tools = tools

    async def find_link(self, token: str) -> OneTimeCode | None:
        """The link of a token, good or not."""
        return await self._tools.sender.links.find(self._tools.database.reader, Purpose.RECOVERY, token)

    async def by_code(self, rescue: Rescue, too_many: Replacement) -> Plan:
        """What a code brings about. One that was used already ends the form, a wrong one does not (as in Kratos)."""
        code, flow = rescue.form.text(CODE), rescue.flow
        shown = rescue.form.payload if rescue.shows_payload else None
        sender, purpose, words = self._tools.sender, Purpose.RECOVERY, self._tools.catalogue.words(flow.language)
        missed = MissedGuess(sender, self._tools.clock, flow, purpose, code, words, WRONG, shown, too_many)
        reader = self._tools.database.reader
        found = await sender.codes.peek(reader, flow.id, purpose, code)
        if not isinstance(found, Miss):
            return await self._recovered(rescue, found, missed)
        if found is Miss.WRONG and await sender.codes.was_used(reader, flow.id, purpose, code):
            return rescue.saying(words.say(4000001, {"reason": USED}))
        return missed

    async def by_link(self, rescue: Rescue, link: OneTimeCode, wrong: Replacement) -> Plan:
        """What a link brings about; `wrong` is said when it opens nothing after all."""
        return await self._recovered(rescue, link, wrong)

    async def _recovered(self, rescue: Rescue, proof: OneTimeCode, missed: MissedGuess | Replacement) -> Plan:
        tools, flow, request = self._tools, rescue.flow, rescue.request
        identity = await self._owner(proof)
        if identity is None:
            return missed
        if not identity.is_active:
            return rescue.saying(tools.catalogue.words(flow.language).say(4010011))
        is_browser = reaches_a_browser(flow, proof)
        csrf_cookie = new_csrf_token() if is_browser else ""
        method = f"{proof.form}_recovery"
        sign_in = SignIn(tools.sessions, tools.sessions.prepare(identity.id, method, request.device, AAL1), is_new=True)
        done = passed(flow, csrf_cookie)
        if is_browser:
            done = done.with_ui(nodes=with_last_csrf(done.ui.nodes))
        identity = with_verified(identity, proof.recipient.via, proof.recipient.address, tools.clock.now())
        cause = self._cause(rescue, {**self._context(rescue, done, identity), **self._session_of(sign_in, identity)})
        asked = await self._asked(rescue, done, identity)
        if isinstance(asked, Veto | DoorwardError):
            refusal = rescue.refusing(asked) if isinstance(asked, Veto) else FailedAfterwards(asked, new_csrf_token())
            # Behind a hook that objects none of the flow's other hooks runs; actions on the proof itself do.
            quiet = replace(cause, flow_kind=None)
            return RefusedRecovery(tools, done, proof, rescue.form.text(CODE), quiet, refusal)
        # The form shows what hooks would have changed, and nothing stores it (as in Kratos).
        shown = asked.identity if isinstance(asked, AskedPerson) else identity
        return Recovered(
            tools=tools,
            flow=replace(done, identity_id=identity.id),
            proof=proof,
            code=rescue.form.text(CODE),
            identity=identity,
            sign_in=sign_in,
            cause=cause,
            settings_flow=await self._settings_flow(rescue, shown, csrf_cookie, sign_in),
            missed=missed,
            csrf_cookie=csrf_cookie,
            is_told=tools.settings.has_transitions and proof.form is Form.CODE and (request.is_json or not is_browser),
            ends_others=isinstance(asked, AskedPerson) and Effect.REVOKE_OTHERS in asked.effects,
            shown=rescue.form.payload if rescue.shows_payload else None,
        )

    async def _asked(
        self, rescue: Rescue, done: Flow, identity: Identity
    ) -> AskedPerson | Veto | DetouredPerson | DoorwardError:
        """What the hooks say, or how one failed."""
        method = rescue.flow.active or self._tools.settings.method
        try:
            return await self._tools.hooks.after_person(
                rescue.flow, method, identity, lambda person: self._context(rescue, done, person)
            )
        except WebHookBroken:
            # Not only apps are told 400 here, as in Kratos.
            return WebHookBroken(is_native=True)
        except DoorwardError as failure:
            return failure

    async def _owner(self, proof: OneTimeCode) -> Identity | None:
        """Who is let back in, with credentials, unless the address was given up since. An administrator's code or link
        names no address.
        """
        to = proof.recipient
        if to.identity_id is None:
            return None
        identity = await find_identity(self._tools.database.reader, to.identity_id, with_credentials=True)
        if identity is None or not to.address:
            return identity
        is_theirs = any((each.via, each.value) == (to.via, to.address) for each in identity.recovery_addresses)
        return identity if is_theirs else None

    async def _settings_flow(self, rescue: Rescue, identity: Identity, csrf_token: str, sign_in: SignIn) -> Flow:
        """Where a password can be set, as long as the session is fresh; afterwards it leads where recovery was to.

        A browser's if there is a `csrf_token` for it.
        """
        tools, flow = self._tools, rescue.flow
        words = tools.catalogue.words(flow.language)
        return_to = tools.settings.targets.check(flow.return_to, tools.settings.default_url or "")
        url = rescue.request.url
        at = tools.clock.now() + tools.settings.privileged_for
        spoken = {
            "privilegedSessionExpiresAt": at.isoformat(),
            "privileged_session_expires_at": at.isoformat(),
            "privileged_session_expires_at_unix": int(at.timestamp()),
        }
        made = tools.forms.make(
            identity,
            FlowType.BROWSER if csrf_token else FlowType.API,
            words,
            request_url=with_query(url, return_to=return_to) if flow.return_to or tools.settings.default_url else url,
            csrf_token=csrf_token,
            messages=[
                words.say(1060001, spoken, minutes=f"{tools.settings.privileged_for.total_seconds() / MINUTE_S:.2f}")
            ],
        )
        session = self._session_of(sign_in, identity)
        await tools.hooks.before(
            made, lambda: {**_bare(_flow_of(made, rescue.request, tools)), **session}, is_submit=True
        )
        return made

    def _context(self, rescue: Rescue, done: Flow, identity: Identity) -> dict[str, Any]:
        """What hooks see; there is no session yet (as in Kratos)."""
        shown = replace(done, beside={**done.beside, TRANSIENT: dict(rescue.form.payload)})
        return {
            **_flow_of(shown, rescue.request, self._tools),
            "identity": public_identity(identity, self._tools.base_url),
        }

    def _session_of(self, sign_in: SignIn, identity: Identity) -> dict[str, Any]:
        """What actions on the new session, and the `before` hooks of the settings, see as well."""
        public = public_identity(identity, self._tools.base_url)
        return {"session": session_json(sign_in.issued.session, public, True, self._tools.clock.now())}

    def _cause(self, rescue: Rescue, context: Mapping[str, Any]) -> Cause:
        flow = rescue.flow
        return Cause(
            source="flow",
            flow_kind=str(flow.kind),
            flow_id=flow.id,
            method=flow.active,
            context=context,
            trace_id=rescue.request.trace_id,
            locale=flow.language,
        )


def _flow_of(flow: Flow, request: FlowRequest, tools: RecoveryTools) -> dict[str, Any]:
    return template_context(flow, request, tools.settings.header_allowlist)


def _bare(context: dict[str, Any]) -> dict[str, Any]:
    """The context of a form that has nothing in it yet, which is what Kratos shows here."""
    flow = dict(context["flow"])
    flow["ui"] = {name: value for name, value in flow["ui"].items() if name != "messages"} | {"nodes": None}
    return {**context, "flow": flow}
