"""Makes the row of a new flow; what stands in its form is the business of its kind."""

from dataclasses import dataclass
from datetime import timedelta

from doorward.clock import Clock
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Ui
from doorward.flows.return_to import with_flow
from doorward.ids import new_secret_id


@dataclass(frozen=True, slots=True)
class FlowMaker:
    """One for all kinds. `base_url` is the public one."""

    base_url: str
    clock: Clock

    def make(
        self,
        kind: FlowKind,
        type_: FlowType,
        lifespan: timedelta,
        *,
        request_url: str,
        csrf_token: str = "",
        language: str = "",
        state: FlowState = FlowState.CHOOSE_METHOD,
    ) -> Flow:
        """A flow without a form; `csrf_token` is the one that the browser will hold, "" for native clients."""
        now = self.clock.now()
        flow_id = new_secret_id()
        return Flow(
            id=flow_id,
            kind=kind,
            type=type_,
            state=state,
            request_url=request_url,
            ui=Ui(action=with_flow(self.submit_url(kind), flow_id)),
            csrf_token=csrf_token,
            issued_at=now,
            expires_at=now + lifespan,
            internal={"language": language},
        )

    def submit_url(self, kind: FlowKind) -> str:
        """Where forms of a kind are sent."""
        return f"{self.base_url.rstrip('/')}/self-service/{kind}"
