"""Access tokens of the portal: kinds, scopes, and their end (revoked, rotated, expired). Kept in the database.

The first token is fixed and has every scope, so that a demonstration needs no set-up."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from portalsim.database import Database

TOKEN = "token"  # noqa: S105 - the kind of document
FIRST_TOKEN = "pat-na1-00000000-0000-4000-8000-000000000001"  # noqa: S105 - opens nothing but the simulator
SCOPES = (
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.lists.read",
    "crm.lists.write",
    "communication_preferences.read",
    "communication_preferences.write",
    "communication_preferences.read_write",
    "communication_preferences.statuses.batch.read",
    "communication_preferences.statuses.batch.write",
    "crm.import",
    "crm.export",
    "oauth",
)
KINDS = ("private_app", "service_key", "oauth")


@dataclass(frozen=True, slots=True)
class Token:
    """`expires_ms` None: never. The value is a secret even here: pages and logs show `masked`."""

    value: str
    name: str
    kind: str
    scopes: tuple[str, ...]
    app_id: int
    created_ms: int
    expires_ms: int | None = None
    is_revoked: bool = False
    refresh_value: str = ""

    @property
    def id(self) -> str:
        """Stands for the token where its value must not be seen."""
        return hashlib.sha256(self.value.encode()).hexdigest()[:12]

    @property
    def masked(self) -> str:
        return f"{self.value[:8]}…{self.value[-4:]}"

    def __repr__(self) -> str:
        return f"Token({self.name}, {self.masked})"

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "token": self.masked,
            "scopes": list(self.scopes),
            "appId": self.app_id,
            "expires_ms": self.expires_ms,
            "revoked": self.is_revoked,
        }


class Tokens:
    """All tokens by value."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tokens: dict[str, Token] = {}
        self.load()

    def load(self) -> None:
        self._tokens = {
            value: Token(**{**document, "scopes": tuple(document["scopes"])})
            for value, document in self._database.documents(TOKEN).items()
        }
        if FIRST_TOKEN not in self._tokens:
            self.put(Token(FIRST_TOKEN, "demonstration", "private_app", SCOPES, 1001, 0))

    def find(self, value: str) -> Token | None:
        return self._tokens.get(value)

    def find_by_id(self, token_id: str) -> Token | None:
        return next((each for each in self._tokens.values() if token_id in (each.id, each.value, each.name)), None)

    def find_by_refresh(self, value: str) -> Token | None:
        return next((each for each in self._tokens.values() if value and each.refresh_value == value), None)

    def list_all(self) -> list[Token]:
        return sorted(self._tokens.values(), key=lambda each: (each.created_ms, each.value))

    def put(self, token: Token) -> Token:
        self._tokens[token.value] = token
        self._database.save(TOKEN, token.value, asdict(token))
        return token

    def revoke(self, token: Token) -> Token:
        return self.put(replace(token, is_revoked=True))

    def expire(self, token: Token, at_ms: int) -> Token:
        return self.put(replace(token, expires_ms=at_ms))

    def set_scopes(self, token: Token, scopes: Sequence[str]) -> Token:
        return self.put(replace(token, scopes=tuple(scopes)))

    def rotate(self, token: Token, new_value: str, now_ms: int, old_valid_ms: int) -> Token:
        """A new value of the same app; the old one works on for `old_valid_ms` (0: ends now)."""
        self.put(replace(token, expires_ms=now_ms + old_valid_ms))
        return self.put(replace(token, value=new_value, created_ms=now_ms, expires_ms=None))
