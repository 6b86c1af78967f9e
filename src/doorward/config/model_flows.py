"""`selfservice`: the flows, their hook lists, and the methods that are switched on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from doorward.config.fields import own_path, section, setting

HOUR = timedelta(hours=1)

AFTER_METHODS = ("password", "webauthn", "passkey", "oidc", "code", "totp", "lookup_secret", "profile", "link")


@dataclass(frozen=True, slots=True, kw_only=True)
class HookConfig:
    """One entry of a hook list. `config` is raw: the hook's own Settings read it."""

    hook: str = setting("", "The hook's name.", required=True)
    config: Mapping[str, Any] = section(dict, "The hook's own settings.", secret=True)
    path: str = own_path()


HookList = tuple[HookConfig, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeConfig:
    """What runs when a flow is made."""

    hooks: HookList = setting((), "Hooks, in order.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterMethodConfig:
    """What runs when a flow succeeded by one method. A list that holds any usable hook hides the global list."""

    hooks: HookList = setting((), "Hooks of this method, in order.")
    default_browser_return_url: str | None = setting(None, "Where the browser goes afterwards.")
    path: str = own_path()


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterConfig:
    """What runs when a flow succeeded."""

    hooks: HookList = setting((), "Hooks for methods without a list of their own.")
    default_browser_return_url: str | None = setting(None, "Where the browser goes afterwards.")
    methods: Mapping[str, AfterMethodConfig] = section(dict, "Settings of one method.", rest=AFTER_METHODS)

    def hooks_of(self, method: str) -> HookList:
        """The method's own list; empty where it has none. Which list counts is decided in actions.resolve."""
        own = self.methods.get(method)
        return own.hooks if own else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationFlow:
    """Signing up."""

    enabled: bool = setting(True, "Whether people may sign up.")
    ui_url: str = setting("", "The page that shows the form; default: our own under /ui/.")
    lifespan: timedelta = setting(HOUR, "How long a flow may be used.")
    style: Literal["profile_first", "unified"] = setting(
        "profile_first", "Traits first and credentials second, or one step."
    )
    enable_legacy_one_step: bool = setting(False, "Older name of `style: unified`.")
    login_hints: bool = setting(False, "Tell which methods an existing account has when its address is used again.")
    before: BeforeConfig = section(BeforeConfig, "Hooks at the start.")
    after: AfterConfig = section(AfterConfig, "Hooks and return address at the end.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFlow:
    """Signing in."""

    ui_url: str = setting("", "The page that shows the form; default: our own under /ui/.")
    lifespan: timedelta = setting(HOUR, "How long a flow may be used.")
    style: Literal["unified", "identifier_first"] = setting("unified", "One step, or the identifier first.")
    before: BeforeConfig = section(BeforeConfig, "Hooks at the start.")
    after: AfterConfig = section(AfterConfig, "Hooks and return address at the end.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFlow:
    """Changing one's own account."""

    ui_url: str = setting("", "The page that shows the form; default: our own under /ui/.")
    lifespan: timedelta = setting(HOUR, "How long a flow may be used.")
    privileged_session_max_age: timedelta = setting(HOUR, "How recent a sign-in must be to change credentials.")
    required_aal: Literal["aal1", "highest_available"] = setting("highest_available", "Assurance level needed.")
    before: BeforeConfig = section(BeforeConfig, "Hooks at the start.")
    after: AfterConfig = section(AfterConfig, "Hooks and return address at the end.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryFlow:
    """Getting back in."""

    enabled: bool = setting(False, "Whether people may recover an account.")
    ui_url: str = setting("", "The page that shows the form; default: our own under /ui/.")
    lifespan: timedelta = setting(HOUR, "How long a flow may be used.")
    use: Literal["code", "link"] = setting("code", "What is sent.")
    notify_unknown_recipients: bool = setting(False, "Also write to addresses that we do not know.")
    before: BeforeConfig = section(BeforeConfig, "Hooks at the start.")
    after: AfterConfig = section(AfterConfig, "Hooks and return address at the end.")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationFlow:
    """Proving an address."""

    enabled: bool = setting(False, "Whether addresses are verified.")
    ui_url: str = setting("", "The page that shows the form; default: our own under /ui/.")
    lifespan: timedelta = setting(HOUR, "How long a flow may be used.")
    use: Literal["code", "link"] = setting("code", "What is sent.")
    notify_unknown_recipients: bool = setting(False, "Also write to addresses that we do not know.")
    before: BeforeConfig = section(BeforeConfig, "Hooks at the start.")
    after: AfterConfig = section(AfterConfig, "Hooks and return address at the end.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFlow:
    """Where a browser is sent when a flow cannot go on."""

    ui_url: str = setting("", "The page that shows errors; default: our own under /ui/.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutAfter:
    """After signing out."""

    default_browser_return_url: str | None = setting(None, "Where the browser goes afterwards.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutFlow:
    """Signing out."""

    clear_browser_data: bool = setting(False, "Tell the browser to forget cache, cookies and storage of this site.")
    after: LogoutAfter = section(LogoutAfter, "Return address.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowsConfig:
    """All flows."""

    registration: RegistrationFlow = section(RegistrationFlow, "Signing up.")
    login: LoginFlow = section(LoginFlow, "Signing in.")
    settings: SettingsFlow = section(SettingsFlow, "Changing one's own account.")
    recovery: RecoveryFlow = section(RecoveryFlow, "Getting back in.")
    verification: VerificationFlow = section(VerificationFlow, "Proving an address.")
    error: ErrorFlow = section(ErrorFlow, "Errors.")
    logout: LogoutFlow = section(LogoutFlow, "Signing out.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodConfig:
    """One way to prove oneself. `config` is raw: the method's own Settings read it.

    `passwordless_enabled` and `mfa_enabled` belong to the method `code`; the first switches the method on by itself.
    """

    enabled: bool = setting(False, "Whether the method may be used.")
    passwordless_enabled: bool = setting(False, "`code` only: sign in and up with a code.")
    mfa_enabled: bool = setting(False, "`code` only: a code as second factor.")
    config: Mapping[str, Any] = section(dict, "The method's own settings.", secret=True)
    path: str = own_path()


ON_BY_DEFAULT = ("password", "profile", "code")
METHODS = (*ON_BY_DEFAULT, "link", "oidc", "totp", "lookup_secret", "webauthn", "passkey")


def default_methods() -> Mapping[str, MethodConfig]:
    """Every method that Kratos knows, on or off as there."""
    return {name: MethodConfig(enabled=name in ON_BY_DEFAULT, path=f"selfservice.methods.{name}") for name in METHODS}


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfServiceConfig:
    """What people do by themselves."""

    default_browser_return_url: str = setting(
        "", "Where the browser goes when nothing else is said; default: our welcome page."
    )
    allowed_return_urls: tuple[str, ...] = setting(
        (), "Prefixes that `return_to` may name; `*` in a host stands for any label."
    )
    flows: FlowsConfig = section(FlowsConfig, "The flows.")
    methods: Mapping[str, MethodConfig] = section(default_methods, "The methods, by name.")
