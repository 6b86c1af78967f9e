"""A hundred kills at random on each database: nothing is lost, doubled, invented, half done, or sent without consent.

The long run is `python -m bench.crash --kills 1000`; its results are kept under bench/results.
"""

from pathlib import Path
from typing import get_args

import pytest

from crash.plan import Engine, Settings
from crash.report import table
from crash.rig import run

pytestmark = pytest.mark.slow
KILLS = 100


@pytest.mark.parametrize(
    "database",
    [pytest.param(each, marks=pytest.mark.postgres) if each == "postgresql" else each for each in get_args(Engine)],
)
def test_every_promise_holds_under_a_hundred_kills(tmp_path: Path, database: Engine) -> None:
    result = run(tmp_path, Settings(database, KILLS, seed=20), lambda *_: None)
    told = table(result)
    assert result.judgement.violations == (), told
    assert result.kills.total() >= KILLS
    assert result.judgement.accounting["waiting"] == 0, told
    assert result.judgement.accounting["consenting"] > 0, told
    assert '"unexplained": 0' in result.own_account
