"""Which methods the configuration has on."""

from collections.abc import Mapping

from doorward.config.model_flows import MethodConfig


def is_on(configs: Mapping[str, MethodConfig], name: str) -> bool:
    """Whether people sign in by it, or change it in the settings."""
    config = configs.get(name)
    # A code signs in only where that is said; recovery and verification use it all the same.
    return (
        config is not None and config.enabled and (name != "code" or config.passwordless_enabled or config.mfa_enabled)
    )


def signs_up(configs: Mapping[str, MethodConfig], name: str) -> bool:
    """Whether people sign up by it: by codes also where they are a second factor only (as in Kratos)."""
    return is_on(configs, name) or (name == "code" and name in configs and configs[name].mfa_enabled)
