"""Every configuration key that a page names exists, and every piece of configuration in a page can be read."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from doorward.app.loading import plugins
from doorward.config.keys import ITEM, list_keys
from doorward.config.kratos import TABLE
from doorward.config.load import load
from doorward.config.model import Config
from doorward.identities.events import EventKind
from doorward.storage.failpoints import FAILPOINTS

ROOT = Path(__file__).parent.parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [page for page in PAGES if page.name != "configuration.md"]
"""The other one is drawn from the declarations."""
KEYS = tuple(list_keys(Config, {}))
PATHS = [key.path.split(".") for key in KEYS]
OPEN = [key.path.split(".") for key in KEYS if key.kind is Any or get_origin(key.kind) is Mapping]
"""What lies below these belongs to plug-ins."""
SECTIONS = frozenset(path[0] for path in PATHS)
NAMED = re.compile(r"`([a-z_]+(?:\.[\w<>#-]+)+)`")
FENCED = re.compile(r"^```ya?ml\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^ {4,}.*\n|^\n(?= {4}))+", re.MULTILINE)


def exists(named: str) -> bool:
    """Whether a key is declared; a free name or a place in a list may stand for itself or for `<name>` and `#`."""
    parts = named.split(".")
    return any(len(parts) <= len(path) and _fits(parts, path) for path in PATHS) or any(
        len(parts) > len(path) and _fits(parts, path) for path in OPEN
    )


def is_something_else(named: str) -> bool:
    """An event, a module, a fail point, or a key of Kratos's that the page lists as ignored or refused."""
    module = ROOT / "src" / "doorward" / named.replace(".", "/")
    of_kratos = (_fits(named.split("."), entry.path.split(".")) for entry in TABLE)
    names = {*EventKind, *FAILPOINTS}
    return named in names or module.with_suffix(".py").exists() or any(of_kratos)


def _fits(named: list[str], declared: list[str]) -> bool:
    pairs = zip(named, declared, strict=False)
    return all(one == other or other in (ITEM, "*") or other.startswith("<") for one, other in pairs)


def configurations_in(text: str) -> Iterator[dict[str, Any]]:
    """Blocks of YAML whose top level is ours."""
    blocks = FENCED.findall(text)
    blocks += [re.sub("^ {4}", "", block, flags=re.MULTILINE) for block in INDENTED.findall(text)]
    for block in blocks:
        try:
            read = YAML(typ="safe", pure=True).load(_dedented(block))
        except YAMLError:
            continue
        if isinstance(read, dict) and read and set(read) <= SECTIONS:
            yield read


def _dedented(block: str) -> str:
    lines = [line for line in block.splitlines() if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    return "\n".join(line[margin:] for line in lines)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_keys_of_a_page_exist(page: Path) -> None:
    named = {key for key in NAMED.findall(page.read_text()) if key.partition(".")[0] in SECTIONS}
    assert not {key for key in named if not exists(key) and not is_something_else(key)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_configuration_of_a_page_has_no_unknown_key(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(configurations_in(page.read_text())):
        file = tmp_path / f"{number}.yml"
        YAML(typ="safe", pure=True).dump(block, file)
        problems = load([file], {}, {"dev": True}, plugins()).problems
        assert not [str(each) for each in problems if each.code in ("unknown_key", "wrong_type")]


def test_there_is_configuration_to_look_at() -> None:
    assert sum(len(list(configurations_in(page.read_text()))) for page in PAGES) >= 2


@pytest.mark.parametrize(
    ("key", "is_there"),
    [("serve.admin.api_keys", True), ("serve.admin.nope", False), ("destinations.hubspot.token", True),
     ("identity.schemas.0.url", True), ("delivery.lease", False)],
)  # fmt: skip
def test_a_wrong_key_would_be_found(key: str, is_there: bool) -> None:
    assert exists(key) is is_there
