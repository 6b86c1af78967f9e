"""How many steps a sign-up has is a matter of its style, not of who may change their traits later."""

from dataclasses import replace

import pytest

from doorward.config.model_flows import MethodConfig
from doorward.flows.settings import registration_settings
from flows_house import configuration


@pytest.mark.parametrize("is_enabled", [True, False])
@pytest.mark.parametrize(("style", "is_two_step"), [("profile_first", True), ("unified", False)])
def test_steps(style: str, is_two_step: bool, is_enabled: bool) -> None:
    config = configuration(style=style)
    methods = {**config.selfservice.methods, "profile": MethodConfig(enabled=is_enabled)}
    config = replace(config, selfservice=replace(config.selfservice, methods=methods))
    assert registration_settings(config).is_two_step is is_two_step
