"""Puts the courier together from the configuration: who sends which channel."""

from doorward.config.model import Config
from doorward.courier.destinations import COURIER_HTTP, SMTP
from doorward.courier.model import Channel


def courier_connectors(config: Config) -> dict[Channel, str]:
    """The connector of each channel."""
    by_http = {each.id for each in config.courier.channels}
    if config.courier.delivery_strategy == "http":
        by_http.add(str(Channel.EMAIL))
    return {
        Channel.EMAIL: COURIER_HTTP if str(Channel.EMAIL) in by_http else SMTP,
        Channel.SMS: COURIER_HTTP,
    }
