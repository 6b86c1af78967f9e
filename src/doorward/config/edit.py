"""Changes a configuration file and keeps what people wrote around it: comments, order, quotes. Whole or not at all."""

import io
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from doorward.errors import Misconfigured

WIDTH = 4096  # Never break a line that a person wrote as one.
NEW_FILE_MODE = 0o600
INDENTED = re.compile(r"(?P<spaces> *)(?P<dash>- )?[^\s#][^#]*?(?P<opens>:)?\s*(#.*)?$")


class CannotEdit(Misconfigured):
    """The configuration file cannot be changed by a program. Paste the block yourself."""


class Document:
    """One YAML or JSON file in memory. A file that does not exist yet is an empty document."""

    def __init__(self, file: Path) -> None:
        """Raises CannotEdit for a file that cannot be read, is no YAML or JSON, or holds no section at its top."""
        self.file = file
        self._yaml = YAML()
        self._yaml.width = WIDTH
        self._yaml.preserve_quotes = True
        self._yaml.brace_single_entry_mapping_in_flow_sequence = True
        self.tree: Any = self._read()

    def find(self, path: str) -> Any:
        """What the file says at a dotted path; None where it says nothing."""
        here = self.tree
        for key in path.split("."):
            here = _child(here, key)
            if here is None:
                return None
        return here

    def set(self, path: str, value: Any) -> None:
        """Puts a value at a dotted path, making sections on the way. Raises CannotEdit where a value is in the way."""
        keys = path.split(".")
        here = self.tree
        for key, following in pairwise(keys):
            below = _child(here, key)
            if below is None:
                below = CommentedSeq() if following == "0" else CommentedMap()
                _place(here, key, below, path)
            here = below
        _place(here, keys[-1], value, path)

    def append(self, path: str, entry: Any) -> bool:
        """Adds an entry to the list at a path, made if absent; False if the very same entry is there already."""
        entries = self.find(path)
        if entries is None:
            self.set(path, [entry])
            return True
        if not isinstance(entries, list):
            raise CannotEdit(f"{path} in {self.file} is not a list")
        if entry in entries:
            return False
        entries.append(entry)
        return True

    def remove(self, path: str) -> None:
        """Takes a key away; nothing happens where there is none."""
        above, _, last = path.rpartition(".")
        section = self.find(above) if above else self.tree
        if isinstance(section, dict) and last in section:
            del section[last]

    def text(self) -> str:
        """The file as it would be written."""
        if self._is_json():
            return json.dumps(self.tree, indent=2, ensure_ascii=False) + "\n"
        if not self.tree:
            return ""
        written = io.StringIO()
        self._yaml.dump(self.tree, written)
        return written.getvalue()

    def save(self) -> None:
        """Writes beside the file and moves it over, so that nobody ever reads half of it; keeps its mode and its links.

        Raises CannotEdit, with the operating system's reason, when the folder or file may not be written.
        """
        target = self.file.resolve()
        try:
            mode = target.stat().st_mode & 0o777 if target.exists() else NEW_FILE_MODE
            if target.exists() and not os.access(target, os.W_OK):
                raise PermissionError(13, "the file is read-only")
            write_atomically(target, self.text(), mode)
        except OSError as failure:
            raise CannotEdit(f"{self.file} cannot be written: {failure.strerror}") from failure

    def _is_json(self) -> bool:
        return self.file.suffix.lower() == ".json"

    def _read(self) -> Any:
        if self.file.suffix.lower() == ".toml":
            raise CannotEdit(f"{self.file} is TOML, which Doorward reads and does not write")
        try:
            text = self.file.read_text() if self.file.exists() else ""
            tree = json.loads(text or "{}") if self._is_json() else self._read_yaml(text)
        except (OSError, YAMLError, ValueError) as failure:
            raise CannotEdit(f"{self.file} cannot be read; `doorward config check` tells where") from failure
        if tree is None:
            return CommentedMap()
        if not isinstance(tree, dict):
            raise CannotEdit(f"{self.file} does not hold a section with keys at its top")
        return tree

    def _read_yaml(self, text: str) -> Any:
        mapping, offset = guess_indent(text)
        self._yaml.indent(mapping=mapping, sequence=offset + 2, offset=offset)
        return self._yaml.load(text)


def guess_indent(text: str) -> tuple[int, int]:
    """How a YAML text is indented: spaces per section, and spaces before a list's dash (beyond its key)."""
    mapping, offset = 2, 0
    above: int | None = None
    is_mapping_known = is_offset_known = False
    for line in text.splitlines():
        found = INDENTED.match(line)
        if found is None:
            continue
        deeper = len(found["spaces"]) - above if above is not None else 0
        if found["dash"] and above is not None and not is_offset_known:
            offset, is_offset_known = max(deeper, 0), True
        elif not found["dash"] and deeper > 0 and not is_mapping_known:
            mapping, is_mapping_known = deeper, True
        above = len(found["spaces"]) if found["opens"] and not found["dash"] else None
    return mapping, offset


def write_atomically(target: Path, text: str, mode: int) -> None:
    """Raises OSError. On a crash the old file or the new one is there, whole."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w") as opened:
            os.fchmod(opened.fileno(), mode)
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def add_destination(document: Document, name: str, settings: Mapping[str, Any]) -> None:
    """Puts `destinations.<name>`; what stands there already keeps its place, and its keys that are not given."""
    for key, value in settings.items():
        document.set(f"destinations.{name}.{key}", value)


def add_hook(document: Document, flow: str, entry: Mapping[str, Any], method: str | None = None) -> bool:
    """Adds a hook to the list that runs after a flow; False if the very same is there."""
    where = f".{method}" if method else ""
    return document.append(f"selfservice.flows.{flow}.after{where}.hooks", _plain(entry))


def add_action(document: Document, entry: Mapping[str, Any]) -> bool:
    """Adds to `actions`, or replaces the action of the same name; False if nothing changes."""
    actions: Sequence[Any] = document.find("actions") or ()
    for index, action in enumerate(actions):
        if isinstance(action, Mapping) and action.get("name") == entry.get("name"):
            if action == entry:
                return False
            document.set(f"actions.{index}", _plain(entry))
            return True
    return document.append("actions", _plain(entry))


def block(parts: Mapping[str, Any]) -> str:
    """The YAML to paste, from dotted paths to values: what is printed where a file cannot be written."""
    document = Document(Path("block-that-is-never-written.yml"))
    for path, value in parts.items():
        document.set(path, _plain(value))
    return document.text()


def _child(tree: Any, key: str) -> Any:
    if isinstance(tree, list):
        return tree[int(key)] if key.isdecimal() and int(key) < len(tree) else None
    return tree.get(key) if isinstance(tree, Mapping) else None


def _place(tree: Any, key: str, value: Any, path: str) -> None:
    if isinstance(tree, list) and key.isdecimal() and int(key) <= len(tree):
        tree[int(key) : int(key) + 1] = [value]
    elif isinstance(tree, dict):
        tree[key] = value
    else:
        raise CannotEdit(f"`{key}` in {path} cannot be set: what stands above it is not a section")


def _plain(value: Any) -> Any:
    """Mappings and sequences of any kind as the kinds that both writers know."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
