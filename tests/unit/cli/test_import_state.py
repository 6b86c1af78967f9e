"""The state file of an import: read back as written, whole or not at all, and only for its own import."""

from pathlib import Path
from uuid import uuid4

import pytest

from doorward.cli.import_state import ImportState, OtherSource, UnreadableState, read_state, write_state


def test_without_a_file_nothing_is_done(tmp_path: Path) -> None:
    assert read_state(tmp_path / "none", "a") == ImportState("a")


def test_it_is_read_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "state"
    for state in (ImportState("a", 3, {4: uuid4(), 7: uuid4()}), ImportState("a", 9)):
        write_state(path, state)
        assert read_state(path, "a") == state
    assert [each.name for each in tmp_path.iterdir()] == ["state"]
    with pytest.raises(OtherSource):
        read_state(path, "b")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"source": "a", "done": "x", "pending": {}}'])
def test_what_is_no_state(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state"
    path.write_text(text)
    with pytest.raises(UnreadableState):
        read_state(path, "a")
