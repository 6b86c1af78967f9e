"""Runs the hooks of a flow that have their say before anything is stored. No transaction is open here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from doorward.errors import InvalidInput
from doorward.flows.contract import Effect, HookContext, HookSource, HookTable, InFlowHook, Veto
from doorward.flows.form import FormProblem
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowKind
from doorward.flows.violations import problems_of
from doorward.identities.draft import Draft
from doorward.identities.schema import InvalidTraits, UnknownSchema

AFTER, BEFORE = "after", "before"

See = Callable[[Draft], Mapping[str, Any]]
Redraft = Callable[[Draft, Mapping[str, Any]], Draft]


class HookRefused(InvalidInput):
    """This cannot be started at the moment."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Nobody objected: the identity as the hooks left it, and what they want in the answer."""

    draft: Draft
    effects: frozenset[Effect]


class HookRunner:
    """Finds the hooks of a moment and runs them in order."""

    def __init__(self, table: HookTable, source: HookSource) -> None:
        self._table = table
        self._source = source

    async def before(self, flow: Flow, context: Mapping[str, Any]) -> None:
        """The `before` hooks of a new flow. Raises HookRefused with the first veto's words.

        There is no form yet that could show messages; Kratos answers with an error, too.
        """
        for hook in self._hooks(flow.kind, BEFORE, None):
            verdict = await hook.run(HookContext(flow, context))
            if isinstance(verdict, Veto):
                texts = " ".join(problem.message.text for problem in verdict.problems)
                raise HookRefused(texts or None, messages=[each.message.to_json() for each in verdict.problems])

    async def after(
        self, flow: Flow, method: str, draft: Draft, see: See, redraft: Redraft, words: Words
    ) -> Asked | Veto:
        """The `after` hooks of a submit; each sees the identity as those before it left it."""
        effects: set[Effect] = set()
        for hook in self._hooks(flow.kind, AFTER, method):
            effects |= hook.effects
            verdict = await hook.run(HookContext(flow, see(draft)))
            if isinstance(verdict, Veto):
                return verdict
            if verdict.patch:
                patched = _patched(draft, verdict.patch, redraft, words)
                if isinstance(patched, Veto):
                    return patched
                draft = patched
        return Asked(draft, frozenset(effects))

    async def after_login(self, flow: Flow, method: str, context: Mapping[str, Any]) -> Veto | None:
        """The `after` hooks of a sign-in, before the session is stored."""
        for hook in self._hooks(flow.kind, AFTER, method):
            verdict = await hook.run(HookContext(flow, context))
            if isinstance(verdict, Veto):
                return verdict
        return None

    def _hooks(self, kind: FlowKind, phase: str, method: str | None) -> list[InFlowHook]:
        return [self._source.hook(entry) for entry in self._table.in_flow_hooks(kind, phase, method)]


def _patched(draft: Draft, patch: Mapping[str, Any], redraft: Redraft, words: Words) -> Draft | Veto:
    """A patch that the schema refuses is shown like a mistake of the person's own (as in Kratos)."""
    try:
        return redraft(draft, patch)
    except InvalidTraits as invalid:
        return Veto(problems_of(invalid.violations, patch.get("traits"), words))
    except UnknownSchema as unknown:
        return Veto((FormProblem(None, words.say(4000001, {"reason": str(unknown)})),))
