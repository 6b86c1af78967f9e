"""`credentials` of an admin body: what an operator brings along from elsewhere, in the shapes of Kratos's import."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from doorward.api.admin.typed_json import JsonFields
from doorward.clock import rfc3339
from doorward.errors import InvalidInput
from doorward.identities.draft import NewCredential
from doorward.identities.first_factors import MIGRATION_HOOK
from doorward.security.passwords import PasswordHasher
from doorward.web.body import MalformedBody

KEY_FIELDS = (
    "id",
    "public_key",
    "attestation_type",
    "authenticator",
    "display_name",
    "added_at",
    "is_passwordless",
    "transport",
    "flags",
    "attestation",
)


@dataclass(frozen=True, slots=True)
class GivenPassword:
    """A password in plain text, a hash, or the promise that a hook will know; of a hash beside that nothing is kept (as
    in Kratos)."""

    plain: str = field(default="", repr=False)
    hashed: str = field(default="", repr=False)
    has_hook: bool = False


@dataclass(frozen=True, slots=True)
class GivenCredentials:
    """What a body brings: everything but the password is ready to be stored."""

    password: GivenPassword | None = None
    others: tuple[NewCredential, ...] = ()


def read_credentials(given: JsonFields) -> GivenCredentials:
    """Raises MalformedBody, and InvalidInput where a credential lacks what makes it one."""
    given.allow("password", "oidc", "saml", "totp", "lookup_secret", "webauthn", "passkey")
    readers = {
        "oidc": _providers,
        "saml": _providers,
        "totp": _totp,
        "lookup_secret": _lookup,
        "webauthn": _keys,
        "passkey": _keys,
    }
    others = tuple(
        reader(kind, given.fields(kind).allow("config").fields("config"))
        for kind, reader in readers.items()
        if given.has(kind)
    )
    return GivenCredentials(_password(given) if given.has("password") else None, others)


async def to_credentials(given: GivenCredentials, hasher: PasswordHasher) -> tuple[NewCredential, ...]:
    """With the password hashed. Raises InvalidInput (no password at all), UnknownHash, PasswordTooLong, Overloaded."""
    if given.password is None:
        return given.others
    return (await _hashed(given.password, hasher), *given.others)


async def _hashed(given: GivenPassword, hasher: PasswordHasher) -> NewCredential:
    if given.has_hook:
        return NewCredential("password", {"hashed_password": "", MIGRATION_HOOK: True})
    if given.plain:
        return NewCredential("password", {"hashed_password": await hasher.hash(given.plain)})
    if given.hashed:
        hasher.get_format(given.hashed)
        return NewCredential("password", {"hashed_password": given.hashed})
    raise InvalidInput("A password credential needs a password or a hashed_password.")


def _password(given: JsonFields) -> GivenPassword:
    config = given.fields("password").allow("config").fields("config")
    config.allow("hashed_password", "password", MIGRATION_HOOK)
    return GivenPassword(
        config.text("password") or "", config.text("hashed_password") or "", config.flag(MIGRATION_HOOK) or False
    )


def _providers(kind: str, config: JsonFields) -> NewCredential:
    config.allow("providers", "config")
    providers = [_provider(each) for each in config.objects("providers")]
    names = tuple(dict.fromkeys(f"{each['provider']}:{each['subject']}" for each in providers))
    return NewCredential(kind, {"providers": providers}, names)


def _provider(given: JsonFields) -> Mapping[str, Any]:
    given.allow("subject", "provider", "organization", "use_auto_link")
    found: dict[str, Any] = {
        "subject": given.text("subject") or "",
        "provider": given.text("provider") or "",
        "initial_id_token": "",
        "initial_access_token": "",
        "initial_refresh_token": "",
    }
    if organization := given.text("organization"):
        found["organization"] = organization
    if given.flag("use_auto_link"):
        found["use_auto_link"] = True
    return found


def _totp(kind: str, config: JsonFields) -> NewCredential:
    return NewCredential(kind, {"totp_url": config.allow("totp_url").text("totp_url") or ""})


def _lookup(kind: str, config: JsonFields) -> NewCredential:
    codes: list[Mapping[str, Any]] = []
    for each in config.allow("codes").objects("codes"):
        used_at = each.allow("code", "used_at").time("used_at")
        codes.append({"code": each.text("code") or "", "used_at": None if used_at is None else rfc3339(used_at)})
    return NewCredential(kind, {"recovery_codes": codes})


def _keys(kind: str, config: JsonFields) -> NewCredential:
    keys = [_key(each) for each in config.allow("credentials", "user_handle").objects("credentials")]
    handle = config.text("user_handle") or ""
    if kind == "passkey" and not (handle and keys):
        raise InvalidInput("A passkey credential needs a user_handle and at least one key.")
    stored: dict[str, Any] = {"credentials": keys, "user_handle": handle}
    return NewCredential(kind, stored, (handle,) if kind == "passkey" else None)


def _key(given: JsonFields) -> Mapping[str, Any]:
    given.allow(*KEY_FIELDS)
    if not (given.text("id") and given.text("public_key")):
        raise MalformedBody("A key needs an id and a public_key, both in base64.")
    return {name: given.raw(name) for name in KEY_FIELDS if given.has(name)}


def merged(kind: str, before: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config after an import into an identity that has the credential: lists grow, everything else is replaced."""
    grown: dict[str, Any] = dict(given)
    for name in ("providers", "recovery_codes", "credentials"):
        old: Sequence[Any] = before.get(name) or ()
        if name in given:
            grown[name] = [*old, *given[name]]
    return grown
