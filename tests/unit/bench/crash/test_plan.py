"""The seed reproduces the plan, and every fail point that the plan arms is one that the product has."""

from itertools import islice
from typing import get_args

import pytest

from crash.plan import POSTGRESQL, WEIGHTS, Engine, Settings, blows, wishes
from doorward.storage.failpoints import parse_failpoints

MANY = 2000


@pytest.mark.parametrize("database", get_args(Engine))
def test_a_seed_is_a_plan(database: Engine) -> None:
    one, same, other = (Settings(database, 100, seed) for seed in (7, 7, 8))
    assert list(islice(blows(one), 50)) == list(islice(blows(same), 50)) != list(islice(blows(other), 50))
    assert list(islice(wishes(one, 1), 50)) == list(islice(wishes(same, 1), 50)) != list(islice(wishes(one, 2), 50))


@pytest.mark.parametrize("database", get_args(Engine))
def test_everybody_is_hit_and_every_armed_point_exists(database: Engine) -> None:
    settings = Settings(database, 100, seed=1)
    plan = list(islice(blows(settings), MANY))
    assert {blow.victim for blow in plan} == set(WEIGHTS[database])
    assert (POSTGRESQL in WEIGHTS[database]) == (database == "postgresql")
    wanted = [wish.next_life for wish in islice(wishes(settings, 0), MANY)]
    armed = {life for life in [*(blow.next_life for blow in plan), *wanted] if life}
    for life in armed:
        parse_failpoints(life)  # raises for a name that is not there
    assert len({life.partition("=")[0] for life in armed}) >= 10
