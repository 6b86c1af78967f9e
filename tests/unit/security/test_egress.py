"""Against real servers on this machine: what is sent, what is refused, what each failure is called."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from doorward.security.egress import (
    Egress,
    EgressFailed,
    EgressPolicy,
    EgressRefused,
    EgressTimeout,
    OutgoingRequest,
)
from http_target import Target, serve_target

Open = Callable[..., Awaitable[Egress]]
ANYTHING = EgressPolicy(allow_private=True)


class Names(AbstractResolver):
    """A resolver that has one answer after the other for every name."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None: ...


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with serve_target() as found:
        yield found


@pytest.fixture
async def open_egress() -> AsyncIterator[Open]:
    opened: list[Egress] = []

    async def make(policy: EgressPolicy = ANYTHING, resolver: AbstractResolver | None = None) -> Egress:
        egress = Egress(policy, (lambda: resolver) if resolver else None)
        await egress.start()
        opened.append(egress)
        return egress

    yield make
    for egress in opened:
        await egress.close()


@pytest.fixture
async def egress(open_egress: Open) -> Egress:
    return await open_egress()


async def test_request_and_answer(egress: Egress, target: Target) -> None:
    target.answers["/x"] = lambda _: web.json_response({"a": 1}, status=201, headers={"X-Two": "b"})
    headers = {"Content-Type": "application/json", "X-Mine": "yes", "Host": "forged"}
    answer = await egress.send(OutgoingRequest("POST", target.url("/x?q=%2F&r=a+b"), headers, b'{"b":2}'))
    assert (answer.status, answer.body, answer.truncated) == (201, b'{"a": 1}', False)
    assert answer.headers["x-two"] == "b"
    assert answer.elapsed_s >= 0
    (seen,) = target.seen
    assert (seen.method, seen.path, seen.body) == ("POST", "/x?q=%2F&r=a+b", b'{"b":2}')
    assert seen.headers["x-mine"] == "yes"
    assert seen.headers["host"] == f"127.0.0.1:{target.port}"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "PATCH", "PUT", "TRACE", "PURGE"])
async def test_any_method_with_a_body(egress: Egress, target: Target, method: str) -> None:
    answer = await egress.send(OutgoingRequest(method, target.url("/m"), {}, b"body"))
    assert answer.status == 200
    assert (target.seen[0].method, target.seen[0].body) == (method, b"body")


@pytest.mark.parametrize("method", ["CONNECT", "patch", "GARBAGE"])
async def test_methods_are_sent_as_they_stand(egress: Egress, method: str) -> None:
    head = await speak(egress, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", method)
    assert head.startswith(f"{method} /path HTTP/1.1\r\n".encode())


async def test_userinfo_is_sent_as_basic_and_shown_to_nobody(egress: Egress, target: Target) -> None:
    url = target.url("/slow").replace("127.0.0.1", "user:secret@127.0.0.1") + "?token=secret#frag"
    with pytest.raises(EgressTimeout) as caught:
        await egress.send(OutgoingRequest("GET", url, timeout_s=0.2))
    assert caught.value.sent
    assert target.seen[0].headers["authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert target.seen[0].path == "/slow?token=secret"
    assert "secret" not in f"{caught.value!r} {caught.value.details}"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("length", [10, 4_000, 31_000])
async def test_headers_without_end_are_hung_up_on(egress: Egress, length: int) -> None:
    """Whatever a target sends as its head, a bounded part of it is taken in."""
    written: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        sent = 0
        with suppress(OSError):
            while not writer.is_closing():
                line = b"X-More: " + b"x" * length + b"\r\n"
                writer.write(line)
                sent += len(line)
                await writer.drain()
        writer.close()
        written.set_result(sent)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(EgressFailed) as caught:
            await egress.send(OutgoingRequest("GET", url))
        # The rest is what the system's buffers hold.
        assert await written < 100 * 32_000 + 8_000_000
    assert caught.value.kind == "protocol"


async def test_cookies_are_not_remembered(egress: Egress, target: Target) -> None:
    target.answers["/c"] = lambda _: web.Response(headers={"Set-Cookie": "a=1; Path=/"})
    for _ in range(2):
        await egress.send(OutgoingRequest("GET", target.url("/c")))
    assert "cookie" not in target.seen[1].headers


async def test_proxies_of_the_environment_are_ignored(
    egress: Egress, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    assert (await egress.send(OutgoingRequest("GET", target.url()))).status == 200


# what is refused


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433"])
async def test_this_machine_is_closed_by_default(open_egress: Open, target: Target, host: str) -> None:
    egress = await open_egress(EgressPolicy())
    with pytest.raises(EgressRefused) as caught:
        await egress.send(OutgoingRequest("GET", target.url(host=host)))
    assert caught.value.rule == "loopback"
    assert target.seen == []


async def test_exceptions_are_by_url(open_egress: Open, target: Target) -> None:
    egress = await open_egress(EgressPolicy(exception_globs=(target.url("/exception"),)))
    assert (await egress.send(OutgoingRequest("GET", target.url("/exception?x=1")))).status == 200
    with pytest.raises(EgressRefused):
        await egress.send(OutgoingRequest("GET", target.url("/")))
    assert len(target.seen) == 1


async def test_names_are_judged_by_what_they_resolve_to(open_egress: Open, target: Target) -> None:
    egress = await open_egress(EgressPolicy(), Names(["127.0.0.1"]))
    with pytest.raises(EgressRefused) as caught:
        await egress.send(OutgoingRequest("GET", target.url("/?token=secret", "innocent.example")))
    assert caught.value.rule == "loopback"
    assert "secret" not in str(caught.value)


async def test_a_name_with_both_kinds_uses_the_allowed_address(open_egress: Open, target: Target) -> None:
    egress = await open_egress(ANYTHING, Names(["169.254.169.254", "127.0.0.1"]))
    assert (await egress.send(OutgoingRequest("GET", target.url(host="both.example")))).status == 200


async def test_connections_of_the_trusted_serve_no_one_else(open_egress: Open, target: Target) -> None:
    egress = await open_egress(EgressPolicy(), Names(["127.0.0.1"]))
    request = OutgoingRequest("GET", target.url(host="crm.example"))
    assert (await egress.send(request, trusted=True)).status == 200
    with pytest.raises(EgressRefused):
        await egress.send(request)
    assert len(target.seen) == 1


class Blind(EgressPolicy):
    """Lets every URL through, so that only the look at the socket's address is left."""

    def check(self, url: str, *, trusted: bool = False) -> None: ...


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254"])
async def test_the_last_look_is_at_the_socket(open_egress: Open, target: Target, host: str) -> None:
    egress = await open_egress(Blind())
    with pytest.raises(EgressRefused):
        await egress.send(OutgoingRequest("GET", target.url(host=host)))
    assert target.seen == []


async def test_metadata_is_closed_even_to_the_trusted(egress: Egress) -> None:
    with pytest.raises(EgressRefused) as caught:
        await egress.send(OutgoingRequest("GET", "http://169.254.169.254/latest/"), trusted=True)
    assert caught.value.rule == "metadata"


async def test_redirects_are_judged_hop_by_hop(open_egress: Open, target: Target) -> None:
    egress = await open_egress(EgressPolicy(), Names(["127.0.0.1"]))
    for location in ("http://169.254.169.254/", target.url(host="other.example"), "ftp://crm.example/"):
        target.answers["/r"] = lambda _, to=location: web.Response(status=307, headers={"Location": to})  # type: ignore[misc]
        request = OutgoingRequest("POST", target.url("/r", "crm.example"), body=b"x", follow_redirects=3)
        with pytest.raises(EgressRefused):
            await egress.send(request, trusted=True)
    assert [seen.path for seen in target.seen] == ["/r"] * 3


async def test_redirects_at_home_stay_trusted(open_egress: Open, target: Target) -> None:
    egress = await open_egress(EgressPolicy())
    target.answers["/r"] = lambda _: web.Response(status=302, headers={"Location": "/there"})
    request = OutgoingRequest("POST", target.url("/r"), {"Authorization": "x"}, b"b", follow_redirects=1)
    assert (await egress.send(request, trusted=True)).body == b"hello"
    assert [(seen.method, seen.path, seen.body) for seen in target.seen] == [
        ("POST", "/r", b"b"),
        ("GET", "/there", b""),
    ]
    assert target.seen[1].headers["authorization"] == "x"


async def test_ten_requests_and_no_more(egress: Egress, target: Target) -> None:
    target.answers["/r"] = lambda _: web.Response(status=307, headers={"Location": "/r"})
    with pytest.raises(EgressFailed) as caught:
        await egress.send(OutgoingRequest("POST", target.url("/r"), follow_redirects=9))
    assert (caught.value.kind, caught.value.sent) == ("redirects", True)
    assert len(target.seen) == 10


async def test_without_leave_a_redirect_is_the_answer(egress: Egress, target: Target) -> None:
    target.answers["/r"] = lambda _: web.Response(status=307, headers={"Location": "/r"})
    assert (await egress.send(OutgoingRequest("POST", target.url("/r")))).status == 307


# what fails


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_nobody_listens(egress: Egress) -> None:
    with pytest.raises(EgressFailed) as caught:
        await egress.send(OutgoingRequest("POST", f"http://127.0.0.1:{unused_port()}/", body=b"x"))
    assert (caught.value.kind, caught.value.sent) == ("connect", False)


async def test_hanging_up_is_a_reset_that_may_have_been_applied(egress: Egress, target: Target) -> None:
    with pytest.raises(EgressFailed) as caught:
        await egress.send(OutgoingRequest("POST", target.url("/drop"), body=b"x"))
    assert (caught.value.kind, caught.value.sent) == ("reset", True)
    assert len(target.seen) == 1


async def test_no_such_name(open_egress: Open) -> None:
    class Nothing(Names):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            raise OSError(None, "Name or service not known")

    egress = await open_egress(EgressPolicy(), Nothing([]))
    with pytest.raises(EgressFailed) as caught:
        await egress.send(OutgoingRequest("GET", "http://nowhere.example/"))
    assert (caught.value.kind, caught.value.sent) == ("dns", False)


async def test_tls_that_is_none(egress: Egress, target: Target) -> None:
    with pytest.raises(EgressFailed) as caught:
        await egress.send(OutgoingRequest("GET", target.url().replace("http:", "https:")))
    assert (caught.value.kind, caught.value.sent) == ("tls", False)


async def test_certificates_are_checked(open_egress: Open, tmp_path: Path) -> None:
    certificate, context = self_signed(tmp_path)
    server = await asyncio.start_server(hello, "127.0.0.1", 0, ssl=context)
    async with server:
        request = OutgoingRequest("GET", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        with pytest.raises(EgressFailed) as caught:
            await (await open_egress()).send(request)
        assert (caught.value.kind, caught.value.sent) == ("certificate", False)
        trusting = await open_egress(EgressPolicy(allow_private=True, ca_file=str(certificate)))
        assert (await trusting.send(request)).body == b"hello"


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
    writer.close()


def self_signed(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody knows, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, private)
    return certificate, context


async def speak(egress: Egress, answer: bytes, method: str = "GET") -> bytes:
    """One request to a server that says `answer`, whatever it is asked, and hangs up; gives the request's head."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await egress.send(OutgoingRequest(method, f"http://127.0.0.1:{port}/path"))
    return heads[0]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * 100_000 + b"\r\n\r\n", "protocol"),
        (b"", "reset"),
    ],
)
async def test_answers_that_are_none(egress: Egress, answer: bytes, kind: str) -> None:
    with pytest.raises(EgressFailed) as caught:
        await speak(egress, answer)
    assert (caught.value.kind, caught.value.sent) == (kind, True)


async def test_of_an_answer_that_broke_off_the_head_is_known(egress: Egress) -> None:
    with pytest.raises(EgressFailed) as caught:
        await speak(egress, b"HTTP/1.1 201 Created\r\nX-Id: 7\r\nContent-Length: 10\r\n\r\nhalf")
    assert (head := caught.value.answered) is not None
    assert (head.status, head.headers["x-id"], head.body, head.truncated) == (201, "7", b"", True)


async def test_cancelling_passes_through(egress: Egress, target: Target) -> None:
    task = asyncio.create_task(egress.send(OutgoingRequest("GET", target.url("/slow"))))
    await target.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_it_must_be_started(target: Target) -> None:
    with pytest.raises(RuntimeError):
        await Egress(ANYTHING).send(OutgoingRequest("GET", target.url()))
