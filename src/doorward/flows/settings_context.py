"""What hooks and templates see of a change of settings, and how what they put in its place is carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from doorward.clock import Clock
from doorward.flows.model import Flow
from doorward.flows.payload import TRANSIENT, read_payload
from doorward.flows.request import FlowRequest
from doorward.flows.settings_contract import SettingsForm
from doorward.flows.template_context import template_context
from doorward.identities.draft import Draft
from doorward.identities.model import Identity, RecoveryAddress, VerifiableAddress
from doorward.identities.render import public_identity
from doorward.identities.service import Edit
from doorward.sessions.render import session_json

A = TypeVar("A", bound=VerifiableAddress | RecoveryAddress)


@dataclass(frozen=True, slots=True)
class SettingsSight:
    """Makes template contexts. The person in the session is the one who asks, as they were before the change."""

    base_url: str
    header_allowlist: tuple[str, ...]
    clock: Clock

    def of_beginning(self, flow: Flow, request: FlowRequest, identity: Identity) -> dict[str, Any]:
        """What the `before` hooks see: a flow that has no form yet."""
        return {**template_context(flow, request, self.header_allowlist), **self._session(request, identity)}

    def of_change(self, flow: Flow, form: SettingsForm) -> "SeenDraft":
        """What the `after` hooks see, and actions once the change is stored: `flow` as it is by then."""
        payload = read_payload(form.values)
        if isinstance(payload, Mapping) and payload:
            flow = replace(flow, extra={**flow.extra, TRANSIENT: payload})
        context = template_context(flow, form.request, self.header_allowlist)
        return SeenDraft({**context, **self._session(form.request, form.identity)}, self.base_url)

    def _session(self, request: FlowRequest, identity: Identity) -> dict[str, Any]:
        if request.session is None:
            return {}
        public = public_identity(identity, self.base_url)
        return {"session": session_json(request.session, public, True, self.clock.now())}


@dataclass(frozen=True, slots=True)
class SeenDraft:
    """A person as they will be, beside what does not change."""

    context: Mapping[str, Any] = field(repr=False)
    base_url: str

    def __call__(self, draft: Draft) -> dict[str, Any]:
        return {**self.context, "identity": public_identity(draft.identity, self.base_url)}


@dataclass(frozen=True, slots=True)
class Patched:
    """An edit, and then what hooks put in its place."""

    edit: Edit
    draft: Draft

    def __call__(self, before: Identity, at: datetime) -> Identity:
        wanted = self.draft.identity
        return replace(
            self.edit(before, at),
            traits=wanted.traits,
            schema_id=wanted.schema_id,
            state=wanted.state,
            metadata_public=wanted.metadata_public,
            metadata_admin=wanted.metadata_admin,
            external_id=wanted.external_id,
            verifiable_addresses=wanted.verifiable_addresses,
        )


@dataclass(frozen=True, slots=True)
class AsSeen:
    """An edit whose new addresses get the ids under which hooks have seen them.

    `known` is the person as the form had it, `draft` as the hooks saw it. What was new to the form alone is taken from
    the draft: an address that somebody else's change has put there or taken away since is not this edit's.
    """

    edit: Edit
    known: Identity
    draft: Draft

    def __call__(self, before: Identity, at: datetime) -> Identity:
        changed, seen = self.edit(before, at), self.draft.identity
        verifiable = _added(changed.verifiable_addresses, self.known.verifiable_addresses, seen.verifiable_addresses)
        recovery = _added(changed.recovery_addresses, self.known.recovery_addresses, seen.recovery_addresses)
        return replace(changed, verifiable_addresses=verifiable, recovery_addresses=recovery)


def _added(kept: Sequence[A], known: Sequence[A], seen: Sequence[A]) -> tuple[A, ...]:
    taken = {(each.via, each.value) for each in (*kept, *known)}
    return (*kept, *(each for each in seen if (each.via, each.value) not in taken))
