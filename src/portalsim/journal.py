"""The request log: the newest calls with status, time, batch size, quota left, faults and (cut) bodies. In memory only.

Tokens never get in: the gateway hands over their masked form, and paths that hold one are cut."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

KEPT = 2_000
BODY_LIMIT = 8_192
_TOKEN_IN_PATH = re.compile(r"(/access-tokens/|/refresh-tokens/)[^/?]+")
_SECRETS = re.compile(rb'((?:token|tokenKey|access_token|refresh_token|client_secret)(?:"\s*:\s*"|=))[^"&]+')


@dataclass(frozen=True, slots=True)
class Line:
    """One call. `status` 0: the connection ended without an answer."""

    number: int
    at_ms: int
    correlation_id: str
    method: str
    path: str
    query: str
    status: int
    took_ms: float
    token: str
    batch_size: int
    remaining: str
    faults: tuple[str, ...]
    note: str
    request: bytes = field(repr=False)
    answer: bytes = field(repr=False)

    def to_json(self, *, bodies: bool) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "number": self.number,
            "at_ms": self.at_ms,
            "correlation_id": self.correlation_id,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "status": self.status,
            "took_ms": round(self.took_ms, 2),
            "token": self.token,
            "batch_size": self.batch_size,
            "remaining": self.remaining,
            "faults": list(self.faults),
            "note": self.note,
        }
        if bodies:
            shown |= {"request": self.request.decode(errors="replace"), "answer": self.answer.decode(errors="replace")}
        return shown


class Journal:
    """Newest last; forgets the oldest."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, line: Line) -> None:
        self._count += 1
        self._lines.append(
            replace(
                line,
                number=self._count,
                path=_TOKEN_IN_PATH.sub(r"\1…", line.path),
                request=_masked(line.request),
                answer=_masked(line.answer),
            )
        )

    def newest(self, limit: int, filters: Mapping[str, str] | None = None) -> list[Line]:
        """Newest first. Filters: path (part of it), status, correlation_id, fault (any text: only calls with one)."""
        found = (line for line in reversed(self._lines) if _matches(line, filters or {}))
        return [line for line, _ in zip(found, range(limit), strict=False)]

    def after(self, number: int, limit: int) -> list[Line]:
        """Oldest first, for pollers."""
        return [line for line, _ in zip(self._after(number), range(limit), strict=False)]

    def find(self, correlation_id: str) -> Line | None:
        return next((line for line in reversed(self._lines) if line.correlation_id == correlation_id), None)

    def reset(self) -> None:
        self._lines.clear()

    def _after(self, number: int) -> Iterator[Line]:
        return (line for line in self._lines if line.number > number)


def _matches(line: Line, filters: Mapping[str, str]) -> bool:
    return (
        filters.get("path", "") in line.path
        and filters.get("status", "") in ("", str(line.status))
        and filters.get("correlation_id", "") in ("", line.correlation_id)
        and (not filters.get("fault") or bool(line.faults))
    )


def _masked(body: bytes) -> bytes:
    return _SECRETS.sub(rb"\1***", body[:BODY_LIMIT])
