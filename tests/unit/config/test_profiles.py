"""Every Kratos file of the recorded exchanges loads. The folder is named by DOORWARD_CONFORMANCE."""

import os
from pathlib import Path

import pytest

from doorward.config.load import load

FOLDER = Path(os.environ.get("DOORWARD_CONFORMANCE", "../shared/conformance")) / "profiles"


def test_every_profile_loads_without_an_error() -> None:
    profiles = sorted(FOLDER.glob("*.yml"))
    if not profiles and os.environ.get("CI") != "true":
        pytest.skip(f"not run: no recorded exchanges in {FOLDER.parent}; set DOORWARD_CONFORMANCE")

    assert profiles, f"no recorded exchanges in {FOLDER.parent}"
    assert {file.name: load(file, {}).errors for file in profiles} == {file.name: () for file in profiles}
