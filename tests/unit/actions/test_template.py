"""Templates from files, base64 and the web: what is read, kept, refused."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from doorward.actions.template import LIMIT_BYTES, Template, TemplateInvalid, TemplateSource, TemplateUnavailable
from doorward.clock import MovableClock
from doorward.security.egress import Egress, EgressPolicy
from http_target import Target, serve_target

TEXT = "function(ctx) { naïve: true }"


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with serve_target() as found:
        yield found


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    found = Egress(EgressPolicy(allow_private=True))
    await found.start()
    yield found
    await found.close()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def source(egress: Egress, clock: MovableClock) -> TemplateSource:
    return TemplateSource(egress, clock)


async def test_files(source: TemplateSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a template.jsonnet"
    file.write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    for uri in (f"file://{file}", f"file://{tmp_path}/a%20template.jsonnet", "file://./a template.jsonnet", str(file)):
        assert await source.load(uri) == TEXT
    file.write_text("changed")
    assert await source.load("./a template.jsonnet") == "changed"
    (tmp_path / "a%20template.jsonnet").write_text("its name has a percent sign")
    assert await source.load("file://./a%20template.jsonnet") == "its name has a percent sign"


async def test_base64(source: TemplateSource) -> None:
    assert await source.load("base64://" + base64.b64encode(TEXT.encode()).decode()) == TEXT


@pytest.mark.parametrize(
    "uri",
    [
        "file:///nowhere/at/all.jsonnet",
        "./nowhere.jsonnet",
        "ftp://example.org/x",
        "file:///",
        "file://\x00",
        "base64://###",
        "base64://e30",
        "base64://" + base64.b64encode(b"\xff\xfe").decode(),
        "base64://" + base64.b64encode(b" " * (LIMIT_BYTES + 1)).decode(),
        "http://169.254.169.254/x",
    ],
)
async def test_what_is_no_template(source: TemplateSource, uri: str) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        await source.load(uri)
    assert len(str(caught.value)) < 200


async def test_the_web_is_asked_once_an_hour(source: TemplateSource, target: Target, clock: MovableClock) -> None:
    target.answers["/t"] = lambda _: web.Response(text=TEXT)
    for _ in range(2):
        assert await source.load(target.url("/t")) == TEXT
    assert len(target.seen) == 1
    clock.move(hours=1)
    target.answers["/t"] = lambda _: web.Response(text="new")
    assert await source.load(target.url("/t")) == "new"
    assert len(target.seen) == 2


async def test_a_kept_template_outlives_an_outage(source: TemplateSource, target: Target, clock: MovableClock) -> None:
    target.answers["/t"] = lambda _: web.Response(text=TEXT)
    await source.load(target.url("/t"))
    target.answers["/t"] = lambda _: web.Response(status=500)
    clock.move(hours=2)
    assert await source.load(target.url("/t")) == TEXT


async def test_answers_that_are_no_template(source: TemplateSource, target: Target) -> None:
    target.answers["/missing"] = lambda _: web.Response(status=404, text="secret")
    with pytest.raises(TemplateUnavailable) as unavailable:
        await source.load(target.url("/missing?token=secret"))
    assert "secret" not in str(unavailable.value)
    target.answers["/big"] = lambda _: web.Response(text=" " * (LIMIT_BYTES + 1))
    with pytest.raises(TemplateInvalid):
        await source.load(target.url("/big"))


async def test_versions_name_the_text(source: TemplateSource) -> None:
    loaded = await source.load_template("base64://" + base64.b64encode(b"{}").decode())
    assert loaded == Template("{}")
    assert loaded.version == "44136fa355b3678a"
    assert loaded.version != Template("{ }").version
