"""What a hostile or broken client may send, and the answer that it gets: docs/reference/bad-input.md row by row."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bad_input_page import require_row, told
from running import PASSWORD, Answer, Server, exchange, request, running

pytestmark = pytest.mark.slow

JSON, FORM = {"Content-Type": "application/json"}, {"Content-Type": "application/x-www-form-urlencoded"}
REGISTRATION, NOBODY = "/self-service/registration", "00000000-0000-4000-8000-000000000000"
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Case:
    """One try. `{flow}` in the path is a fresh flow of a native client."""

    what: str
    status: int
    path: str = REGISTRATION + "?flow={flow}"
    method: str = "POST"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def sent(**fields: Any) -> bytes:
    return json.dumps({"method": "password", "password": PASSWORD, **fields}).encode()


CASES = (
    Case("JSON that ends too early", 400, body=b'{"method": "pass', headers=JSON),
    Case("A JSON list", 400, body=b"[1, 2]", headers=JSON),
    Case("JSON nested 100,000 deep", 400, body=b'{"a":' * 100_000, headers=JSON),
    Case("`NaN` as a trait", 400, body=b'{"traits": {"email": NaN}}', headers=JSON),
    Case("Bytes that are no text", 400, body=b"\xff\xfe\x00", headers=JSON),
    Case("No body", 400, headers=JSON),
    Case("XML", 400, body=b"<form/>", headers={"Content-Type": "text/xml"}),
    Case("JSON that calls itself text", 400, body=sent(), headers={"Content-Type": "text/plain"}),
    Case("A form with a broken escape", 400, body=b"method=password&traits.email=%zz", headers=FORM),
    Case("A form with 3,000 fields", 400, body=b"&".join(b"a%d=1" % n for n in range(3000)), headers=FORM),
    Case("A body of more than 5 MiB", 400, body=b'{"x": "' + b"a" * 5 * MEBIBYTE + b'"}', headers=JSON),
    Case("A body of 4.9 MiB without a method", 400, body=b'{"x": "' + b"a" * 5_100_000 + b'"}', headers=JSON),
    Case("A method that is not offered", 400, body=b'{"method": "magic", "traits": {}}', headers=JSON),
    Case("A number as e-mail", 400, body=sent(traits={"email": 5}), headers=JSON),
    Case("A list as traits", 400, body=sent(traits=["ada@example.org"]), headers=JSON),
    Case("A trait that the schema does not have", 400, body=sent(traits={"email": "a@example.org", "is_admin": True}),
         headers=JSON),
    Case("NUL in a trait", 400, body=sent(traits={"email": "ada\0@example.org"}), headers=JSON),
    Case("A password of one letter", 400, body=sent(password="a", traits={"email": "ada@example.org"}), headers=JSON),
    Case("A browser that submits a native app's flow", 400, body=sent(traits={"email": "ada@example.org"}),
         headers={**JSON, "Origin": "https://evil.example.org"}),
    Case("Submit without a flow", 400, path=REGISTRATION, body=sent(), headers=JSON),
    Case("Submit to a flow that never was", 404, path=f"{REGISTRATION}?flow={NOBODY}", body=sent(), headers=JSON),
    Case("Fetch a flow that never was", 404, f"{REGISTRATION}/flows?id={NOBODY}", "GET"),
    Case("Fetch a flow whose id is no id", 404, f"{REGISTRATION}/flows?id=' OR 1=1 --".replace(" ", "%20"), "GET"),
    Case("Start with a foreign `return_to`", 400, f"{REGISTRATION}/browser?return_to=https://evil.example.org/", "GET"),
    Case("Start with a schema that is not offered", 400, f"{REGISTRATION}/api?identity_schema=staff", "GET"),
    Case("A schema that is not there", 404, "/schemas/nope", "GET"),
    Case("`whoami` with an invented token", 401, "/sessions/whoami", "GET", headers={"X-Session-Token": "a" * 40}),
    Case("`whoami` with an invented cookie", 401, "/sessions/whoami", "GET",
         headers={"Cookie": "ory_kratos_session=" + "a" * 200}),
    Case("A stored error that is not there", 404, f"/self-service/errors?id={NOBODY}", "GET"),
    Case("A path that is not there", 404, "/nothing", "GET"),
    Case("A method that the path does not have", 405, REGISTRATION, "DELETE"),
    Case("A path of 70,000 letters", 400, "/" + "a" * 70_000, "GET"),
)  # fmt: skip


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all of them: what one request breaks, the next one would show."""
    folder = tmp_path_factory.mktemp("bad-requests")
    server = Server(folder, f"dsn: sqlite://{folder}/doorward.sqlite\n", "--dev")
    with running(server):
        yield server


def flow_of(server: Server) -> str:
    return str(request("GET", f"{server.public}{REGISTRATION}/api").body["id"])


def assert_clean(server: Server, answer: Answer) -> None:
    """Nothing of the inside in answer or log."""
    for text in (json.dumps(answer.body), server.log.read_text()):
        assert "Traceback" not in text
        assert PASSWORD not in text
        assert 'File \\"' not in text
        assert "level=error" not in text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_bad_request_is_answered_and_nothing_breaks(target: Server, case: Case) -> None:
    path = case.path.format(flow=flow_of(target)) if "{flow}" in case.path else case.path
    answer = exchange(target.public, case.method, path, case.body, case.headers)
    assert answer.status == case.status, answer.body
    assert_clean(target, answer)
    require_row(case.what, answer.status, told(answer.body))


def test_nobody_was_signed_up_by_any_of_them(target: Server) -> None:
    assert target.told("identities", "list") == []
    assert target.sign_up("ada@example.org").status == 200


@pytest.mark.parametrize(
    "junk",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_hung_up(target: Server, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", target.public_port), timeout=20) as connection:
        connection.sendall(junk)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    require_row("Something that is not HTTP", 400, answer.rpartition(b"\r\n\r\n")[2].decode())


def test_a_body_that_never_ends_is_cut_off(target: Server) -> None:
    """Chunked, so that no length gives it away."""
    path = f"{REGISTRATION}?flow={flow_of(target)}"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    answer = b""
    with socket.create_connection(("127.0.0.1", target.public_port), timeout=20) as connection:
        try:
            connection.sendall(head.encode())
            for _ in range(400):
                connection.sendall(chunk)
        except ConnectionError:
            pass
        try:
            answer = connection.recv(4096)
        except ConnectionError:
            return
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]


def test_paths_that_want_out_lead_to_this_server_only(target: Server) -> None:
    for path in (
        "//evil.example.org/..",
        "/%2e%2e//evil.example.org",
        "/\\evil.example.org",
        "/..//\\evil.example.org",
    ):
        answer = exchange(target.public, "GET", path)
        location = answer.headers.get("location", "/")
        assert location.startswith("/"), path
        assert not location.startswith(("//", "/\\")), path


def test_a_browser_without_its_cookie_is_refused(target: Server) -> None:
    started = exchange(target.public, "GET", f"{REGISTRATION}/browser")
    cookie = started.headers["set-cookie"].partition(";")[0]
    token = next(node["attributes"]["value"] for node in started.body["ui"]["nodes"]
                 if node["attributes"].get("name") == "csrf_token")  # fmt: skip
    path = f"{REGISTRATION}?flow={started.body['id']}"
    given = {"traits": {"email": "csrf@example.org"}}
    without = exchange(target.public, "POST", path, sent(csrf_token=token, **given), JSON)
    wrong = exchange(target.public, "POST", path, sent(csrf_token="x" * 88, **given), {**JSON, "Cookie": cookie})
    for answer, what in (
        (without, "A browser's form without its cookie"),
        (wrong, "A browser's form with another token"),
    ):
        assert_clean(target, answer)
        require_row(what, answer.status, told(answer.body))
        assert answer.status == 403
    done = exchange(target.public, "POST", path, sent(csrf_token=token, **given), {**JSON, "Cookie": cookie})
    assert done.status == 200


def test_an_expired_flow_is_gone_and_names_the_one_that_takes_its_place(tmp_path: Path) -> None:
    short = "selfservice: {flows: {registration: {lifespan: 1ms}}}"
    server = Server(tmp_path, f"dsn: sqlite://{tmp_path}/doorward.sqlite\n{short}\n", "--dev")
    with running(server):
        flow = flow_of(server)
        fetched = exchange(server.public, "GET", f"{REGISTRATION}/flows?id={flow}")
        submitted = exchange(server.public, "POST", f"{REGISTRATION}?flow={flow}", sent(), JSON)
        for answer, what in ((fetched, "Fetch an expired flow"), (submitted, "Submit an expired flow")):
            assert answer.status == 410
            assert_clean(server, answer)
            code = answer.body["error"]["id"]
            require_row(what, answer.status, f"`{code}`")
        assert submitted.body["use_flow_id"] != flow
