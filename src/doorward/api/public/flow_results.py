"""Counts and tells how flows begin and how forms end: the log's account of who was let in and who was not.

Neither who it was nor from where: the log holds no personal data. A trace id joins the line to its request; actions on
`session.created` tell another system who signed in.
"""

from collections.abc import Iterator

from doorward.config.model_flows import METHODS
from doorward.errors import DoorwardError
from doorward.flows.answers import Answer, Diverted, Done, MovedOn, Navigate, Reread, Shown, SignInAgain, Why
from doorward.flows.model import FlowKind
from doorward.flows.request import FieldTypes, ReadBody, SubmittedBody
from doorward.observability.logging import Log
from doorward.observability.metrics import Metrics

NO_METHOD = "none"


class NotedBody:
    """A body that remembers which method was asked for, once somebody has read it."""

    def __init__(self, read: ReadBody) -> None:
        self._read = read
        self.method = NO_METHOD

    async def read(self, types: FieldTypes) -> SubmittedBody:
        body = await self._read(types)
        asked = body.values.get("method")
        # A name of somebody's own would be a series of its own in the metrics.
        self.method = asked if asked in METHODS else NO_METHOD
        return body


class FlowResults:
    """One line and one count for each submitted form; a count for each that was begun."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = Log("flows")

    def began(self, kind: FlowKind, answer: Answer) -> None:
        """A new form, unless none was needed."""
        if isinstance(answer, Shown):
            self._metrics.flows_started.labels(str(kind), str(answer.flow.type)).inc()

    def submitted(self, kind: FlowKind, method: str, answer: Answer) -> None:
        """A form that was answered: `messages` are the ids of what it was told is wrong."""
        wrong = sorted(set(_errors_of(answer)))
        self._tell(kind, method, result_of(answer, is_wrong=bool(wrong)), ",".join(map(str, wrong)))

    def failed(self, kind: FlowKind, method: str, error: DoorwardError) -> None:
        """One that ended in an error, by its id."""
        self._tell(kind, method, error.code(), "")

    def _tell(self, kind: FlowKind, method: str, result: str, messages: str) -> None:
        self._metrics.flows_submitted.labels(str(kind), method, result).inc()
        said = {"messages": messages} if messages else {}
        self._log.info("flow_submitted", kind=str(kind), method=method, result=result, **said)


def result_of(answer: Answer, *, is_wrong: bool = False) -> str:
    """`done`, or why not yet. A form that is shown again without a mistake (`is_wrong`) has a further step."""
    match answer:
        case Done():
            return "done"
        case Shown(why=Why.REJECTED) if not is_wrong:
            return Why.CHALLENGED.value
        case Shown(why=why):
            return why.value
        case MovedOn():
            return "not_needed"
        case SignInAgain():
            return "sign_in_again"
        case Diverted():
            return "diverted"
        case Navigate() | Reread():
            return "moved_on"


def _errors_of(answer: Answer) -> Iterator[int]:
    if not isinstance(answer, Shown) or answer.why is not Why.REJECTED:
        return
    ui = answer.flow.ui
    for message in (*ui.messages, *(each for node in ui.nodes for each in node.messages)):
        if message.type == "error":
            yield message.id
