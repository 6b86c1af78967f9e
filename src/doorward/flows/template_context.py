"""The part of the template context that a flow knows: the flow itself and the request (facts of Kratos's `ctx`)."""

from collections.abc import Iterable
from typing import Any

from doorward.actions.context import allowed_headers
from doorward.flows.model import Flow
from doorward.flows.render import flow_json
from doorward.flows.request import FlowRequest


def template_context(flow: Flow, request: FlowRequest, header_allowlist: Iterable[str]) -> dict[str, Any]:
    """`flow`, `request_headers`, `request_method`, `request_url`, `request_cookies`.

    No CSRF token is in it, and of our own cookies not the values: a template sends what it sees to somebody else.
    """
    return {
        "flow": flow_json(flow, reveals_csrf=False),
        "request_headers": allowed_headers(request.headers, header_allowlist),
        "request_method": request.method,
        "request_url": request.url,
        "request_cookies": dict(request.cookies),
    }
