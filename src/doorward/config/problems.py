"""What is wrong with a configuration: where, how badly, what to do. It is collected whole before anything is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from doorward.errors import Misconfigured


class Severity(StrEnum):
    """An error stops the start; a warning is printed and life goes on (unless `--strict`)."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is dotted (`identity.schemas.0.url`); `text` says what was expected or what to do; `code` is stable."""

    path: str
    severity: Severity
    text: str
    code: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.path}: {self.text} [{self.code}]"


class InvalidConfiguration(Misconfigured):
    """The configuration has errors. `doorward config check` lists them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), problems=[str(one) for one in problems])


def error(code: str, path: str, text: str) -> Problem:
    """A problem that stops the start."""
    return Problem(path, Severity.ERROR, text, code)


def warning(code: str, path: str, text: str) -> Problem:
    """A problem that is only named."""
    return Problem(path, Severity.WARNING, text, code)
