"""What an action's template makes of the context, and what it means for the delivery when it makes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from doorward.actions.model import Action
from doorward.actions.rendering import Cancelled, Rendered, RenderResult, TemplateFailed
from doorward.actions.template import Template, TemplateInvalid, TemplateUnavailable
from doorward.actions.worker import SandboxBroken
from doorward.delivery.contract import Discard, Outcome, Pause, Retry, Skip, Snooze

SANDBOX_WAIT_S = 5.0
UNAVAILABLE_WAIT_S = 30.0


class Templates(Protocol):
    """`actions.template.TemplateSource`."""

    async def load_template(self, uri: str) -> Template: ...


class Sandbox(Protocol):
    """`actions.sandbox.Sandbox`."""

    async def render_many(self, template: str, contexts: Sequence[bytes]) -> list[RenderResult]: ...


@dataclass(frozen=True, slots=True)
class Written:
    """The template's output (None where the action has no template) and which text made it."""

    text: str | None = field(repr=False)
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Unwritten:
    """No output."""

    outcome: Outcome
    version: str | None = None


class Renderer:
    """Loads and renders templates."""

    def __init__(self, templates: Templates, sandbox: Sandbox) -> None:
        self._templates = templates
        self._sandbox = sandbox

    async def render(self, action: Action, contexts: Sequence[bytes]) -> list[Written | Unwritten]:
        """For each context (the JSON text of `ctx`), in their order. The template is read once."""
        if action.template is None:
            return [Written(None) for _ in contexts]
        try:
            template = await self._templates.load_template(action.template)
            results = await self._sandbox.render_many(template.text, contexts)
        except TemplateInvalid as error:
            # The definition is wrong, not the person: the queue waits for whoever mends it.
            reason = f"{error} Correct it and resume the action."
            outcome = Snooze("template_invalid", reason, UNAVAILABLE_WAIT_S, _paused(reason))
        except TemplateUnavailable as error:
            outcome = Snooze("template_unavailable", str(error), UNAVAILABLE_WAIT_S)
        except SandboxBroken as error:
            outcome = Snooze("sandbox_broken", str(error), SANDBOX_WAIT_S)
        else:
            version = template.version
            return [_judge(each, version) for each in results]
        return [Unwritten(outcome) for _ in contexts]


def _judge(result: RenderResult, version: str) -> Written | Unwritten:
    match result:
        case Rendered(text=text):
            return Written(text, version)
        case Cancelled(note=note):
            return Unwritten(Skip("template_cancelled", f"The template decided not to send it: {note}."), version)
        case TemplateFailed(reason=reason, kind="wall"):
            return Unwritten(Retry("template_wall", reason), version)
        case TemplateFailed(reason=reason, kind=kind):
            step = "Correct the template, then replay the delivery."
            return Unwritten(Discard(f"template_{kind}", f"{reason} {step}"), version)


def _paused(reason: str) -> Pause:
    return Pause("action", "template_invalid", reason)
