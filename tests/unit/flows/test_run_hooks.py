"""Hooks in their order: who is asked, what the next one sees, what stops a flow."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from doorward.actions.hooks import HookEntry
from doorward.clock import MovableClock
from doorward.flows.contract import Detour, Effect, HookContext, Proceed, Veto, Wish
from doorward.flows.form import FormProblem
from doorward.flows.messages import Catalogue, Message
from doorward.flows.model import FlowKind
from doorward.flows.run_hooks import Asked, AskedPerson, Detoured, HookRefused, HookRunner, Objection, PatchRefused
from doorward.flows.words_en import ENGLISH
from doorward.identities.draft import Draft, NewIdentity
from doorward.identities.model import Identity
from doorward.identities.render import public_identity
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import IdentityService
from flows_house import BASE, SCHEMA, EventRows
from fresh_flow import fresh_flow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = Catalogue(ENGLISH).words("en")
NO = Veto((FormProblem("traits.email", Message(9, "no", "error", None)),))
SCHEMAS = SchemaRegistry([IdentitySchema("person", "", SCHEMA)], "person")
SERVICE = IdentityService(SCHEMAS, EventRows(), MovableClock())


@dataclass
class Hook:
    """Says what it is told to, and keeps what it saw."""

    verdict: Proceed | Veto | Detour = field(default_factory=Proceed)
    effects: frozenset[Wish] = frozenset()
    seen: list[HookContext] = field(default_factory=list)

    async def run(self, context: HookContext) -> Proceed | Veto | Detour:
        self.seen.append(context)
        return self.verdict


@dataclass
class Hooks:
    """A list that counts for everything, and its hooks."""

    hooks: tuple[Hook, ...]

    def in_flow_hooks(self, flow_kind: str, phase: str, method: str | None) -> tuple[HookEntry, ...]:
        return tuple(HookEntry("hook", {}, str(place)) for place in range(len(self.hooks)))

    def hook(self, entry: HookEntry) -> Hook:
        return self.hooks[int(entry.path)]


def runner(*hooks: Hook) -> HookRunner:
    made = Hooks(hooks)
    return HookRunner(made, made)


def see(draft: Draft) -> Mapping[str, Any]:
    return {"identity": public_identity(draft.identity, BASE)}


def ada() -> Draft:
    return SERVICE.draft(NewIdentity("person", {"email": "ada@example.org"}))


async def asked(*hooks: Hook, person: Identity | None = None) -> Asked | Veto | Detoured:
    return await runner(*hooks).after(fresh_flow(), "password", ada(), see, SERVICE.redraft, WORDS, person)


async def test_each_sees_what_those_before_have_put_in() -> None:
    first, second = Hook(Proceed({"metadata_public": {"n": 1}}), frozenset({Effect.REVOKE_OTHERS})), Hook()
    found = await asked(first, second)
    assert isinstance(found, Asked)
    assert first.seen[0].values["identity"]["metadata_public"] is None
    assert second.seen[0].values["identity"]["metadata_public"] == {"n": 1}
    assert found.draft.identity.metadata_public == {"n": 1}
    assert found.effects == {Effect.REVOKE_OTHERS}


async def test_what_a_person_asked_for_is_told_apart_from_what_hooks_put_in() -> None:
    guard = Hook()
    person = replace(ada().identity, id=UUID(int=7))
    await asked(Hook(Proceed({"traits": {"email": "eve@example.org"}})), guard, person=person)
    context = guard.seen[0]
    assert context.person is person
    assert context.wanted is not None
    assert context.wanted.traits == {"email": "ada@example.org"}


@pytest.mark.parametrize("verdict", [NO, Detour.CONFIRM_ADDRESS])
async def test_nobody_is_asked_behind_an_objection(verdict: Veto | Detour) -> None:
    later = Hook()
    found = await asked(Hook(verdict), later)
    if isinstance(verdict, Detour):
        assert isinstance(found, Detoured)
        assert found.detour is verdict
    else:
        assert isinstance(found, Objection)
        assert found.problems == verdict.problems
    assert later.seen == []


@pytest.mark.parametrize(
    ("email", "ids"), [("broken", [4000040, 4000001]), (" ada@example.org ", [4000040, 4000040]), (5, [4000026])]
)
async def test_a_patch_that_the_schema_refuses(email: object, ids: list[int]) -> None:
    found = await asked(Hook(Proceed({"traits": {"email": email}})))
    assert isinstance(found, PatchRefused)
    assert [(each.node, each.message.id) for each in found.problems] == [("traits.email", each) for each in ids]


async def test_patches_are_judged_when_the_last_hook_has_spoken() -> None:
    mended = {"traits": {"email": "eve@example.org"}}
    second, third = Hook(Proceed(mended)), Hook()
    found = await asked(Hook(Proceed({"traits": {"email": "broken"}, "state": "inactive"})), second, third)
    assert second.seen[0].values["identity"]["traits"] == {"email": "broken"}
    # The addresses follow only then.
    assert third.seen[0].values["identity"]["verifiable_addresses"][0]["value"] == "ada@example.org"
    assert isinstance(found, Asked)
    assert found.draft.identity.verifiable_addresses[0].value == "eve@example.org"
    assert found.draft.identity.state == "inactive"


@pytest.mark.parametrize("verdict", [NO, Detour.CONFIRM_ADDRESS])
async def test_what_is_said_of_a_patch_that_the_schema_would_refuse(verdict: Veto | Detour) -> None:
    found = await asked(Hook(Proceed({"traits": {"email": "broken"}})), Hook(verdict))
    if isinstance(verdict, Detour):
        assert isinstance(found, PatchRefused)
    else:
        assert isinstance(found, Objection)
        assert found.draft.identity.traits == {"email": "broken"}


async def test_a_patch_to_a_schema_that_is_not_there() -> None:
    found = await asked(Hook(Proceed({"schema_id": "nobody"})))
    assert isinstance(found, PatchRefused)
    assert [(each.node, each.message.id) for each in found.problems] == [(None, 4000001)]


async def test_where_nothing_is_stored_a_patch_is_shown_even_if_the_schema_would_refuse_it() -> None:
    later = Hook()
    person = ada().identity

    def seen(identity: Identity) -> Mapping[str, Any]:
        return {"identity": public_identity(identity, BASE)}

    hooks = runner(Hook(Proceed({"traits": {"nothing": "of it"}})), later)
    found = await hooks.after_person(fresh_flow(FlowKind.LOGIN), "password", person, seen)
    assert isinstance(found, AskedPerson)
    assert found.identity.traits == {"nothing": "of it"}
    assert later.seen[0].values["identity"]["traits"] == {"nothing": "of it"}
    assert person.traits == {"email": "ada@example.org"}


async def test_a_flow_that_a_hook_refuses_to_begin() -> None:
    later = Hook()
    with pytest.raises(HookRefused) as caught:
        await runner(Hook(Proceed({"traits": {}})), Hook(NO), later).before(fresh_flow(), dict)
    assert caught.value.details == {"messages": [{"id": 9, "text": "no", "type": "error"}]}
    assert later.seen == []


def test_wishes_are_known_without_asking() -> None:
    hook = Hook(NO, frozenset({Effect.REVOKE_OTHERS}))
    assert runner(hook).wishes(FlowKind.SETTINGS, "profile") == {Effect.REVOKE_OTHERS}
    assert hook.seen == []
