"""The first of two steps: which submissions are its own, and where they lead."""

from typing import Any

import pytest

from doorward.flows.contract import Form, NextStage, Stage
from doorward.flows.words_en import ENGLISH
from doorward.identities.schema import IdentitySchema
from doorward.methods.profile import ProfileStep
from fresh_flow import fresh_flow

SCHEMA = IdentitySchema("s", "file://s", {"type": "object", "properties": {"traits": {"type": "object"}}})


def form(**values: Any) -> Form:
    return Form(values, {}, SCHEMA, ENGLISH, fresh_flow())


@pytest.mark.parametrize(
    ("values", "stage"),
    [
        ({"method": "profile"}, Stage.CREDENTIALS),
        ({"method": "profile", "screen": "credential-selection"}, Stage.CREDENTIALS),
        ({"screen": "credential-selection"}, Stage.CREDENTIALS),
        ({"method": "profile", "screen": "previous"}, Stage.TRAITS),
        ({"screen": "previous"}, Stage.TRAITS),
        ({"method": "profile:back"}, Stage.TRAITS),
    ],
)
async def test_leads_on_or_back(values: dict[str, Any], stage: Stage) -> None:
    step = ProfileStep()
    assert step.is_mine(form(**values))
    assert await step.register(form(**values)) == NextStage(stage)


def test_other_methods_are_left_alone() -> None:
    assert not ProfileStep().is_mine(form(method="password"))


def test_a_screen_that_there_is_not() -> None:
    problems = ProfileStep().check(form(method="password", screen="cellar"))
    assert [(problem.node, problem.message.id) for problem in problems] == [("screen", 4000001)]


@pytest.mark.parametrize(("stage", "name"), [(Stage.TRAITS, "method"), (Stage.CREDENTIALS, "screen")])
def test_buttons(stage: Stage, name: str) -> None:
    assert [node.name for node in ProfileStep().nodes(stage, ENGLISH)] == [name]
    assert ProfileStep().nodes(Stage.ONE_STEP, ENGLISH) == ()
