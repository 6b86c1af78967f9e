"""The reference page of the configuration, drawn from the declarations and tables that the server itself uses."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from doorward.config.environment import PREFIX, variable_of
from doorward.config.fields import ByteSize
from doorward.config.hooks import FLOWS, GLOBAL_ONLY, RUNS_AFTER
from doorward.config.keys import Key, list_keys
from doorward.config.kratos import TABLE
from doorward.config.model import Config
from doorward.config.model_flows import AFTER_METHODS
from doorward.config.plugins import Plugins
from doorward.config.read import unwrap
from doorward.config.scalars import format_duration, is_section
from doorward.config.secrets import Secret

OPENING = """\
# Configuration

<!-- Made by scripts/generate_reference.py; change the declarations in src/doorward/config instead. -->

One YAML, JSON or TOML file, named with `--config` (several are merged, the later on top), else by `DOORWARD_CONFIG`,
else `./doorward.yml`. A Kratos file loads as it is. `doorward config check` names everything that is wrong with it.

- **Order.** Files, then environment variables, then flags; later wins. Lists are replaced, sections are merged.
- **Environment.** The path in capitals, joined by `_`: `SERVE_PUBLIC_PORT`, or `DOORWARD_SERVE_PUBLIC_PORT`. Lists and
  sections are JSON; places in lists are numbers: `IDENTITY_SCHEMAS_0_URL`. Keys marked with ◆ are not Kratos's and need
  the prefix.
- **Secrets.** Any value may be `env:NAME` or `file:PATH` (relative to the file that says so); printed as stars.
- **Durations** are `30s`, `1h30m`, `7d`; sizes `128MB`.
- **Outside `dev`** `secrets.cookie` and `secrets.cipher` (or `secrets.default`) are needed. In `dev` they are made once
  and kept beside the database in a file of mode 0600, and a file without `identity` adds to a developer's defaults.

In paths `#` is a place in a list and `<name>` a name of yours.
"""

OF_CODE_ONLY = re.compile(r"\.methods\.(?!code\.)\w+\.(passwordless|mfa)_enabled$")
AFTER_METHOD = re.compile(rf"\.after\.({'|'.join(AFTER_METHODS)})\.")

KINDS: Mapping[Any, str] = {
    bool: "true or false",
    str: "text",
    int: "whole number",
    float: "number",
    Secret: "secret",
    timedelta: "duration",
    ByteSize: "size",
}


def render(plugins: Plugins | None = None) -> str:
    """The whole page as Markdown."""
    plugged = (plugins or Plugins()).settings_by_path()
    keys = [key for key in list_keys(Config, plugged) if key.path not in plugged]
    parts = [OPENING, *_sections(keys), *_hooks(), *_kratos()]
    return "\n".join(parts).rstrip() + "\n"


def _sections(keys: list[Key]) -> Iterator[str]:
    tops = dict.fromkeys(key.path.split(".")[0] for key in keys)
    single = [key for key in keys if "." not in key.path and not _is_section(key)]
    yield "## At the top\n"
    yield from _table(single)
    for top in tops:
        below = [key for key in keys if key.path.split(".")[0] == top]
        if len(below) == 1:
            continue
        mark = " ◆" if below[0].is_ours else ""
        yield f"## {top}{mark}\n\n{below[0].about.doc}\n"
        yield from _table(key for key in map(_folded, below[1:]) if key is not None and not _is_section(key))


def _table(keys: Iterable[Key]) -> Iterator[str]:
    yield "| Key | Takes | Default | |\n|---|---|---|---|"
    for key in keys:
        mark = " ◆" if key.is_ours else ""
        default = "**required**" if key.about.required else _default(key)
        yield f"| `{key.path}`{mark} | {_takes(key)} | {default} | {_cell(key.about.doc)} |"
    yield ""


def _hooks() -> Iterator[str]:
    yield "## Where hooks run\n"
    yield "Hooks are `{hook: NAME, config: {…}}`. One that cannot run where it stands or is hidden is named at start.\n"
    yield "| Hook | After |\n|---|---|"
    for hook, flows in RUNS_AFTER.items():
        yield f"| `{hook}` | {'every flow' if flows == FLOWS else ', '.join(flows)} |"
    yield (
        "\nBefore a flow only `web_hook` runs. A method's list hides the global list of its flow; `hubspot` in a global"
        " list fires all the same.\n"
    )


def _kratos() -> Iterator[str]:
    yield "## Kratos's keys that are not honoured\n"
    yield "Each is named in a warning; none of them weakens security by being left out.\n"
    yield "| Key | Why |\n|---|---|"
    for entry in TABLE:
        yield f"| `{entry.path}` | {_cell(entry.why)} |"
    yield ""
    yield "Defaults that differ from Kratos's: `hashers.algorithm`, `serve.admin.host`, and every `ui_url`.\n"
    yield f"Example of a variable: `{PREFIX}{variable_of('delivery.concurrency')}`."


def _is_section(key: Key) -> bool:
    """A line of its own is for values; sections are only the way to them."""
    kind = key.kind
    return is_section(kind) or (get_origin(kind) is Mapping and is_section(get_args(kind)[1]))


def _takes(key: Key) -> str:
    kind, _ = unwrap(key.kind)
    return _cell(_kind(kind) + _limits(key))


def _kind(kind: Any) -> str:
    if kind in KINDS:
        return KINDS[kind]
    origin = get_origin(kind)
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in get_args(kind) if one != "")
    if origin is tuple:
        item = get_args(kind)[0]
        return "list of sections" if is_section(item) else f"list of {_kind(item)}"
    return "section" if kind is not NoneType else "nothing"


def _limits(key: Key) -> str:
    told = key.about
    if told.least is None and told.most is None:
        return ""
    least = "" if told.least is None else f", at least {told.least}"
    most = "" if told.most is None else f", at most {told.most}"
    characters = " characters" if Secret in (key.kind, *get_args(key.kind)) else ""
    return least + most + characters


def _folded(key: Key) -> Key | None:
    """Method lists look alike, so one stands for all; the keys of a hook are told once, by the hooks' own pages."""
    if ".hooks.#." in key.path or OF_CODE_ONLY.search(key.path):
        return None
    key = replace(key, path=key.path.replace("<name>.<name>", "<name>.<setting>"))
    found = AFTER_METHOD.search(key.path)
    if found is None:
        return key
    if any(f".{flow}.after." in key.path for flow in GLOBAL_ONLY):
        return None
    return replace(key, path=key.path.replace(found[0], ".after.<method>.")) if found[1] == AFTER_METHODS[0] else None


def _default(key: Key) -> str:
    value = key.default
    if value is None or value in ((), "", {}) or isinstance(value, Secret):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{format_duration(one) if isinstance(one, timedelta) else one}`" for one in value)
    return f"`{value}`" if isinstance(value, str | int | float) else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
