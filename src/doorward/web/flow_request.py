"""A request of the web framework as the plain data that flows take."""

from collections.abc import Mapping

from starlette.requests import Request

from doorward.flows.query_string import first_of
from doorward.flows.request import FieldTypes, FlowRequest, SubmittedBody
from doorward.observability.tracing import current_trace_id
from doorward.web.body import read_submission
from doorward.web.client import counted_address, device_of
from doorward.web.csrf import csrf_token_of
from doorward.web.negotiate import accepts_json, is_json_client
from doorward.web.seen_cookies import seen_cookies
from doorward.web.site import Site, find_visitor


async def flow_request(request: Request, site: Site) -> FlowRequest:
    """Everything about it but the body, which is read when the flow asks for it. Raises Unavailable."""

    async def read(types: FieldTypes) -> SubmittedBody:
        return await read_submission(request, types)

    visitor = await find_visitor(request, site)
    peer = request.client.host if request.client else ""
    return FlowRequest(
        method=request.method,
        url=external_url(request),
        device=device_of(request.headers, peer),
        counted_address=counted_address(request.headers, peer, site.proxies),
        headers=headers_of(request),
        cookies=seen_cookies(request.headers.getlist("cookie"), site.cookies.names),
        query=first_values(request),
        read=read,
        csrf_cookie=csrf_token_of(request),
        is_json=is_json_client(request.headers),
        accepts_json=accepts_json(request.headers.get("accept", "")),
        session=visitor.session if visitor else None,
        session_token=visitor.credential.token if visitor else "",
        identity=visitor.identity if visitor else None,
        continuity=site.cookies.find_continuity(request.cookies, site.clock.now()),
        trace_id=current_trace_id(),
    )


def external_url(request: Request) -> str:
    """The address as the client sees it: a proxy tells scheme and host. Path and query stay as they were sent."""
    scheme = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip() or request.scope["scheme"]
    host = request.headers.get("x-forwarded-host", "").partition(",")[0].strip() or request.headers.get("host", "")
    path = request.scope.get("raw_path", request.scope["path"].encode()).decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return f"{scheme}://{host}{path}?{query}" if query else f"{scheme}://{host}{path}"


def headers_of(request: Request) -> dict[str, tuple[str, ...]]:
    """Every header with all its values; names in lower case."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in request.headers.items():
        found[name] = (*found.get(name, ()), value)
    return found


def first_values(request: Request) -> Mapping[str, str]:
    """The query; the first of several values counts."""
    return first_of(request.scope["query_string"].decode("latin-1"))
