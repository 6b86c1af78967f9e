"""The mutations that show that the crash proof bites still fit the source."""

from pathlib import Path

import pytest

from crash.mutations import MUTATIONS, Mutation, mutated


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_a_mutation_fits_and_is_still_python(mutation: Mutation, tmp_path: Path) -> None:
    copy = mutated(mutation, tmp_path)
    for edit in mutation.edits:
        path = copy / "doorward" / edit.path
        compile(path.read_text(), str(path), "exec")
