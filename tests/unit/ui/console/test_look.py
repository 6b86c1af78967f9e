"""States look alike everywhere and never by colour alone."""

import re
from importlib.resources import files

from doorward.delivery.accounting import UNCOVERED, UNEXPLAINED
from doorward.outbox.states import State
from doorward.ui.console.look import LINE_ICONS, LOOKS
from doorward.ui.console.people import ANSWERS

STANDINGS = {*State, UNCOVERED, UNEXPLAINED}
TEMPLATES = files("doorward.ui").joinpath("templates/console")
DRAWN = set(re.findall(r'id="i-(\w+)"', TEMPLATES.joinpath("sprite.html").read_text()))


def test_every_state_has_a_word_of_its_own_and_an_icon_that_is_drawn() -> None:
    assert LOOKS.keys() == STANDINGS == ANSWERS.keys()
    assert all(look.word == state for state, look in LOOKS.items())
    assert {look.icon for look in LOOKS.values()} <= DRAWN
    assert set(LINE_ICONS.values()) <= DRAWN


def test_states_of_one_colour_differ_in_their_icons() -> None:
    of_rows = [LOOKS[state] for state in State]
    assert len({(look.kind, look.icon) for look in of_rows}) == len(of_rows)


def test_every_icon_that_a_template_names_is_drawn() -> None:
    named = set[str]()
    for template in TEMPLATES.iterdir():
        named |= set(re.findall(r'icon\("(\w+)"', template.read_text()))
    assert named
    assert named <= DRAWN
