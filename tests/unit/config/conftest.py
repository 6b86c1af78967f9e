"""A configuration that is right, to be made wrong in one place."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from doorward.config.files import merged
from doorward.config.load import Loaded, load

RIGHT: Mapping[str, Any] = {
    "dsn": "memory",
    "identity": {"default_schema_id": "person", "schemas": [{"id": "person", "url": "file://person.json"}]},
    "secrets": {"cookie": ["cookie-secret-0001"], "cipher": ["cipher-secret-of-thirty-two-chars"]},
}

LoadTree = Callable[..., Loaded]


@pytest.fixture
def load_tree(tmp_path: Path) -> LoadTree:
    """Loads the right configuration with `changes` merged over it; `env` is the whole environment."""

    def load_changed(changes: Mapping[str, Any] | None = None, env: Mapping[str, str] | None = None) -> Loaded:
        file = tmp_path / "doorward.yml"
        # JSON is YAML too, and leaves no doubt about quotes.
        file.write_text(json.dumps(merged(RIGHT, changes or {})))
        return load(file, env or {})

    return load_changed
