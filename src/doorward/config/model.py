"""The whole configuration as one frozen snapshot. Keys, names and defaults are Kratos's where the meaning is equal.

Sections live beside this file (`model_serve`, `model_flows`, `model_courier`, `model_delivery`); `read` reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from doorward.config.fields import ByteSize, section, setting
from doorward.config.model_courier import CourierConfig
from doorward.config.model_delivery import ActionConfig, AlertsConfig, DeliveryConfig, DestinationConfig
from doorward.config.model_flows import SelfServiceConfig
from doorward.config.model_serve import ClientsConfig, ServeConfig
from doorward.config.secrets import Secret

SameSite = Literal["Strict", "Lax", "None"]
RequiredAal = Literal["aal1", "highest_available"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySchemaConfig:
    """One kind of identity."""

    id: str = setting("", "Its name.", required=True)
    url: str = setting("", "Where the JSON Schema is: file://, base64://, http(s)://.", required=True)
    selfservice_selectable: bool = setting(False, "May be chosen at sign-up with `identity_schema`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityConfig:
    """Kinds of identities."""

    default_schema_id: str = setting("default", "The schema of people who sign up.")
    schemas: tuple[IdentitySchemaConfig, ...] = setting((), "The schemas.", required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookieConfig:
    """The session cookie; what is absent is taken from `cookies`."""

    name: str = setting("ory_kratos_session", "Its name.")
    domain: str | None = setting(None, "Its domain.")
    path: str | None = setting(None, "Its path.")
    same_site: SameSite | None = setting(None, "Its SameSite.")
    secure: bool | None = setting(None, "Only over HTTPS; absent: yes, unless `dev`.", may_be_text=True)
    persistent: bool = setting(True, "Survives the end of the browser.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerTemplate:
    """How a session becomes a JWT."""

    jwks_url: str = setting(
        "", "The signing keys, a JWK set: file:// or base64://. The first one signs.", required=True
    )
    ttl: timedelta = setting(
        timedelta(), "How long a token is good for. Without it a token is never good (as in Kratos)."
    )
    claims_mapper_url: str | None = setting(None, "Jsonnet that makes the claims.")
    subject_source: Literal["id", "external_id"] = setting("id", "What `sub` holds.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerConfig:
    """JWTs by template name (`whoami?tokenize_as=`)."""

    templates: Mapping[str, TokenizerTemplate] = section(dict, "The templates.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoamiConfig:
    """`/sessions/whoami`."""

    required_aal: RequiredAal = setting("highest_available", "Assurance level needed.")
    tokenizer: TokenizerConfig = section(TokenizerConfig, "Sessions as JWTs.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """Sessions."""

    lifespan: timedelta = setting(timedelta(hours=24), "How long a session lasts.")
    earliest_possible_extend: timedelta | None = setting(None, "Extension is refused while more than this is left.")
    cookie: SessionCookieConfig = section(SessionCookieConfig, "The cookie.")
    whoami: WhoamiConfig = section(WhoamiConfig, "Who am I?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CookiesConfig:
    """All cookies."""

    domain: str | None = setting(None, "Their domain; absent: the host alone.")
    path: str = setting("/", "Their path.")
    same_site: SameSite = setting("Lax", "Their SameSite.")
    secure: bool | None = setting(None, "Only over HTTPS; absent: yes, unless `dev`.", may_be_text=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsConfig:
    """Keys. The first of a list signs and encrypts, all of it verifies and decrypts. An empty list means `default`."""

    default: tuple[Secret, ...] = setting((), "For everything that has no list of its own.", least=16)
    cookie: tuple[Secret, ...] = setting((), "Cookies and CSRF tokens.", least=16)
    cipher: tuple[Secret, ...] = setting(
        (), "Data at rest; exactly 32 characters in Kratos, at least 32 here.", least=32
    )
    pagination: tuple[Secret, ...] = setting((), "Page tokens.", least=16)

    def for_cookie(self) -> tuple[Secret, ...]:
        """The list that counts for cookies."""
        return self.cookie or self.default

    def for_cipher(self) -> tuple[Secret, ...]:
        """The list that counts for data at rest."""
        return self.cipher or self.default

    def for_pagination(self) -> tuple[Secret, ...]:
        """The list that counts for page tokens."""
        return self.pagination or self.default


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Config:
    """Argon2id."""

    memory: ByteSize = setting(
        ByteSize(128 * 1024 * 1024), "Memory per hash. Without this section: 19 MiB with two passes.", least=8 * 1024
    )
    iterations: int = setting(1, "Passes.", least=1)
    parallelism: int = setting(1, "Lanes.", least=1)
    salt_length: int = setting(16, "Bytes of salt.", least=16)
    key_length: int = setting(32, "Bytes of hash.", least=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class BcryptConfig:
    """bcrypt."""

    cost: int = setting(12, "The logarithm of its rounds.", least=4, most=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class HashersConfig:
    """How passwords are hashed."""

    algorithm: Literal["argon2", "bcrypt"] = setting(
        "argon2", "For new passwords. Kratos's default is bcrypt; ours is Argon2id."
    )
    argon2: Argon2Config = section(Argon2Config, "Argon2id.")
    bcrypt: BcryptConfig = section(BcryptConfig, "bcrypt.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CiphersConfig:
    """Kratos's choice of cipher. We encrypt whatever it says, `noop` included."""

    algorithm: Literal["noop", "aes", "xchacha20-poly1305"] = setting("noop", "Read, and not needed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEnumerationConfig:
    """Whether answers tell who has an account."""

    mitigate: bool = setting(False, "Answer alike for known and unknown addresses.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageThrottlingConfig:
    """How many codes and links may be asked for, of each kind (recovery, verification, sign-in, sign-up)."""

    window: timedelta = setting(timedelta(minutes=10), "The time in which messages are counted.", ours=True)
    per_address_and_network: int = setting(5, "Messages to one address, asked for in one network.", least=1, ours=True)
    per_address: int = setting(10, "Messages to one address, asked for anywhere.", least=1, ours=True)
    per_network: int = setting(300, "Messages of all kinds asked for in one network.", least=1, ours=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottlingConfig:
    """How many sign-ins may fail before the next has to wait. Off by default in development only."""

    enabled: bool | None = setting(None, "Count failed sign-ins; default: everywhere but with --dev.", ours=True)
    window: timedelta = setting(timedelta(minutes=10), "The time in which failures are counted.", ours=True)
    per_person_and_network: int = setting(10, "Failures for one account from one network.", least=1, ours=True)
    per_person: int = setting(
        100,
        "Failures for one account from anywhere. For who is signed in already (a second factor, a fresh sign-in)"
        " `per_person_and_network` is the limit from anywhere.",
        least=1,
        ours=True,
    )
    per_network: int = setting(300, "Failures from one network (IPv4 /24, IPv6 /48).", least=1, ours=True)
    messages: MessageThrottlingConfig = section(
        MessageThrottlingConfig, "Codes and links that people ask for; counted where sign-ins are.", ours=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityConfig:
    """Hardening."""

    account_enumeration: AccountEnumerationConfig = section(AccountEnumerationConfig, "Account enumeration.")
    throttling: ThrottlingConfig = section(ThrottlingConfig, "Failed sign-ins.", ours=True)
    disallow_ref_in_identity_schemas: bool = setting(False, "Refuse identity schemas that refer to other documents.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureFlagsConfig:
    """Kratos's switches between older and newer behaviour."""

    cacheable_sessions: bool = setting(False, "Let whoami answers be cached.")
    cacheable_sessions_max_age: timedelta | None = setting(None, "For how long.")
    use_continue_with_transitions: bool = setting(False, "Answer flow changes with `continue_with`.")
    choose_recovery_address: bool = setting(False, "Let people choose where a recovery code goes.")
    faster_session_extend: bool = setting(False, "Answer 204 when a session is extended.")
    legacy_continue_with_verification_ui: bool = setting(False, "One verification item per address.")
    legacy_require_verified_login_error: bool = setting(False, "The older answer for unverified addresses.")
    legacy_oidc_registration_node_group: bool = setting(False, "Traits in the group `oidc`.")
    legacy_allow_insecure_origins: bool = setting(
        False, "Honour a `*` in `allowed_origins` that is not below one domain."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    """The log. It never holds personal data or secrets, so Kratos's switch to leak them has no equal."""

    level: Literal["trace", "debug", "info", "warning", "error", "fatal", "panic"] = setting(
        "info", "From which level on."
    )
    format: Literal["json", "text"] = setting("text", "One JSON object or one line of text per event.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingConfig:
    """How much is traced."""

    sampling_ratio: float = setting(1.0, "Share of requests.", least=0, most=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtlpConfig:
    """Where traces go."""

    server_url: str | None = setting(None, "host:port or URL of the collector.")
    insecure: bool = setting(False, "Without TLS.")
    sampling: SamplingConfig = section(SamplingConfig, "Sampling.")
    authorization_header: Secret | None = setting(None, "Sent as `Authorization`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingProviders:
    """Exporters."""

    otlp: OtlpConfig = section(OtlpConfig, "OTLP over HTTP.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingConfig:
    """OpenTelemetry; off while `provider` is absent."""

    provider: Literal["", "otel", "jaeger", "zipkin"] = setting(
        "", "`otel` switches tracing on; the others are read and stay off."
    )
    service_name: str = setting("doorward", "The name in traces.")
    deployment_environment: str = setting("", "The name of this installation in traces.")
    providers: TracingProviders = section(TracingProviders, "Exporters.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One installation."""

    dsn: Secret = setting(
        Secret(""), "The database: `sqlite://path?_fk=true`, `postgres://…`, or `memory`.", required=True
    )
    dev: bool = setting(
        False, "A developer's machine: cookies over http, plain errors, a key file beside the database."
    )
    version: str | None = setting(None, "The Kratos release that the file was written for.")
    revision: str | None = setting(None, "Your own name for this state of the file; shown at /health/config.")
    serve: ServeConfig = section(ServeConfig, "Ports.")
    identity: IdentityConfig = section(IdentityConfig, "Kinds of identities.")
    selfservice: SelfServiceConfig = section(SelfServiceConfig, "Flows and methods.")
    session: SessionConfig = section(SessionConfig, "Sessions.")
    cookies: CookiesConfig = section(CookiesConfig, "Cookies.")
    secrets: SecretsConfig = section(SecretsConfig, "Keys.")
    hashers: HashersConfig = section(HashersConfig, "Password hashes.")
    ciphers: CiphersConfig = section(CiphersConfig, "Kratos's cipher setting.")
    courier: CourierConfig = section(CourierConfig, "Mail and text messages.")
    security: SecurityConfig = section(SecurityConfig, "Hardening.")
    feature_flags: FeatureFlagsConfig = section(FeatureFlagsConfig, "Older and newer behaviour.")
    clients: ClientsConfig = section(ClientsConfig, "What goes out.")
    log: LogConfig = section(LogConfig, "Log.")
    tracing: TracingConfig = section(TracingConfig, "Traces.")
    destinations: Mapping[str, DestinationConfig] = section(dict, "Accounts that we deliver to, by name.", ours=True)
    actions: tuple[ActionConfig, ...] = setting((), "Reactions to events.", ours=True)
    delivery: DeliveryConfig = section(DeliveryConfig, "How deliveries are worked off.", ours=True)
    alerts: AlertsConfig = section(AlertsConfig, "Who hears of trouble.", ours=True)


RawTree = dict[str, Any]
"""A configuration before it is read: nested dicts, lists, scalars and Secrets."""
