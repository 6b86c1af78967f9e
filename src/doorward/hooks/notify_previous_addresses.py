"""`notify_previous_addresses`: whoever could be reached before a change of addresses hears of it.

Its configuration is read here; who is written to, and what, is the settings flow's business.
"""

from collections.abc import Mapping
from typing import Any

from doorward.errors import Misconfigured
from doorward.flows.contract import NotifyPrevious
from doorward.hooks.effects import EffectHook

RECIPIENTS = ("removed", "all_verified", "all")


class UnknownRecipients(Misconfigured):
    """recipients is removed, all_verified or all."""


def notify_previous_addresses(config: Mapping[str, Any], path: str) -> EffectHook:
    """Raises UnknownRecipients with the place in the configuration."""
    recipients = config.get("recipients", RECIPIENTS[0])
    if recipients not in RECIPIENTS or set(config) - {"recipients"}:
        raise UnknownRecipients(f"{path}.config: recipients is one of {', '.join(RECIPIENTS)}, and all there is.")
    return EffectHook(frozenset({NotifyPrevious(str(recipients))}))
