"""What a template is given to work with and what may come of it, as data. `sandbox` does the rendering."""

from dataclasses import dataclass, field
from typing import Literal

MIB = 1 << 20

FailureKind = Literal["error", "cpu", "memory", "wall", "output"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one rendering. `memory_bytes` is what a worker may take beyond what it needs to stand ready; a context
    that is longer than `context_bytes` could not be parsed within it, whatever the template."""

    cpu_s: float = 1.0
    wall_s: float = 5.0
    memory_bytes: int = 64 * MIB
    output_bytes: int = 256 << 10
    template_bytes: int = 256 << 10
    context_bytes: int = 2 * MIB


@dataclass(frozen=True, slots=True)
class Rendered:
    """The template's output: JSON text, as Jsonnet writes it."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The template said `error 'cancel…'`: nothing is to be sent. `note` is what it said."""

    note: str = "cancel"


@dataclass(frozen=True, slots=True)
class TemplateFailed:
    """No output. `reason` is one sentence for the operator, free of mail addresses and tokens.

    `error`: the template itself is wrong for this context; `cpu`, `memory`, `output`: it wanted more than its limit;
    `wall`: it was not done in time, which may be the machine's fault and may pass.
    """

    reason: str
    kind: FailureKind


RenderResult = Rendered | Cancelled | TemplateFailed
