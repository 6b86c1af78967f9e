"""A new flow in place of one that is done with: stored, and the client told to go on with it."""

from dataclasses import dataclass

from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Reread
from doorward.flows.model import Flow
from doorward.flows.return_to import with_flow
from doorward.storage.contract import Transaction

TOO_OFTEN = "Codes were tried too often. Please ask for another one."


@dataclass(frozen=True, slots=True)
class Replacement:
    """A plan. `page_url` shows forms of the kind; the rest is as in `Reread`. The flow's CSRF token becomes the
    browser's.
    """

    flow: Flow
    page_url: str
    problem: DoorwardError | None = None
    is_plain: bool = False
    goes_by_type: bool = False

    async def write(self, tx: Transaction) -> None:
        await store.insert_flow(tx, self.flow)

    async def conclude(self, written: object) -> Reread:
        """Where to go on."""
        page = with_flow(self.page_url, self.flow.id)
        return Reread(self.flow, page, self.flow.csrf_token, self.problem, self.is_plain, self.goes_by_type)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None
