"""Switches tracing on where the configuration asks for it; the exporter is an extra, found by its entry point."""

from importlib.metadata import entry_points

from doorward.config.model import TracingConfig
from doorward.errors import Misconfigured

GROUP = "doorward.tracing"


class TracingUnavailable(Misconfigured):
    """tracing.provider is set, but its packages are not installed."""


def install_tracing(config: TracingConfig) -> None:
    """Does nothing while `tracing.provider` is empty. Raises TracingUnavailable with what to install."""
    if not config.provider:
        return
    for found in entry_points(group=GROUP, name=config.provider):
        try:
            install = found.load()
        except ImportError:
            break
        install(config)
        return
    raise TracingUnavailable("Install the exporter: pip install 'doorward[tracing]', or remove tracing.provider.")
