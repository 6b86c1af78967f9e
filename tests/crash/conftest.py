"""The simulator as the witness of crash tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from running import Simulator, running


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    simulator = Simulator(tmp_path)
    with running(simulator):
        yield simulator
