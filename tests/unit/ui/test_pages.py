"""The pages as a browser without JavaScript gets them, from the first visit to the welcome."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from doorward.clock import MovableClock
from flows_house import PASSWORD
from public_port import HTML, Client, PublicPort, Reply, public_port

EMAIL = "ada@example.org"


class Form(HTMLParser):
    """Collects what a browser would send when the first button is pressed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: list[tuple[str, str]] = []
        self.button: tuple[str, str] | None = None
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.scripts = 0
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.scripts += tag == "script"
        self.handlers += [name for name in found if name.startswith("on")]
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "form":
            self.action = local(found["action"])
        elif tag == "label":
            self.labels.add(found["for"])
        elif tag == "input" and (found["type"] != "checkbox" or "checked" in found):
            self.fields.append((found["name"], found.get("value", "")))
        elif tag == "button" and found["type"] == "submit" and self.button is None:
            self.button = (found["name"], found["value"])

    def filled(self, **values: str) -> list[tuple[str, str]]:
        named = {name.replace("__", "."): value for name, value in values.items()}
        kept = [(name, value) for name, value in self.fields if name not in named or name == "traits.news"]
        assert self.button is not None
        return [*kept, *named.items(), self.button]


def local(url: str) -> str:
    return urlsplit(url)._replace(scheme="", netloc="").geturl()


async def followed(client: Client, url: str) -> Reply:
    """The page at the end of the redirects."""
    reply = await client.get(url, HTML)
    for _ in range(5):
        if reply.status not in (302, 303):
            break
        reply = await client.get(local(reply.header("location")), HTML)
    return reply


async def test_a_person_signs_up(client: Client) -> None:
    page = await followed(client, "/ui/")
    assert page.status == 200
    assert "Create your account" in page.text
    form = Form(page.text)
    sent = form.filled(traits__email=EMAIL, password=PASSWORD, traits__name__first="Ada", traits__news="true")
    done = await client.form(form.action, sent)
    assert (done.status, local(done.header("location"))) == (303, "/ui/welcome")
    welcome = await client.get("/ui/welcome", HTML)
    assert "Welcome, Ada" in welcome.text
    assert EMAIL in welcome.text
    assert "You agreed" in welcome.text
    assert "/login" not in welcome.text
    assert "Welcome" in (await followed(client, "/ui/")).text


async def test_an_unticked_box_is_a_no(client: Client) -> None:
    form = Form((await followed(client, "/ui/registration")).text)
    assert ("traits.news", "false") in form.fields
    await client.form(form.action, form.filled(traits__email=EMAIL, password=PASSWORD))
    assert "You did not agree" in (await client.get("/ui/welcome", HTML)).text


async def test_mistakes_are_told_and_what_was_typed_stays(client: Client) -> None:
    form = Form((await followed(client, "/ui/registration")).text)
    sent = form.filled(traits__email="ada@", password=PASSWORD, traits__name__first="Ada", traits__news="true")
    rejected = await client.form(form.action, sent)
    assert rejected.status == 302
    page = await client.get(local(rejected.header("location")), HTML)
    assert "<title>Error: Create your account" in page.text
    assert 'href="#field-traits-email"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert 'value="ada@"' in page.text
    assert 'value="Ada"' in page.text
    assert PASSWORD not in page.text
    again = Form(page.text)
    assert ("traits.news", "true") in again.fields
    done = await client.form(again.action, again.filled(traits__email=EMAIL, password=PASSWORD))
    assert done.status == 303


async def test_every_field_has_its_label_and_every_id_is_unique(client: Client) -> None:
    form = Form((await followed(client, "/ui/registration")).text)
    fields = {each for each in form.ids if each.startswith("field-") and not each.endswith(("-hint", "-notes"))}
    assert fields == form.labels
    assert len(set(form.ids)) == len(form.ids)


@pytest.mark.parametrize("evil", ['"><script>alert(1)</script>', "{{ 7 * 7 }}", "'onfocus=alert(1) x='"])
async def test_what_was_typed_is_never_markup(client: Client, evil: str) -> None:
    form = Form((await followed(client, "/ui/registration")).text)
    rejected = await client.form(form.action, form.filled(traits__email=evil, password="x", traits__name__first=evil))
    page = Form((await client.get(local(rejected.header("location")), HTML)).text)
    assert dict(page.fields)["traits.email"] == evil
    assert dict(page.fields)["traits.name.first"] == evil
    assert page.scripts == 1
    assert not page.handlers


async def test_an_expired_form_is_replaced(client: Client, clock: MovableClock) -> None:
    first = await client.get("/self-service/registration/browser?return_to=https://app.example.org/x", HTML)
    clock.move(hours=2)
    page = await client.get(local(first.header("location")), HTML)
    assert page.status == 303
    target = "/self-service/registration/browser?return_to=https%3A%2F%2Fapp.example.org%2Fx"
    assert local(page.header("location")) == target


async def test_somebody_elses_form_is_refused(port: PublicPort, client: Client) -> None:
    first = await client.get("/self-service/registration/browser", HTML)
    page = await port.client().get(local(first.header("location")), HTML)
    assert page.status == 403
    assert "could not check that this came from you" in page.text


@pytest.mark.parametrize("flow", ["nope", "11111111-1111-4111-8111-111111111111", "%00", "a" * 3000])
async def test_an_unknown_form_is_gone(client: Client, flow: str) -> None:
    page = await client.get(f"/ui/registration?flow={flow}", HTML)
    assert page.status == 404
    assert 'href="/ui/"' in page.text


async def test_errors_are_explained(client: Client) -> None:
    page = await followed(client, "/self-service/registration/browser?return_to=https://evil.example.net/")
    assert page.status == 200
    assert "This link leads somewhere unexpected" in page.text
    assert "evil.example.net" not in page.text
    assert (await client.get("/ui/error?id=nope", HTML)).status == 404


async def test_nobody_is_welcomed_without_a_session(client: Client) -> None:
    page = await client.get("/ui/welcome", HTML)
    assert (page.status, local(page.header("location"))) == (303, "/ui/login")


async def test_while_the_database_is_away_a_page_says_so(port: PublicPort, client: Client) -> None:
    await port.database.close()
    page = await client.get("/ui/registration?flow=11111111-1111-4111-8111-111111111111", HTML)
    assert page.status >= 500
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert "Traceback" not in page.text


async def test_a_page_weighs_less_than_100_kilobytes(client: Client) -> None:
    page = await followed(client, "/ui/registration")
    weight = len(page.body)
    for url in set(re.findall(r'(?:href|src)="(/ui/static/[^"]+)"', page.text)):
        weight += len((await client.get(html.unescape(url))).body)
    assert weight < 100_000


async def test_files_are_cached_until_they_change(client: Client) -> None:
    page = await followed(client, "/ui/registration")
    url = html.unescape(re.findall(r'href="(/ui/static/style[^"]+)"', page.text)[0])
    current = await client.get(url)
    assert current.header("cache-control") == "public, max-age=31536000, immutable"
    assert not current.headers("vary")
    old = await client.get("/ui/static/style.css?v=old")
    assert old.header("cache-control") == "no-cache"
    same = await client.get(url, {"if-none-match": current.header("etag")})
    assert (same.status, same.body) == (304, b"")
    for name in ("../pages.py", "%2e%2e%2fpages.py", "nothing.css", "__init__.py"):
        assert (await client.get(f"/ui/static/{name}")).status in (307, 404)


async def test_pieces_are_for_development_only(tmp_path: Path, clock: MovableClock, client: Client) -> None:
    assert (await client.get("/ui/pieces", HTML)).status == 200
    folder = tmp_path / "other"
    folder.mkdir()
    secrets = "secrets: {default: [a-secret-of-32-characters-or-more-1]}\n"
    async with public_port(folder, clock, secrets, dev=False) as port:
        assert (await port.client().get("/ui/pieces", HTML)).status == 404


async def test_password_managers_find_the_page_to_change_a_password(port: PublicPort, client: Client) -> None:
    answer = await client.get("/.well-known/change-password")
    assert (answer.status, answer.header("location")) == (303, port.config.selfservice.flows.settings.ui_url)
