"""Passwords that only an older system knows: asked for once, kept when right, and told to nobody else."""

import base64
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson
import pytest
from aiohttp import web

from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.clock import MovableClock
from doorward.flows.answers import Answer, Done
from doorward.flows.errors import MigrationUnreachable, WebHookFailed
from doorward.flows.model import FlowKind, FlowType
from doorward.identities.store import find_by_identifier
from doorward.methods.password_login import PasswordMigrationMissing
from doorward.methods.password_migration import MigrationTools, PasswordMigration, migration_settings
from doorward.observability.logging import Log
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from flows_house import PASSWORD, House, MakeHouse, configuration
from http_target import Target, serve_target
from proof_house import Proving, said

ADA, WRONG = "ada@example.org", "a-wrong-password-1"
OLD = "the-old-systems-own-password"
BODY = "function(ctx) { name: ctx.identifier, secret: ctx.password, who: ctx.identity.traits.email, of: ctx.flow.type }"
Make = Callable[..., PasswordMigration]


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """An older system that knows OLD."""

    def judge(request: web.Request) -> web.Response:
        given = orjson.loads(found.seen[-1].body)
        return web.json_response({"status": "password_match" if OLD in given.values() else "no"})

    async with serve_target() as found:
        found.answers["/check"] = judge
        yield found


@pytest.fixture
async def make_migration(target: Target, clock: MovableClock) -> AsyncIterator[Make]:
    egress, sandbox, pauses = Egress(EgressPolicy(allow_private=True)), Sandbox(1), list[float]()
    await egress.start()
    await sandbox.start()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    def make(path: str = "/check", **config: Any) -> PasswordMigration:
        settings = migration_settings({"url": target.url(path), **config}, "migrate_hook.config")
        assert isinstance(settings, WebHookSettings), settings
        templates, base_url = TemplateSource(egress, clock), "http://127.0.0.1:4433/"
        return PasswordMigration(
            settings,
            MigrationTools(egress, sandbox, templates, Log("methods"), clock, base_url, ("User-Agent",), sleep),
        )

    yield make
    await sandbox.close()
    await egress.close()


@pytest.fixture
def migration(make_migration: Make, request: pytest.FixtureRequest) -> PasswordMigration | None:
    """As `@pytest.mark.parametrize("migration", …, indirect=True)` says; None for none."""
    config: Mapping[str, Any] | None = getattr(request, "param", {})
    return None if config is None else make_migration(**config)


async def imported(house: House, config: Mapping[str, Any] | None = None) -> None:
    """Ada, as an import left her."""
    await house.client(FlowType.API).sign_up(ADA)
    config = {"hashed_password": "", "use_password_migration_hook": True} if config is None else config
    await house.database.transaction(
        lambda tx: tx.execute("UPDATE credentials SET config = :config WHERE type = 'password'", {"config": config})
    )


async def sign_in(house: House, password: str, identifier: str = ADA) -> Answer:
    visitor = Proving(house, FlowKind.LOGIN, house.client(FlowType.API))
    return await visitor.submit(await visitor.start(), method="password", identifier=identifier, password=password)


async def kept(house: House) -> Mapping[str, Any]:
    found = await find_by_identifier(house.database.reader, "password", ADA, with_credentials=True)
    assert found is not None
    return found.credentials["password"].config


async def test_what_the_older_system_knows_is_kept_and_it_is_not_asked_again(
    make_house: MakeHouse, target: Target
) -> None:
    house = await make_house(configuration("session"))
    await imported(house)
    assert isinstance(await sign_in(house, OLD, "Ada@Example.org"), Done)
    (seen,) = target.seen
    assert (seen.method, orjson.loads(seen.body)) == ("POST", {"identifier": "Ada@Example.org", "password": OLD})
    assert seen.headers["content-type"] == "application/json"
    assert [*await kept(house)] == ["hashed_password"]
    assert isinstance(await sign_in(house, OLD), Done)
    assert said(await sign_in(house, WRONG)) == [4000006]
    assert len(target.seen) == 1


async def test_what_it_does_not_know_is_wrong_and_kept_nowhere(make_house: MakeHouse, target: Target) -> None:
    house = await make_house(configuration("session"))
    await imported(house)
    before = await kept(house)
    assert said(await sign_in(house, WRONG)) == [4000006]
    assert await kept(house) == before
    assert len(target.seen) == 1


async def test_wrong_guesses_count_as_everywhere(make_house: MakeHouse, target: Target) -> None:
    house = await make_house(configuration("session"))
    await imported(house)
    await sign_in(house, WRONG)
    assert await house.count("throttle_counts") == 3


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: web.json_response({"status": "password_match"}, status=403),
        lambda _: web.json_response({"status": "no"}),
        lambda _: web.json_response(["password_match"]),
        lambda _: web.Response(text="password_match"),
        lambda _: web.Response(text=" " * 1024 + '{"status":"password_match"}'),
    ],
)
async def test_answers_that_mean_no(make_house: MakeHouse, target: Target, answer: Any) -> None:
    target.answers["/check"] = answer
    house = await make_house(configuration("session"))
    await imported(house)
    assert said(await sign_in(house, OLD)) == [4000006]
    assert len(target.seen) == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"Status": "password_match"}',
        '{"status":"password_match"} and more',
        '{"status":"password_match"}' + "!" * 2000,
    ],
)
async def test_the_first_value_counts_and_its_key_in_any_case(make_house: MakeHouse, target: Target, text: str) -> None:
    target.answers["/check"] = lambda _: web.Response(text=text)
    house = await make_house(configuration("session"))
    await imported(house)
    assert isinstance(await sign_in(house, OLD), Done)


@pytest.mark.parametrize("status", [201, 400, 404, 501])
async def test_answers_that_mean_nothing_are_the_older_systems_fault(
    make_house: MakeHouse, target: Target, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    target.answers["/check"] = lambda _: web.json_response({"status": "password_match"}, status=status)
    house = await make_house(configuration("session"))
    await imported(house)
    with caplog.at_level(logging.DEBUG), pytest.raises(WebHookFailed) as refused:
        await sign_in(house, OLD)
    assert "improperly" in refused.value.safe_text()
    assert len(target.seen) == 1
    assert "password_migration_failed" in caplog.text
    assert OLD not in caplog.text
    assert OLD not in repr(refused.value)
    assert await house.count("throttle_counts") == 0


@pytest.mark.parametrize("migration", [{"path": "/fails"}, {"path": "/drop"}], indirect=True)
async def test_who_does_not_answer_is_asked_three_times(make_house: MakeHouse, target: Target) -> None:
    target.answers["/fails"] = lambda _: web.Response(status=503)
    house = await make_house(configuration("session"))
    await imported(house)
    with pytest.raises(MigrationUnreachable) as refused:
        await sign_in(house, OLD)
    assert "could not be reached" in refused.value.safe_text()
    assert len(target.seen) == 3


@pytest.mark.parametrize("migration", [None], indirect=True)
async def test_without_a_hook_it_is_the_operators_mistake(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    await imported(house)
    with pytest.raises(PasswordMigrationMissing):
        await sign_in(house, OLD)


async def test_a_hash_that_is_there_counts(make_house: MakeHouse, target: Target, hasher: Any) -> None:
    house = await make_house(configuration("session"))
    await imported(house, {"hashed_password": await hasher.hash(PASSWORD), "use_password_migration_hook": True})
    assert isinstance(await sign_in(house, PASSWORD), Done)
    assert said(await sign_in(house, OLD)) == [4000006]
    assert target.seen == []


@pytest.mark.parametrize("migration", [{"body": "base64://" + base64.b64encode(BODY.encode()).decode()}], indirect=True)
async def test_a_template_sees_the_person_and_what_was_typed(make_house: MakeHouse, target: Target) -> None:
    house = await make_house(configuration("session"))
    await imported(house)
    assert isinstance(await sign_in(house, OLD), Done)
    assert orjson.loads(target.seen[0].body) == {"name": ADA, "secret": OLD, "who": ADA, "of": "api"}


async def test_a_password_too_long_to_be_kept_signs_in_all_the_same(make_house: MakeHouse, target: Target) -> None:
    target.answers["/check"] = lambda _: web.json_response({"status": "password_match"})
    house = await make_house(configuration("session"))
    await imported(house)
    assert isinstance(await sign_in(house, "x" * 100), Done)
    assert (await kept(house))["use_password_migration_hook"] is True
