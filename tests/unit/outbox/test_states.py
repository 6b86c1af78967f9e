"""The arrows, and the page that is drawn from them."""

from pathlib import Path

import pytest

from doorward.outbox.states import ARROWS, ENDED, OPEN, IllegalTransition, State, require
from states_page import PAGE, draw


def test_every_state_can_be_reached_and_left() -> None:
    assert set(ARROWS) == set(State)
    reached = {target for targets in ARROWS.values() for target in targets}
    assert reached == set(State)
    assert all(ARROWS[state] for state in State)


def test_an_end_is_left_only_by_a_replay_or_to_give_it_up() -> None:
    for state in ENDED:
        assert ARROWS[state] <= {State.PENDING, State.CANCELLED}


def test_only_a_claimed_row_can_be_delivered_or_die() -> None:
    for target in (State.DELIVERED, State.DEAD):
        assert {state for state, targets in ARROWS.items() if target in targets} == {State.LEASED}


def test_what_is_not_drawn_is_refused() -> None:
    with pytest.raises(IllegalTransition):
        require(State.DELIVERED, State.LEASED)
    for source in OPEN:
        assert source not in ARROWS[source]


def test_the_page_shows_the_states_as_they_are() -> None:
    assert Path(PAGE).read_text() == draw(), "run .venv/bin/python tests/states_page.py"
