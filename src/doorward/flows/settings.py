"""What the configuration says about flows, as the rules read it."""

from doorward.config.model import Config
from doorward.flows.contract import KindSettings
from doorward.flows.login import LoginSettings
from doorward.flows.registration import RegistrationSettings
from doorward.flows.return_to import ReturnTargets
from doorward.flows.verification import VerificationSettings


def return_targets(config: Config) -> ReturnTargets:
    """The allow-list; our own self-service addresses are always on it, as in Kratos."""
    own = config.serve.public.base_url.rstrip("/") + "/self-service"
    default = config.selfservice.default_browser_return_url
    return ReturnTargets(default, (*config.selfservice.allowed_return_urls, own))


def registration_settings(config: Config) -> RegistrationSettings:
    """Two steps only where the step `profile` is switched on."""
    flow = config.selfservice.flows.registration
    profile = config.selfservice.methods.get("profile")
    is_two_step = flow.style == "profile_first" and not flow.enable_legacy_one_step
    return RegistrationSettings(
        kind=KindSettings(flow.ui_url, flow.lifespan, flow.enabled),
        targets=return_targets(config),
        is_two_step=is_two_step and profile is not None and profile.enabled,
        base_url=config.serve.public.base_url,
        header_allowlist=config.clients.web_hook.header_allowlist,
        default_url=flow.after.default_browser_return_url,
        method_urls={
            name: own.default_browser_return_url
            for name, own in flow.after.methods.items()
            if own.default_browser_return_url
        },
        has_legacy_verification_items=config.feature_flags.legacy_continue_with_verification_ui,
    )


def login_settings(config: Config) -> LoginSettings:
    """Of signing in."""
    flow = config.selfservice.flows.login
    return LoginSettings(
        kind=KindSettings(flow.ui_url, flow.lifespan),
        targets=return_targets(config),
        base_url=config.serve.public.base_url,
        is_identifier_first=flow.style == "identifier_first",
        header_allowlist=config.clients.web_hook.header_allowlist,
        default_url=flow.after.default_browser_return_url,
        method_urls={
            name: own.default_browser_return_url
            for name, own in flow.after.methods.items()
            if own.default_browser_return_url
        },
    )


def verification_settings(config: Config) -> VerificationSettings:
    """Of the flow that a new address gets."""
    flow = config.selfservice.flows.verification
    return VerificationSettings(flow.enabled, flow.ui_url, flow.lifespan, flow.use, config.serve.public.base_url)
