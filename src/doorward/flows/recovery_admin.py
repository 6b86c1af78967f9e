"""Codes and links that an administrator hands out: a recovery flow made for one person, and what opens it.

Nothing is sent. A flow with a code belongs to whoever has both; a link is proof by itself.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from doorward.flows import store
from doorward.flows.codes_sender import CodeSender
from doorward.flows.codes_store import Form, Purpose, Recipient
from doorward.flows.fresh import FlowMaker
from doorward.flows.messages import Catalogue
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType
from doorward.flows.nodes import submit_node
from doorward.flows.proof_form import CODE, METHOD, address_nodes, code_field
from doorward.flows.recovery import IS_OPEN
from doorward.flows.recovery_settings import RecoverySettings
from doorward.flows.return_to import with_flow, with_query
from doorward.identities.model import Identity
from doorward.identities.store import find_identity
from doorward.storage.contract import Database, Transaction


@dataclass(frozen=True, slots=True)
class HandedOut:
    """`link` opens the form, or with `code` "" the account itself."""

    link: str = field(repr=False)
    expires_at: datetime
    code: str = field(default="", repr=False)


class RecoveryAdmin:
    """One per process and configuration."""

    def __init__(
        self,
        settings: RecoverySettings,
        database: Database,
        sender: CodeSender,
        catalogue: Catalogue,
        maker: FlowMaker,
    ) -> None:
        self._settings = settings
        self._database = database
        self._sender = sender
        self._catalogue = catalogue
        self._maker = maker

    async def find_person(self, identity_id: UUID) -> Identity | None:
        """Whoever it is for; inactive people, too."""
        return await find_identity(self._database.reader, identity_id)

    def check_return_to(self, return_to: str) -> None:
        """Raises SelfServiceFlowReturnToForbidden."""
        self._settings.targets.check(return_to)

    async def hand_out_code(
        self, identity: Identity, type_: FlowType, request_url: str, lifespan: timedelta | None
    ) -> HandedOut:
        """Six digits and the page where they are typed; `lifespan` None: as long as codes are good for."""
        codes = self._sender.codes
        lifespan = lifespan or codes.limits.lifespan
        flow = self._flow(identity, type_, request_url, lifespan)
        words = self._catalogue.words(flow.language)
        nodes = [code_field(flow.kind, words), submit_node(METHOD, CODE, CODE, words.say(1070009))]
        flow = replace(
            flow.with_ui(nodes=nodes),
            active=str(Form.CODE),
            state=FlowState.SENT_EMAIL,
            internal={**flow.internal, IS_OPEN: True},
        )

        async def write(tx: Transaction) -> str:
            await store.insert_flow(tx, flow)
            return await codes.issue(tx, flow.id, Purpose.RECOVERY, _nowhere(identity), lifespan)

        code = await self._database.transaction(write)
        return HandedOut(with_flow(self._settings.kind.page_url, flow.id), flow.expires_at, code)

    async def hand_out_link(self, identity: Identity, request_url: str, lifespan: timedelta | None) -> HandedOut:
        """A link that lets whoever follows it in; `lifespan` None: as long as links are good for."""
        links = self._sender.links
        lifespan = lifespan or links.lifespan
        flow = self._flow(identity, FlowType.BROWSER, request_url, lifespan)
        words = self._catalogue.words(flow.language)
        flow = replace(flow.with_ui(nodes=address_nodes(flow, Form.LINK, words)), active=str(Form.LINK))

        async def write(tx: Transaction) -> str:
            await store.insert_flow(tx, flow)
            return await links.issue(tx, flow.id, Purpose.RECOVERY, _nowhere(identity), lifespan)

        token = await self._database.transaction(write)
        submit = self._maker.submit_url(FlowKind.RECOVERY)
        return HandedOut(with_query(submit, flow=str(flow.id), token=token), flow.expires_at)

    def _flow(self, identity: Identity, type_: FlowType, request_url: str, lifespan: timedelta) -> Flow:
        flow = self._maker.make(FlowKind.RECOVERY, type_, lifespan, request_url=request_url)
        return replace(flow, identity_id=identity.id)


def _nowhere(identity: Identity) -> Recipient:
    """It is sent to no address, so none is verified by it."""
    return Recipient("email", "", identity.id)
