"""Evaluates message templates: Jinja2 in a sandbox that cannot reach Python, with a limit on what it writes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import ChainableUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from doorward.errors import Misconfigured

LIMIT_CHARS = 1 << 19
COMPILED = 200
GO = re.compile(
    r"\{\{-?\s*(?:\.|\$|/\*|(?:define|template|block|if|else|end|range|with)\b|"
    r"(?:and|or|not|eq|ne|lt|gt|len|index|printf)\s+[.$\"(])"
)
"""What only a Go template begins an expression with. Jinja2 keeps its statements in `{% … %}`."""


HINT = (
    "The template is written for Go, and Doorward's are Jinja2. Write {{ RecoveryCode }} for {{ .RecoveryCode }}, "
    "{% if X %}…{% endif %} for {{ if .X }}…{{ end }}, and the text itself for {{ define }} and {{ template }}."
)


class GoTemplate(Misconfigured):
    """A message template is written for Go instead of Jinja2."""


class BrokenTemplate(Misconfigured):
    """A message template cannot be read or evaluated."""


class MessageSandbox:
    """Compiles and evaluates; texts for HTML are escaped."""

    def __init__(self) -> None:
        self._plain, self._html = _environment(autoescape=False), _environment(autoescape=True)
        self._compiled: dict[tuple[str, bool], Template] = {}
        for each in (self._plain, self._html):
            each.globals.clear()
            each.globals["minutes"] = minutes

    def check(self, text: str) -> None:
        """Raises GoTemplate, BrokenTemplate."""
        if GO.search(text):
            raise GoTemplate(HINT)
        try:
            self._plain.parse(text)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            at = f" (line {line})" if line else ""
            raise BrokenTemplate(f"The template is not valid Jinja2{at}: {error}.") from None

    def render(self, text: str, values: Mapping[str, Any], *, is_html: bool = False) -> str:
        """Raises GoTemplate, BrokenTemplate; the reason never holds a value."""
        try:
            return _joined(self._template(text, is_html=is_html).generate(dict(values)))
        except (BrokenTemplate, GoTemplate):
            raise
        except TemplateError as error:
            raise BrokenTemplate(f"The template cannot be evaluated: {error.message or type(error).__name__}") from None
        except Exception as error:  # noqa: BLE001 - a template of the operator's may fail in any way that Python can
            raise BrokenTemplate(f"The template fails with {type(error).__name__}.") from None

    def _template(self, text: str, *, is_html: bool) -> Template:
        """Compiling takes longer than everything else about a message, so it is done once."""
        found = self._compiled.get((text, is_html))
        if found is None:
            self.check(text)
            found = (self._html if is_html else self._plain).from_string(text)
            if len(self._compiled) >= COMPILED:
                # Texts from the web may change again and again.
                self._compiled.clear()
            self._compiled[text, is_html] = found
        return found


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    """A name that the message does not have is empty, also what is below it: many have no `Traits`."""
    return ImmutableSandboxedEnvironment(
        undefined=ChainableUndefined, autoescape=autoescape, keep_trailing_newline=True
    )


def _joined(pieces: Iterator[str]) -> str:
    written: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > LIMIT_CHARS:
            raise BrokenTemplate(f"The template writes more than {LIMIT_CHARS} characters.")
        written.append(piece)
    return "".join(written)


def minutes(count: object) -> str:
    """`1 minute`, `15 minutes`, `2 hours`, `3 days`."""
    if not isinstance(count, int):
        return str(count)
    for size, name in ((1440, "day"), (60, "hour")):
        if count >= 2 * size and count % size == 0:
            return f"{count // size} {name}s"
    return "1 minute" if count == 1 else f"{count} minutes"
