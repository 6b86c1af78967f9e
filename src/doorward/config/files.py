"""Configuration files as raw trees: YAML, JSON and TOML by their ending, several of them merged, the later on top."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from doorward.config.problems import Problem, error

LIMIT_BYTES = 4 * 1024 * 1024
LIMIT_VALUES = 200_000


def read_file(file: Path, problems: list[Problem]) -> dict[str, Any]:
    """The file's tree; `{}` and an error (`unreadable_file`, with line and column) when it cannot be read."""
    try:
        text = file.read_bytes()[: LIMIT_BYTES + 1].decode()
        tree = _parse(file.suffix.lower(), text)
    except OSError as failure:
        problems.append(error("unreadable_file", str(file), f"cannot be opened: {failure.strerror or 'no such file'}"))
    except UnicodeDecodeError:
        problems.append(error("unreadable_file", str(file), "is not UTF-8 text"))
    except (YAMLError, ValueError, RecursionError) as failure:
        problems.append(error("unreadable_file", str(file), _where(failure)))
    else:
        if isinstance(tree, Mapping):
            return {str(key): value for key, value in tree.items()}
        if tree is not None:
            problems.append(error("unreadable_file", str(file), "must hold a section with keys at its top"))
    return {}


def merged(lower: Any, upper: Any) -> Any:
    """`upper` over `lower`: sections join key by key, everything else is replaced."""
    if not (isinstance(lower, Mapping) and isinstance(upper, Mapping)):
        return upper
    return {**lower, **{key: merged(lower[key], value) if key in lower else value for key, value in upper.items()}}


def placed(tree: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The tree with a value at a dotted path; numbers name places in lists that exist (the next one is appended)."""
    result = _placed(tree, path.split("."), value)
    assert isinstance(result, dict)
    return result


def _placed(tree: Any, keys: list[str], value: Any) -> Any:
    if not keys:
        return value
    key, *rest = keys
    if isinstance(tree, list) and key.isdecimal():
        index = min(int(key), len(tree))
        below = tree[index] if index < len(tree) else {}
        return [*tree[:index], _placed(below, rest, value), *tree[index + 1 :]]
    section = dict(tree) if isinstance(tree, Mapping) else {}
    if key not in section and rest and rest[0].isdecimal():
        section[key] = []
    section[key] = _placed(section.get(key, {}), rest, value)
    return section


def _parse(suffix: str, text: str) -> Any:
    if suffix == ".json":
        return json.loads(text)
    if suffix == ".toml":
        return tomllib.loads(text)
    # pure: the C parser speaks YAML 1.1, where `on` and `no` are booleans.
    tree = YAML(typ="safe", pure=True).load(text)
    _refuse_bombs(tree)
    return tree


def _refuse_bombs(tree: Any) -> None:
    """Aliases let ten lines of YAML stand for a billion values, or for a list inside itself."""
    left, seen = [tree], 0
    while left:
        value = left.pop()
        seen += 1
        if seen > LIMIT_VALUES:
            raise ValueError(f"its aliases stand for more than {LIMIT_VALUES} values")
        if isinstance(value, Mapping):
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)


def _where(failure: Exception) -> str:
    """The parser's complaint without the line that it quotes, which may hold a secret."""
    mark = getattr(failure, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + 1}, column {mark.column + 1}: {getattr(failure, 'problem', None) or 'not YAML'}"
    if isinstance(failure, json.JSONDecodeError):
        return f"line {failure.lineno}, column {failure.colno}: {failure.msg}"
    return "is nested too deeply" if isinstance(failure, RecursionError) else f"cannot be parsed: {failure}"
