"""JSON Patch (RFC 6902) as Kratos takes it: add, remove and replace; replace also makes what is not there. Pure."""

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any

from doorward.errors import InvalidInput

INDEX = re.compile(r"-?(0|[1-9][0-9]{0,8})")
Path = tuple[str, ...]


class PatchImpossible(InvalidInput):
    """The JSON Patch cannot be applied."""


def apply_json_patch(document: Any, operations: Any, is_denied: Callable[[Path], bool]) -> Any:
    """A changed copy. Raises PatchImpossible with the operation's number; `is_denied` says which paths are closed."""
    if operations is None:
        operations = []
    if not isinstance(operations, list):
        raise PatchImpossible("A JSON Patch is a list of operations.")
    changed = copy.deepcopy(document)
    for number, operation in enumerate(operations):
        try:
            _apply(changed, operation, is_denied)
        except PatchImpossible as error:
            raise PatchImpossible(f"Operation {number}: {error.reason}") from None
    return changed


def _apply(document: Any, operation: Any, is_denied: Callable[[Path], bool]) -> None:
    if not isinstance(operation, dict):
        raise PatchImpossible("it has to be an object.")
    path = _path(operation.get("path"))
    if is_denied(path):
        raise PatchImpossible("this path cannot be patched.")
    container = _container(document, path[:-1])
    match operation.get("op"):
        case "add":
            _add(container, path[-1], copy.deepcopy(operation.get("value")))
        case "replace":
            _replace(container, path[-1], copy.deepcopy(operation.get("value")))
        case "remove":
            _remove(container, path[-1])
        case _:
            raise PatchImpossible("op has to be add, remove or replace.")


def _path(pointer: Any) -> Path:
    if not isinstance(pointer, str) or not pointer:
        raise PatchImpossible("path has to lead to something within the identity.")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]) or ("",)


def _container(document: Any, path: Sequence[str]) -> Any:
    for part in path:
        if isinstance(document, dict) and part in document:
            if document[part] is None:
                # Metadata that nobody set: Kratos lets a patch begin it.
                document[part] = {}
            document = document[part]
        elif isinstance(document, list) and INDEX.fullmatch(part):
            document = document[_index(document, part, len(document) - 1)]
        else:
            raise PatchImpossible("its path leads nowhere.")
    if not isinstance(document, dict | list):
        raise PatchImpossible("its path leads into a value that holds nothing.")
    return document


def _add(container: Any, name: str, value: Any) -> None:
    if isinstance(container, dict):
        container[name] = value
    elif name == "-":
        container.append(value)
    else:
        container.insert(_index(container, name, len(container)), value)


def _replace(container: Any, name: str, value: Any) -> None:
    if isinstance(container, dict):
        container[name] = value
    else:
        container[_index(container, name, len(container) - 1)] = value


def _remove(container: Any, name: str) -> None:
    if isinstance(container, dict):
        if name not in container:
            raise PatchImpossible("there is nothing to remove.")
        del container[name]
    else:
        del container[_index(container, name, len(container) - 1)]


def _index(container: Sequence[Any], text: str, last: int) -> int:
    """A place in a list; negative ones count from its end."""
    number = int(text) if INDEX.fullmatch(text) else None
    if number is not None and number < 0:
        number += len(container)
    if number is None or not 0 <= number <= last:
        raise PatchImpossible("there is no such place in the list.")
    return number
