"""Carries out a change that waited for its new address to be proved, once the code is right.

The change is the settings flow's, with its session, its hooks and its cause; the proof is the verification flow's.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Reread, Stored
from doorward.flows.contract import SettledWaiter
from doorward.flows.errors import FailedAfterwards, WebHookFailed
from doorward.flows.first_attempts import await_first_attempts
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.made_when_seen import MadeWhenSeen
from doorward.flows.model import Flow, FlowKind
from doorward.flows.payload import TRANSIENT
from doorward.flows.pending_changes import PendingChange, PendingChanges, digest_of
from doorward.flows.proving_edit import ProvingEdit
from doorward.flows.replacement import Replacement
from doorward.flows.request import FlowRequest
from doorward.flows.run_hooks import HookRunner
from doorward.flows.settings_effects import EffectTools, SettingsEffects
from doorward.flows.template_context import template_context
from doorward.flows.verification_plans import ProvedAddress
from doorward.identities.events import Cause
from doorward.identities.model import AddressStatus, Identity, VerifiableAddress
from doorward.identities.render import public_identity
from doorward.identities.service import Change, IdentifierTaken
from doorward.identities.store import find_identity
from doorward.ids import new_row_id
from doorward.security.tokens import new_csrf_token
from doorward.sessions.model import Session
from doorward.sessions.query import find_session
from doorward.sessions.render import session_json
from doorward.sessions.service import is_live
from doorward.storage.contract import Database, Transaction

Objection = Replacement | FailedAfterwards | None


class ChangeOutdated(DoorwardError):
    """The change was asked for under circumstances that are gone."""


@dataclass(frozen=True, slots=True)
class ChangeTools:
    """Who keeps changes, asks hooks and carries their wishes out."""

    database: Database
    changes: PendingChanges
    hooks: HookRunner
    effects: EffectTools
    waiter: SettledWaiter
    clock: Clock
    base_url: str
    header_allowlist: tuple[str, ...] = ()

    def context(
        self, change: PendingChange, request: FlowRequest, flow: Flow, session: Session, person: Identity
    ) -> dict[str, Any]:
        """What the hooks of the change see: the settings flow that it was asked for in, and the person with it."""
        public = public_identity(person, self.base_url)
        beside = {"identity": public, TRANSIENT: dict(change.transient_payload)}
        seen = replace(flow, beside={name: value for name, value in beside.items() if value})
        return {
            **template_context(seen, request, self.header_allowlist),
            "session": session_json(session, public, True, self.clock.now()),
        }


@dataclass(frozen=True, slots=True)
class ChangedAddress:
    """`proved` uses the code up, `ask` asks the hooks of the verification, which come last (as in Kratos)."""

    tools: ChangeTools
    proved: ProvedAddress
    change: PendingChange
    request: FlowRequest = field(repr=False)
    ask: Callable[[Identity], Awaitable[Objection]]

    async def write(self, tx: Transaction) -> tuple[Any, Change | None]:
        """What `proved` wrote when the code was no good after all; else what was changed.

        Where the change was asked for under circumstances that are gone its code is used up and no good (as in Kratos).
        Raises ChangeOutdated, IdentifierTaken.
        """
        origin = await store.find_flow(tx, self.change.settings_flow_id, FlowKind.SETTINGS)
        session = await self._session(tx)
        if origin is None or session is None or not await self._is_unchanged(tx):
            return (await self.proved.missed.write(tx),), None
        missed = await self.proved.write(tx)
        if missed is not None:
            return missed, None
        if not await self.tools.changes.end(tx, self.change):
            raise ChangeOutdated
        identities, verifications = self.proved.tools.identities, self.tools.effects.verifications
        confirmed = ConfirmedEdit(self.change)
        edit = ProvingEdit(confirmed, identities.schemas, verifications, origin, self.request.csrf_cookie)
        cause = self._cause(origin, session, edit)
        changed = await identities.rewrite(
            tx, self.change.identity_id, edit, cause, self.change.consents, self.proved.cause
        )
        assert edit.before is not None
        await verifications.store(tx, edit.started, is_by_the_way=True)
        effects = SettingsEffects(self.tools.effects, self.tools.hooks.wishes(FlowKind.SETTINGS, self.change.method))
        await effects.write(tx, origin, edit.before, changed.identity, session, self.request.trace_id)
        return None, changed

    async def conclude(self, written: tuple[Any, Change | None]) -> Stored | Reread:
        """The verification's own answer. Raises FailedAfterwards: the change is stored by then."""
        missed, changed = written
        if changed is None:
            return await self.proved.conclude(missed)
        try:
            await await_first_attempts(self.tools.waiter, changed.recorded, self.proved.flow)
        except WebHookFailed as failure:
            raise FailedAfterwards(failure, new_csrf_token()) from failure
        objection = await self.ask(changed.identity)
        if isinstance(objection, FailedAfterwards):
            raise objection
        if objection is not None:
            await self.tools.database.transaction(objection.write)
            return await objection.conclude(None)
        return await self.proved.conclude(None)

    def refused(self, error: DoorwardError) -> Flow | None:
        """The form, for what came in between just now; the code stays good, for nothing has happened."""
        flow = self.proved.flow
        words = self.proved.tools.catalogue.words(flow.language)
        if isinstance(error, IdentifierTaken):
            problem = FormProblem(None, words.say(4000007))
        elif isinstance(error, ChangeOutdated):
            problem = FormProblem(None, words.say(4070006))
        else:
            return None
        return replace(flow, ui=with_problems(flow.ui, [problem]))

    async def _session(self, tx: Transaction) -> Session | None:
        """The session that asked for the change, while it is good."""
        session = await find_session(tx, self.change.session_id, with_devices=True)
        return session if session is not None and is_live(session, self.tools.clock.now()) else None

    async def _is_unchanged(self, tx: Transaction) -> bool:
        """Whether the person is as they were, and not switched off."""
        identity = await find_identity(tx, self.change.identity_id)
        if identity is None or not identity.is_active:
            return False
        return digest_of(identity.traits) == self.change.traits_digest

    def _cause(self, origin: Flow, session: Session, edit: ProvingEdit) -> Cause:
        """Of the change; in its context stands the person as `edit` has made them."""

        def context() -> dict[str, Any]:
            assert edit.after is not None
            return self.tools.context(self.change, self.request, origin, session, edit.after)

        return Cause(
            source="flow",
            flow_kind=str(origin.kind),
            flow_id=origin.id,
            method=self.change.method,
            context=MadeWhenSeen(context),
            trace_id=self.request.trace_id,
            locale=origin.language,
        )


@dataclass(frozen=True, slots=True)
class ConfirmedEdit:
    """The traits that were asked for, and the address that was proved."""

    change: PendingChange

    def __call__(self, before: Identity, at: datetime) -> Identity:
        """Raises ChangeOutdated when the traits are not any more what they were."""
        if digest_of(before.traits) != self.change.traits_digest:
            raise ChangeOutdated
        proved = VerifiableAddress(
            new_row_id(), self.change.address, self.change.via, True, AddressStatus.COMPLETED, at, at, at
        )
        return replace(
            before,
            traits=self.change.traits,
            verifiable_addresses=(*before.verifiable_addresses, proved),
        )
