"""What the configuration says about flows, as the rules read it."""

from datetime import timedelta
from typing import TypeVar

from doorward.config.methods import CodeSettings, LinkSettings
from doorward.config.model import Config
from doorward.config.model_flows import AfterConfig
from doorward.config.read import read
from doorward.flows.codes import CodeLimits
from doorward.flows.codes_store import Form
from doorward.flows.contract import KindSettings
from doorward.flows.login import LoginSettings
from doorward.flows.recovery_settings import RecoverySettings
from doorward.flows.registration import RegistrationSettings
from doorward.flows.return_to import ReturnTargets
from doorward.flows.settings_access import AccessSettings
from doorward.flows.settings_flow import SettingsSettings
from doorward.flows.throttle import ThrottleLimits
from doorward.flows.throttle_messages import MessageLimits
from doorward.flows.verification import VerificationSettings

S = TypeVar("S")


def return_targets(config: Config) -> ReturnTargets:
    """The allow-list; our own self-service addresses are always on it, as in Kratos, and our own pages."""
    base = config.serve.public.base_url.rstrip("/")
    default = config.selfservice.default_browser_return_url
    return ReturnTargets(default, (*config.selfservice.allowed_return_urls, f"{base}/self-service", f"{base}/ui/"))


def registration_settings(config: Config) -> RegistrationSettings:
    """How many steps there are is a matter of style alone: `profile` as a method is about settings (as in Kratos)."""
    flow = config.selfservice.flows.registration
    return RegistrationSettings(
        kind=KindSettings(flow.ui_url, flow.lifespan, flow.enabled),
        targets=return_targets(config),
        is_two_step=flow.style == "profile_first" and not flow.enable_legacy_one_step,
        base_url=config.serve.public.base_url,
        header_allowlist=config.clients.web_hook.header_allowlist,
        default_url=flow.after.default_browser_return_url,
        method_urls=_method_urls(flow.after),
        has_legacy_verification_items=config.feature_flags.legacy_continue_with_verification_ui,
        gives_hints=flow.login_hints,
    )


def settings_settings(config: Config) -> SettingsSettings:
    """Of changing one's own account."""
    flow = config.selfservice.flows.settings
    return SettingsSettings(
        kind=KindSettings(
            flow.ui_url, flow.lifespan, needs_session=True, sign_in_url=config.selfservice.flows.login.ui_url
        ),
        targets=return_targets(config),
        base_url=config.serve.public.base_url,
        header_allowlist=config.clients.web_hook.header_allowlist,
        default_url=flow.after.default_browser_return_url,
        method_urls=_method_urls(flow.after),
    )


def access_settings(config: Config) -> AccessSettings:
    """Of who may change it."""
    flow, code = config.selfservice.flows.settings, config.selfservice.methods.get("code")
    return AccessSettings(
        base_url=config.serve.public.base_url,
        page_url=flow.ui_url,
        required_aal=flow.required_aal,
        max_age=flow.privileged_session_max_age,
        is_code_factor=code is not None and code.mfa_enabled,
    )


def login_settings(config: Config) -> LoginSettings:
    """Of signing in."""
    flow, code = config.selfservice.flows.login, config.selfservice.methods.get("code")
    return LoginSettings(
        kind=KindSettings(flow.ui_url, flow.lifespan),
        targets=return_targets(config),
        base_url=config.serve.public.base_url,
        is_identifier_first=flow.style == "identifier_first",
        header_allowlist=config.clients.web_hook.header_allowlist,
        default_url=flow.after.default_browser_return_url,
        method_urls=_method_urls(flow.after),
        required_aal=config.session.whoami.required_aal,
        is_code_factor=code is not None and code.mfa_enabled,
        has_legacy_verification_items=config.feature_flags.legacy_continue_with_verification_ui,
    )


def verification_settings(config: Config) -> VerificationSettings:
    """Of the flow that a new address gets, and that people start themselves."""
    flow = config.selfservice.flows.verification
    return VerificationSettings(
        kind=KindSettings(flow.ui_url, flow.lifespan, flow.enabled),
        method=flow.use,
        is_method_enabled=_is_enabled(config, flow.use),
        targets=return_targets(config),
        takes_phones=takes_phones(config),
        tells_strangers=flow.notify_unknown_recipients,
        default_url=flow.after.default_browser_return_url,
        header_allowlist=config.clients.web_hook.header_allowlist,
        starts_all=config.feature_flags.legacy_continue_with_verification_ui,
    )


def recovery_settings(config: Config) -> RecoverySettings:
    """Of getting back in."""
    flow, flags = config.selfservice.flows.recovery, config.feature_flags
    return RecoverySettings(
        kind=KindSettings(flow.ui_url, flow.lifespan, flow.enabled),
        method=flow.use,
        is_method_enabled=_is_enabled(config, flow.use),
        targets=return_targets(config),
        takes_phones=takes_phones(config),
        tells_strangers=flow.notify_unknown_recipients,
        chooses_address=flags.choose_recovery_address,
        has_transitions=flags.use_continue_with_transitions,
        has_links=_is_enabled(config, Form.LINK),
        default_url=flow.after.default_browser_return_url,
        header_allowlist=config.clients.web_hook.header_allowlist,
        privileged_for=config.selfservice.flows.settings.privileged_session_max_age,
    )


def _is_enabled(config: Config, method: str) -> bool:
    found = config.selfservice.methods.get(method)
    return found is None or found.enabled


def takes_phones(config: Config) -> bool:
    """Whether text messages can be sent."""
    return any(channel.id == "sms" for channel in config.courier.channels)


def throttle_limits(config: Config) -> ThrottleLimits:
    """Of failed sign-ins; a developer's machine counts none unless it is told to."""
    given = config.security.throttling
    is_on = not config.dev if given.enabled is None else given.enabled
    return ThrottleLimits(given.window, given.per_person_and_network, given.per_person, given.per_network, is_on)


def message_limits(config: Config) -> MessageLimits:
    """Of codes and links that people ask for; counted where failed sign-ins are."""
    given = config.security.throttling.messages
    is_on = throttle_limits(config).is_on
    return MessageLimits(given.window, given.per_address_and_network, given.per_address, given.per_network, is_on)


def code_limits(config: Config) -> CodeLimits:
    """Of one-time codes."""
    settings = _read(CodeSettings, config, "code")
    return CodeLimits(settings.lifespan, settings.max_submissions)


def link_lifespan(config: Config) -> timedelta:
    """Of links."""
    return _read(LinkSettings, config, "link").lifespan


def _read(settings: type[S], config: Config, name: str) -> S:
    """A method's settings; what is wrong in them was refused when the configuration was loaded."""
    method = config.selfservice.methods.get(name)
    return settings() if method is None else read(settings, method.config, f"{method.path}.config", [])


def _method_urls(after: AfterConfig) -> dict[str, str]:
    """Where a browser goes after a certain method."""
    named = {name: own.default_browser_return_url for name, own in after.methods.items()}
    return {name: url for name, url in named.items() if url}
