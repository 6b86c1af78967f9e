"""What plug-ins tell about the raw sections that are theirs. The composition root fills it in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from doorward.config.methods import METHOD_SETTINGS
from doorward.config.model import Config
from doorward.config.model_flows import HookConfig
from doorward.config.problems import Problem, error
from doorward.config.read import read, unknown_key

Check = Callable[[Mapping[str, Any], str], Iterable[Problem]]
"""Looks at a raw section and its path; says what is wrong with it."""


def settings_check(settings: type) -> Check:
    """A check that reads the section into these Settings."""

    def check(raw: Mapping[str, Any], path: str) -> Iterable[Problem]:
        problems: list[Problem] = []
        read(settings, raw, path, problems)
        return problems

    return check


@dataclass(frozen=True, slots=True)
class Plugins:
    """Settings of methods by name, checks of hooks and connectors by name; `texts` are the paths of single texts within
    raw sections, which a variable may stand for.

    Without hooks or connectors their sections are not looked into; with some, an unknown connector is an error.
    """

    methods: Mapping[str, type] = field(default_factory=lambda: METHOD_SETTINGS)
    hooks: Mapping[str, Check] = field(default_factory=dict)
    connectors: Mapping[str, Check] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    whole: Callable[[Config], Iterable[Problem]] = lambda _: ()

    def settings_by_path(self) -> Mapping[str, type]:
        """Where each method's Settings stand."""
        return {f"selfservice.methods.{name}.config": settings for name, settings in self.methods.items()}


def check_plugged(config: Config, hooks: Iterable[HookConfig], plugins: Plugins) -> Iterable[Problem]:
    """What plug-ins find wrong with their own sections."""
    for name, method in config.selfservice.methods.items():
        if name in plugins.methods:
            yield from settings_check(plugins.methods[name])(method.config, f"{method.path}.config")
    for hook in hooks:
        if hook.hook in plugins.hooks:
            yield from plugins.hooks[hook.hook](hook.config, f"{hook.path}.config")
    for destination in config.destinations.values():
        if destination.connector in plugins.connectors:
            yield from plugins.connectors[destination.connector](destination.settings, destination.path)
        elif plugins.connectors and destination.connector:
            known = unknown_key(destination.connector, destination.path, plugins.connectors).text
            yield error("unknown_connector", f"{destination.path}.connector", known.replace("key", "connector", 1))
