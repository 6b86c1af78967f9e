"""Runs the hooks of a flow that have their say before anything is stored. No transaction is open here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.errors import InvalidInput
from doorward.flows.contract import Detour, Effect, HookContext, HookSource, HookTable, InFlowHook, Veto, Wish
from doorward.flows.errors import WebHookBroken, web_hook_broken
from doorward.flows.form import FormProblem
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowKind, FlowType
from doorward.flows.violations import problems_of
from doorward.identities.draft import Draft
from doorward.identities.model import Identity
from doorward.identities.normalise import is_email
from doorward.identities.patch import apply_patch
from doorward.identities.schema import InvalidTraits, UnknownSchema

AFTER, BEFORE = "after", "before"

See = Callable[[Draft], Mapping[str, Any]]
SeePerson = Callable[[Identity], Mapping[str, Any]]
Redraft = Callable[[Draft], Draft]


class HookRefused(InvalidInput):
    """This cannot be started at the moment."""


@dataclass(frozen=True, slots=True)
class Objection(Veto):
    """A hook's veto, and the person as the hooks in front left them: so the form shows them (as in Kratos)."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class PatchRefused(Veto):
    """A hook's own change is what the schema refuses."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Nobody objected: the identity as the hooks left it, and what they want besides."""

    draft: Draft
    effects: frozenset[Wish]


@dataclass(frozen=True, slots=True)
class Detoured:
    """Something has to be done first: what, and the identity as the hooks in front left it."""

    detour: Detour
    draft: Draft


@dataclass(frozen=True, slots=True)
class AskedPerson:
    """Nobody objected: the person as the hooks left them, to be shown and never stored, and what they want besides."""

    identity: Identity = field(repr=False)
    effects: frozenset[Wish]


@dataclass(frozen=True, slots=True)
class DetouredPerson:
    """Something has to be done first: what, and the person as the hooks in front left them."""

    detour: Detour
    identity: Identity = field(repr=False)


class HookRunner:
    """Finds the hooks of a moment and runs them in order."""

    def __init__(self, table: HookTable, source: HookSource) -> None:
        self._table = table
        self._source = source

    async def before(self, flow: Flow, see: Callable[[], Mapping[str, Any]], *, is_submit: bool = False) -> None:
        """The `before` hooks of a new flow; with `is_submit` of one that is the answer to another's submit.

        Raises HookRefused with the first veto's words, WebHookFailed.

        There is no form yet that could show messages; Kratos answers with an error, too. Nobody is there to be
        changed, so a patch is nothing (Kratos crashes). `see` makes their context, where there is one to see it.
        """
        for hook in self._hooks(flow.kind, BEFORE, None):
            try:
                verdict = await hook.run(HookContext(flow, see()))
            except WebHookBroken as broken:
                # At the start of a flow Kratos tells another status to apps that sign in, and to nobody else.
                is_native = _is_app_that_signs_in(flow)
                raise (web_hook_broken(flow) if is_submit else WebHookBroken(is_native=is_native)) from broken
            if isinstance(verdict, Veto):
                texts = " ".join(problem.message.text for problem in verdict.problems)
                raise HookRefused(texts or None, messages=[each.message.to_json() for each in verdict.problems])

    async def after(
        self,
        flow: Flow,
        method: str,
        draft: Draft,
        see: See,
        redraft: Redraft,
        words: Words,
        before: Identity | None = None,
    ) -> Asked | Objection | PatchRefused | Detoured:
        """The `after` hooks of a submit that stores a person; each sees the identity as those before it left it.

        What they make of it is judged when the last one has spoken (as in Kratos): a later one may mend what one before
        it has put in. `before` is the person as stored, where there is one already.
        """
        effects: set[Wish] = set()
        wanted, seen, detour = draft.identity, draft, None
        for hook in self._hooks(flow.kind, AFTER, method):
            verdict = await hook.run(HookContext(flow, see(seen), before, wanted))
            if isinstance(verdict, Veto):
                return Objection(verdict.problems, seen)
            if isinstance(verdict, Detour):
                detour = verdict
                break
            effects |= hook.effects
            if verdict.patch:
                seen = replace(seen, identity=apply_patch(seen.identity, verdict.patch, wanted.updated_at))
        checked = seen if seen is draft else _checked(seen, redraft, words)
        if isinstance(checked, PatchRefused):
            return checked
        return Asked(checked, frozenset(effects)) if detour is None else Detoured(detour, checked)

    async def after_person(
        self,
        flow: Flow,
        method: str,
        identity: Identity,
        see: SeePerson,
        begun: Callable[[Identity], Identity] | None = None,
    ) -> AskedPerson | Veto | DetouredPerson:
        """The `after` hooks of a submit that stores no person: signing in, recovery, verification.

        Patches are seen by later hooks and in the answer, as in Kratos, and never stored. `begun` is the person once
        their verification has begun, for the hooks behind the one that begins it.
        """
        effects: set[Wish] = set()
        for hook in self._hooks(flow.kind, AFTER, method):
            person = begun(identity) if begun and Effect.START_VERIFICATION in effects else identity
            verdict = await hook.run(HookContext(flow, see(person), person))
            if isinstance(verdict, Veto):
                return verdict
            if isinstance(verdict, Detour):
                return DetouredPerson(verdict, identity)
            effects |= hook.effects
            if verdict.patch:
                identity = apply_patch(identity, verdict.patch, identity.updated_at)
        return AskedPerson(identity, frozenset(effects))

    def wishes(self, kind: FlowKind, method: str) -> frozenset[Wish]:
        """What the hooks of a submit want besides, when they have been asked before."""
        return frozenset(wish for hook in self._hooks(kind, AFTER, method) for wish in hook.effects)

    def _hooks(self, kind: FlowKind, phase: str, method: str | None) -> list[InFlowHook]:
        return [self._source.hook(entry) for entry in self._table.in_flow_hooks(kind, phase, method)]


def _is_app_that_signs_in(flow: Flow) -> bool:
    return flow.kind is FlowKind.LOGIN and flow.type is FlowType.API


def _checked(draft: Draft, redraft: Redraft, words: Words) -> Draft | PatchRefused:
    """What the schema refuses of a patch is shown like a mistake of the person's own (as in Kratos)."""
    try:
        return redraft(draft)
    except InvalidTraits as invalid:
        problems = problems_of(invalid.violations, draft.identity.traits, words)
        return PatchRefused(tuple(each for problem in problems for each in (problem, *_again(problem, words))))
    except UnknownSchema as unknown:
        return PatchRefused((FormProblem(None, words.say(4000001, {"reason": str(unknown)})),))


def _again(problem: FormProblem, words: Words) -> tuple[FormProblem, ...]:
    """What is no e-mail address is none for the list of addresses either: Kratos says so twice, of a patch only."""
    if problem.message.id != 4000040:
        return ()
    context = problem.message.context or {}
    if is_email(str(context.get("value", "")).strip()):
        return (problem,)
    return (replace(problem, message=words.say(4000001, {"reason": "This is no e-mail address."})),)
