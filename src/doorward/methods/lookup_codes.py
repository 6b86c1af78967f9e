"""Backup codes as they are kept: made at random, each good once."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from doorward.clock import rfc3339

NAME, CODES = "lookup_secret", "recovery_codes"
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
COUNT, LENGTH = 12, 8
LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class BackupCode:
    """`used_at` None: it is still good."""

    code: str = field(repr=False)
    used_at: datetime | None = None


def new_codes() -> list[str]:
    """A set that replaces the one before."""
    return ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]


def config_of(codes: Sequence[BackupCode]) -> dict[str, Any]:
    """The credential's config, in Kratos's form."""
    kept = [{"code": each.code, "used_at": rfc3339(each.used_at) if each.used_at else None} for each in codes]
    return {CODES: kept}


def read_codes(config: Mapping[str, Any]) -> list[BackupCode]:
    """The inverse; what is no code is left out (imports are not checked)."""
    kept = config.get(CODES)
    rows = kept if isinstance(kept, list) else []
    return [BackupCode(str(row["code"]), _time(row.get("used_at"))) for row in rows if _is_code(row)]


def _is_code(row: Any) -> bool:
    return isinstance(row, Mapping) and bool(row.get("code"))


def _time(value: Any) -> datetime | None:
    """Whatever says that a code was used makes it used, even if nobody can tell when."""
    if not value:
        return None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return LONG_AGO
    return at if at.tzinfo else at.replace(tzinfo=UTC)
