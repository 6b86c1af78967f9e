"""Kratos's settings of each method, `selfservice.methods.NAME.config`: a Kratos file is checked down to its leaves.

Methods read theirs with `read(PasswordSettings, method.config, method.path + ".config", problems)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from doorward.config.fields import section, setting
from doorward.config.secrets import Secret

HOUR = timedelta(hours=1)
Preference = Literal["required", "preferred", "discouraged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateHookTarget:
    """Who knows the passwords that were not imported."""

    url: str = setting("", "Where identifier and password are sent.", required=True, secret=True)
    method: Literal["POST"] = setting("POST", "The HTTP method.")
    body: str | None = setting(None, "The Jsonnet template; default: `identifier` and `password` as JSON.", secret=True)
    headers: Mapping[str, str] = section(dict, "Further request headers.", secret=True)
    auth: Mapping[str, Any] | None = setting(None, "api_key or basic_auth.", secret=True)
    emit_analytics_event: bool = setting(True, "Whether the Ory-Webhook ids are sent.")
    timeout_s: float = setting(30.0, "Seconds for one attempt.", least=0, most=120, ours=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateHook:
    """Asks an older system for a password that was not imported, and keeps it when it is right."""

    enabled: bool = setting(False, "Ask it.")
    config: MigrateHookTarget | None = setting(None, "Whom to ask.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSettings:
    """Passwords."""

    min_password_length: int = setting(8, "Shortest password, in bytes.", least=6)
    identifier_similarity_check_enabled: bool = setting(True, "Refuse passwords that look like an identifier.")
    haveibeenpwned_enabled: bool = setting(True, "Refuse passwords known from breaches.")
    haveibeenpwned_host: str = setting("api.pwnedpasswords.com", "Who is asked, by the first five digits of the hash.")
    max_breaches: int = setting(0, "Appearances that are still accepted.", least=0)
    ignore_network_errors: bool = setting(True, "Accept the password when the breach check does not answer.")
    migrate_hook: MigrateHook = section(MigrateHook, "Asks an older system for a password that was not imported.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSettings:
    """One-time codes."""

    lifespan: timedelta = setting(HOUR, "How long a code is good for.")
    max_submissions: int = setting(5, "Wrong tries per flow.", least=1)
    missing_credential_fallback_enabled: bool = setting(False, "Let people without a code credential sign in with one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Links by mail."""

    lifespan: timedelta = setting(HOUR, "How long a link is good for.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpSettings:
    """Authenticator apps."""

    issuer: str | None = setting(None, "The name shown in the app.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSettings:
    """A method without settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Who we are to a security key."""

    id: str = setting("", "The domain.", required=True)
    display_name: str = setting("", "The name shown to people.", required=True)
    origins: tuple[str, ...] = setting((), "Origins that may use it; empty: https:// and the domain.")
    origin: str | None = setting(None, "Older form of `origins`.")
    icon: str | None = setting(None, "Read, and no longer used by browsers.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebauthnSettings:
    """Security keys."""

    passwordless: bool = setting(False, "Sign in with the key alone instead of as second factor.")
    rp: RelyingParty | None = setting(None, "Who we are.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatorSelection:
    """Which passkeys are accepted."""

    attachment: Literal["platform", "cross-platform"] | None = setting(None, "Built in, or carried along.")
    resident_key: Preference = setting("required", "Whether the key is kept by the authenticator.")
    user_verification: Preference = setting("preferred", "Whether it asks for a finger or PIN.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What an authenticator tells about itself."""

    preference: Literal["none", "indirect", "direct", "enterprise"] = setting("none", "How much.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyTimeouts:
    """How long the browser waits."""

    registration: timedelta | None = setting(None, "When a passkey is made.")
    login: timedelta | None = setting(None, "When it is used.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeySettings:
    """Passkeys."""

    rp: RelyingParty | None = setting(None, "Who we are.")
    authenticator_selection: AuthenticatorSelection = section(AuthenticatorSelection, "Accepted authenticators.")
    attestation: Attestation = section(Attestation, "Attestation.")
    timeouts: PasskeyTimeouts = section(PasskeyTimeouts, "Timeouts.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """One provider to sign in with."""

    id: str = setting("", "Its name in addresses.", required=True)
    provider: str = setting("", "Its kind, for instance `google` or `generic`.", required=True)
    client_id: str = setting("", "Our name there.", required=True)
    client_secret: Secret | None = setting(None, "Our password there.")
    mapper_url: str = setting("", "Jsonnet that makes traits of claims.", required=True)
    label: str | None = setting(None, "The word on the button.")
    issuer_url: str | None = setting(None, "Where it describes itself.")
    auth_url: str | None = setting(None, "Where the browser goes.")
    token_url: str | None = setting(None, "Where codes become tokens.")
    scope: tuple[str, ...] = setting((), "What is asked for.")
    requested_claims: Mapping[str, Any] = section(dict, "Single claims that are asked for.")
    pkce: Literal["auto", "never", "force"] = setting("auto", "Proof key for the code.")
    claims_source: Literal["id_token", "userinfo"] = setting("id_token", "Where claims come from.")
    account_linking_mode: Literal["confirm_with_existing_credential", "automatic"] = setting(
        "confirm_with_existing_credential", "What happens when the address belongs to an account already."
    )
    update_identity_on_login: Literal["never", "automatic"] = setting("never", "Write traits again at every sign-in.")
    organization_id: str | None = setting(None, "The organisation it belongs to.")
    additional_id_token_audiences: tuple[str, ...] = setting((), "More audiences for tokens of native apps.")
    aal2_acr_values: tuple[str, ...] = setting((), "`acr` values that count as a second factor.")
    aal2_amr_values: tuple[str, ...] = setting((), "`amr` values that count as a second factor.")
    microsoft_tenant: str | None = setting(None, "Microsoft only.")
    subject_source: Literal["userinfo", "me", "oid"] = setting("userinfo", "Microsoft only: what the subject is.")
    apple_team_id: str | None = setting(None, "Apple only.")
    apple_private_key_id: str | None = setting(None, "Apple only.")
    apple_private_key: Secret | None = setting(None, "Apple only.")
    fedcm_config_url: str | None = setting(None, "Where the provider describes its FedCM.")
    net_id_token_origin_header: str | None = setting(None, "NetID only.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """Social sign-in."""

    base_redirect_uri: str | None = setting(
        None, "The address that providers send people back to; default: the public one."
    )
    providers: tuple[OidcProvider, ...] = setting((), "The providers.")


METHOD_SETTINGS: Mapping[str, type] = {
    "password": PasswordSettings,
    "profile": NoSettings,
    "code": CodeSettings,
    "link": LinkSettings,
    "oidc": OidcSettings,
    "totp": TotpSettings,
    "lookup_secret": NoSettings,
    "webauthn": WebauthnSettings,
    "passkey": PasskeySettings,
}
