"""The code of an app that signs in through a web view: shown in its flow, exchanged for the session afterwards."""

from collections.abc import Mapping

from doorward.flows.model import FlowType
from doorward.flows.request import FlowRequest
from doorward.ids import opaque_token

ASKED, SHOWN = "return_session_token_exchange_code", "session_token_exchange_code"
LENGTH = 64
YES = frozenset({"true"})
LENIENT_YES = frozenset({"1", "t", "T", "true", "TRUE", "True"})
"""What login takes for a yes; registration knows one spelling (as Kratos)."""


def exchange_code(type_: FlowType, request: FlowRequest, spellings: frozenset[str] = YES) -> Mapping[str, str]:
    """The code as a field of the flow; nothing for browsers, and for apps that did not ask."""
    is_asked = type_ is FlowType.API and request.query.get(ASKED, "") in spellings
    return {SHOWN: opaque_token(length=LENGTH)} if is_asked else {}
