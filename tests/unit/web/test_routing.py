"""Paths that nothing serves, and methods that are not allowed."""

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.web.responses import redirect, text_answer
from doorward.web.routing import Routes, cleaned
from public_port import JSON, Client, call


async def echo(request: Request) -> Response:
    return text_answer(str(request.path_params), 200)


ROUTES = Routes(
    [Route("/a", echo), Route("/a", echo, methods=["POST"]), Route("/b/{id}", echo), Route("/c/{rest:path}", echo)]
)


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("/a/b", "/a/b"),
        ("/a//b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/./b/", "/a/b/"),
        ("/../../x", "/x"),
        ("//", "/"),
        ("/.well-known/x", "/.well-known/x"),
    ],
)
def test_paths_are_cleaned(path: str, clean: str) -> None:
    assert cleaned(path) == clean


async def test_an_unclean_path_is_redirected_with_its_query() -> None:
    answer = await call(ROUTES, "GET", "/a/../b/1?x=1", JSON)
    assert (answer.status, answer.header("location")) == (307, "/b/1?x=1")


async def test_a_cleaned_path_leads_to_no_other_host() -> None:
    answer = await call(ROUTES, "GET", "/..//\\evil.example.org/%3Fa", JSON)
    assert answer.header("location") == "/%5Cevil.example.org/%3Fa"


async def test_what_is_not_there_is_plain_text() -> None:
    answer = await call(ROUTES, "GET", "/a/", JSON)
    assert (answer.status, answer.header("content-type")) == (404, "text/plain; charset=utf-8")


async def test_a_wrong_method_is_told_all_the_right_ones() -> None:
    answer = await call(ROUTES, "PUT", "/a", JSON)
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, POST")


async def test_an_escaped_slash_stays_in_its_segment() -> None:
    assert (await call(ROUTES, "GET", "/b/in%2Fline%20x", JSON)).text == "{'id': 'in%2Fline x'}\n"
    assert (await call(ROUTES, "GET", "/b/in/line", JSON)).status == 404


async def test_an_odd_method_is_refused_with_the_whole_list(client: Client) -> None:
    answer = await client.call("BREW", "/sessions/whoami")
    assert answer.status == 405
    assert answer.header("allow") == "CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE"


@pytest.mark.parametrize("evil", ["/x\r\nset-cookie: a=b", "/x y", "/ü", "/\x00"])
async def test_a_location_cannot_break_out_of_its_header(evil: str) -> None:
    async def app(request: Request) -> Response:
        return redirect(request, evil)

    answer = await call(Routes([Route("/", app)]), "GET", "/", JSON)
    assert answer.header("location").isascii()
    assert not set(answer.header("location")) & set("\r\n \x00")
    assert "<script" not in answer.text
