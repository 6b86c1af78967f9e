"""The only way out by HTTP: every address is judged when it is connected to, every request has an end.

Requests, answers and errors are `outgoing`, the rules `egress_policy`. One instance per process, shared by all.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from doorward.security.addresses import AddressClass
from doorward.security.egress_policy import SENTENCES, EgressPolicy
from doorward.security.gzip_answer import GzipAnswer, GzipBroken
from doorward.security.outgoing import (
    EgressFailed,
    EgressRefused,
    EgressTimeout,
    FailureKind,
    OutgoingRequest,
    OutgoingResponse,
    masked,
)
from doorward.security.redirects import Hop, first_hop, next_hop

__all__ = [
    "Egress",
    "EgressFailed",
    "EgressPolicy",
    "EgressRefused",
    "EgressTimeout",
    "OutgoingRequest",
    "OutgoingResponse",
]

CONNECTIONS = 100
CONNECTIONS_PER_HOST = 32
CONNECT_TIMEOUT_S = 10.0
CHUNK_BYTES = 64 << 10
GZIP = "gzip"
HEADERS, HEADER_BYTES = 100, 32 << 10
"""Of an answer: how many, and how long each. One that goes on is hung up on."""


class Egress:
    """Sends requests. Two pools of connections, so that none opened to an exempt address serves a guarded request."""

    def __init__(self, policy: EgressPolicy, resolver: Callable[[], AbstractResolver] | None = None) -> None:
        """`resolver` makes what asks the DNS; by default the system's."""
        self.policy = policy
        self._resolver = resolver or aiohttp.ThreadedResolver
        self._guarded: aiohttp.ClientSession | None = None
        self._exempt: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Opens the pools. May be repeated."""
        if self._guarded is None or self._exempt is None:
            self._guarded = _session(self.policy, self._resolver(), is_exempt=False)
            self._exempt = _session(self.policy, self._resolver(), is_exempt=True)

    async def close(self) -> None:
        """Closes every connection. May be repeated."""
        sessions = [session for session in (self._guarded, self._exempt) if session is not None]
        self._guarded = self._exempt = None
        for session in sessions:
            await session.close()
        if sessions:
            # TLS transports say goodbye in the next rounds of the loop
            await asyncio.sleep(0)

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse:
        """The answer, whatever its status. Raises EgressRefused, EgressTimeout, EgressFailed.

        `trusted`: the operator configured this very destination, so it may be private; a redirect elsewhere is not
        trusted any more. Link-local and metadata addresses stay closed to everyone.
        """
        began = time.monotonic()
        progress = SimpleNamespace(sent=False)
        try:
            async with asyncio.timeout(request.timeout_s):
                return await self._follow(request, trusted, progress, began)
        except TimeoutError as error:
            has_no_connection = isinstance(error, aiohttp.ConnectionTimeoutError)
            limit_s = CONNECT_TIMEOUT_S if has_no_connection else request.timeout_s
            reason = f"{masked(request.url)} did not answer within {limit_s:g} s."
            raise EgressTimeout(reason, sent=progress.sent) from None
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise _as_failure(error, request.url, progress.sent) from None

    async def _follow(
        self, request: OutgoingRequest, trusted: bool, progress: SimpleNamespace, began: float
    ) -> OutgoingResponse:
        hop = first_hop(request)
        followed = 0
        while True:
            answer, location = await self._exchange(hop, request, trusted and hop.is_at_home, progress, began)
            following = next_hop(hop, request, answer.status, location) if request.follow_redirects else None
            if following is None:
                return answer
            if followed == request.follow_redirects:
                raise EgressFailed(f"{masked(request.url)} redirects in circles.", "redirects", sent=True)
            followed += 1
            hop = following

    async def _exchange(
        self, hop: Hop, request: OutgoingRequest, trusted: bool, progress: SimpleNamespace, began: float
    ) -> tuple[OutgoingResponse, str | None]:
        self.policy.check(hop.url, trusted=trusted)
        is_exempt = trusted or self.policy.is_exempt(hop.url)
        session = self._exempt if is_exempt else self._guarded
        if session is None:
            raise RuntimeError("Egress.start() was not awaited")
        async with session.request(
            _Verbatim(hop.method),
            # sent as it stands; what is not ASCII is escaped
            URL(hop.url, encoded=hop.url.isascii()),
            headers=hop.headers,
            data=hop.body or None,
            allow_redirects=False,
            trace_request_ctx=progress,
        ) as answer:
            headers: dict[str, str] = {}
            for name, value in answer.headers.items():
                key = name.lower()
                headers[key] = f"{headers[key]}, {value}" if key in headers else value
            try:
                body, truncated = await _read(answer, request.max_response_bytes, _find_gzip(hop, answer))
            except (aiohttp.ClientPayloadError, GzipBroken):
                head = OutgoingResponse(answer.status, headers, b"", time.monotonic() - began, truncated=True)
                reason = f"{masked(request.url)} broke its answer off."
                raise EgressFailed(reason, "protocol", sent=True, answered=head) from None
            response = OutgoingResponse(answer.status, headers, body, time.monotonic() - began, truncated)
            return response, answer.headers.get("Location")


class _Verbatim(str):
    """A method that is sent as it stands: a web_hook's `patch` stays lower case, its CONNECT keeps the path."""

    __slots__ = ()

    def upper(self) -> "_Verbatim":
        return self

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other) is True and not str.__eq__(self, "CONNECT")

    def __hash__(self) -> int:
        return str.__hash__(self)


class _AddressRefused(OSError):
    """Raised inside the HTTP client, which passes an OSError on; never leaves this module."""

    def __init__(self, kind: AddressClass) -> None:
        super().__init__(f"address refused: {kind}")
        self.kind = kind


class _GuardedResolver(AbstractResolver):
    """Leaves out addresses that must not be called, so that a name with both kinds still works."""

    def __init__(self, policy: EgressPolicy, inner: AbstractResolver, *, is_exempt: bool) -> None:
        self._policy = policy
        self._is_exempt = is_exempt
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        judged = [(each, self._policy.find_refusal(each["host"], is_exempt=self._is_exempt)) for each in found]
        allowed = [each for each, refusal in judged if refusal is None]
        if not allowed:
            for _, refusal in judged:
                if refusal is not None:
                    raise _AddressRefused(refusal)
        return allowed

    async def close(self) -> None:
        await self._inner.close()


def _session(policy: EgressPolicy, resolver: AbstractResolver, *, is_exempt: bool) -> aiohttp.ClientSession:
    def open_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        # The last look: literal addresses reach no resolver, and this is the very address that is connected to.
        refusal = policy.find_refusal(str(info[4][0]), is_exempt=is_exempt)
        if refusal is not None:
            raise _AddressRefused(refusal)
        return socket.socket(family=info[0], type=info[1], proto=info[2])

    context = ssl.create_default_context()
    if policy.ca_file is not None:
        context.load_verify_locations(policy.ca_file)
    connector = aiohttp.TCPConnector(
        resolver=_GuardedResolver(policy, resolver, is_exempt=is_exempt),
        socket_factory=open_socket,
        ssl=context,
        limit=CONNECTIONS,
        limit_per_host=CONNECTIONS_PER_HOST,
    )
    tracing = aiohttp.TraceConfig()
    tracing.on_request_headers_sent.append(_mark_sent)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        trust_env=False,
        trace_configs=[tracing],
        headers={"User-Agent": "Doorward", "Accept-Encoding": GZIP},
        auto_decompress=False,
        skip_auto_headers=("Accept",),
        max_field_size=HEADER_BYTES,
        max_headers=HEADERS,
        read_bufsize=CHUNK_BYTES,
    )


async def _mark_sent(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    context.trace_request_ctx.sent = True


def _find_gzip(hop: Hop, answer: aiohttp.ClientResponse) -> GzipAnswer | None:
    """What opens the answer, if it is what was asked for: any other label is not ours to judge, and the body stays.

    As Kratos's HTTP client does it: who asks for an encoding with a header of his own gets the answer as it came.
    """
    is_asked = not any(name.lower() == "accept-encoding" for name in hop.headers)
    return GzipAnswer() if is_asked and answer.headers.get("Content-Encoding", "").lower() == GZIP else None


async def _read(answer: aiohttp.ClientResponse, limit_bytes: int, gzip: GzipAnswer | None) -> tuple[bytes, bool]:
    """At most `limit_bytes` of the opened body, and whether there was more (the connection is then given up).

    Raises GzipBroken.
    """
    parts: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
        for part in gzip.opened(chunk) if gzip else (chunk,):
            parts.append(part)
            size += len(part)
            if size > limit_bytes:
                answer.close()
                return b"".join(parts)[:limit_bytes], True
    if gzip:
        parts.append(gzip.rest())
    body = b"".join(parts)
    return body[:limit_bytes], len(body) > limit_bytes


def _as_failure(error: Exception, url: str, sent: bool) -> EgressRefused | EgressFailed:
    """Our error for the client's, without its text: that may hold a URL with secrets."""
    shown = masked(url)
    refused = _find_refused(error)
    if refused is not None:
        return EgressRefused(f"The address behind {shown} {SENTENCES[refused.kind]}.", refused.kind.value)
    for kinds, kind, sentence in _KINDS:
        if isinstance(error, kinds):
            is_before = kind in {"dns", "certificate", "tls", "connect"}
            return EgressFailed(f"{shown} {sentence}.", kind, sent=sent and not is_before)
    return EgressFailed(f"{shown} did not answer properly.", "protocol", sent=sent)


_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], FailureKind, str], ...] = (
    (aiohttp.ClientConnectorDNSError, "dns", "cannot be found: its name does not resolve"),
    (
        (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError),
        "certificate",
        "could not be reached safely: its certificate is not trusted",
    ),
    ((aiohttp.ClientSSLError, ssl.SSLError), "tls", "could not be reached safely: the TLS handshake failed"),
    (aiohttp.ClientConnectorError, "connect", "could not be reached"),
    ((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError), "reset", "broke the connection off"),
)


def _find_refused(error: BaseException | None) -> _AddressRefused | None:
    while error is not None:
        if isinstance(error, _AddressRefused):
            return error
        inner = getattr(error, "os_error", None)
        if isinstance(inner, _AddressRefused):
            return inner
        error = error.__cause__ or error.__context__
    return None
