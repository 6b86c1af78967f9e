"""What a sign-up under a taken address tells of the account that has it, where `login_hints` is on: how to get in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from doorward.identities import store
from doorward.identities.model import Credential, Identity
from doorward.identities.service import IdentifierTaken
from doorward.storage.contract import Reader


@dataclass(frozen=True, slots=True)
class LoginHints:
    """`identifier` is what was typed, as it is kept: whoever reads the hints has typed it."""

    identifier: str
    methods: tuple[str, ...]
    providers: tuple[str, ...]

    def context(self) -> Mapping[str, Any]:
        """As message 4000028 carries them."""
        return {
            "available_credential_types": list(self.methods),
            "available_oidc_providers": list(self.providers),
            "credential_identifier_hint": self.identifier,
        }


class TakenWithHints(IdentifierTaken):
    """An account with the same identifier (email, phone, username, ...) exists already."""

    def __init__(self, hints: LoginHints) -> None:
        self.hints = hints
        super().__init__()


async def find_hints(reader: Reader, wanted: Identity) -> LoginHints | None:
    """About the account that `wanted` cannot be stored for; None where it is gone by now.

    By identifiers first, then by addresses to verify and to recover by, in Kratos's order.
    """
    for kind, credential in wanted.credentials.items():
        for identifier in credential.identifiers:
            found = await store.find_by_identifier(reader, kind, identifier, with_credentials=True)
            if found is not None and found.id != wanted.id:
                return _hints(found, "" if kind == "oidc" else identifier)
    for verifiable in wanted.verifiable_addresses:
        found = await store.find_by_verifiable_address(reader, verifiable.via, verifiable.value)
        if found is not None and found.id != wanted.id:
            return await _hints_of(reader, found, verifiable.value)
    for recovery in wanted.recovery_addresses:
        found = await store.find_by_recovery_address(reader, recovery.via, recovery.value)
        if found is not None and found.id != wanted.id:
            return await _hints_of(reader, found, recovery.value)
    return None


async def _hints_of(reader: Reader, found: Identity, identifier: str) -> LoginHints | None:
    whole = await store.find_identity(reader, found.id, with_credentials=True)
    return None if whole is None else _hints(whole, identifier)


def _hints(found: Identity, identifier: str) -> LoginHints:
    methods = sorted(kind for kind, credential in found.credentials.items() if _signs_in(kind, credential))
    oidc = found.credentials.get("oidc")
    providers = () if oidc is None else tuple(sorted(_providers(oidc)))
    return LoginHints(identifier, tuple(methods), providers)


def _signs_in(kind: str, credential: Credential) -> bool:
    """By itself: a second factor helps nobody in, nor does a password that is not known yet."""
    match kind:
        case "password":
            return bool(credential.config.get("hashed_password"))
        case "webauthn" | "passkey":
            return any(each.get("is_passwordless") for each in credential.config.get("credentials") or ())
    return kind in ("code", "oidc")


def _providers(credential: Credential) -> Iterator[str]:
    for each in credential.config.get("providers") or ():
        yield str(each.get("provider") or "")
