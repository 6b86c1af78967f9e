"""Reads the operator's own templates from the configuration: `courier.templates` and `courier.template_override_path`.

The folder is laid out as Kratos's (`recovery_code/valid/email.subject`, `….body`, `….body.plaintext`, `sms.body`), with
files that end in `.jinja` instead of `.gotmpl`. What `courier.templates` names wins.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from doorward.config.model_courier import CourierConfig
from doorward.config.problems import Problem, error
from doorward.courier.model import TemplateType
from doorward.courier.rendering import Overrides
from doorward.courier.sandbox import HINT, MessageSandbox
from doorward.errors import Misconfigured

ENDING, GO_ENDING = ".jinja", ".gotmpl"
FIELDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "subject": ("email.subject", "email.subject"),
        "plain": ("email.body.plaintext", "email.body.plaintext"),
        "html": ("email.body.html", "email.body"),
        "sms": ("sms.body.plaintext", "sms.body"),
    }
)
"""Each text of a message: its key in the configuration, its file in the folder."""
STATES = ("valid", "invalid")
PATH = "courier.templates"


def read_overrides(config: CourierConfig) -> dict[TemplateType, Overrides]:
    """Which texts are replaced, by message."""
    written = _flat(config.templates)
    found: dict[TemplateType, Overrides] = {}
    for template in TemplateType:
        uris = {
            name: written.get(f"{key_of(template)}.{key}") or _in_folder(config.template_override_path, template, file)
            for name, (key, file) in FIELDS.items()
        }
        if any(uris.values()):
            found[template] = Overrides(**uris)
    return found


def list_texts() -> tuple[str, ...]:
    """The path of every text that the configuration may replace."""
    return tuple(f"{PATH}.{key_of(template)}.{key}" for template in TemplateType for key, _ in FIELDS.values())


def check_overrides(config: CourierConfig) -> Iterator[Problem]:
    """Unknown keys, files that are not there, templates that are broken or written for Go."""
    known = frozenset(list_texts())
    for key, uri in _flat(config.templates).items():
        if f"{PATH}.{key}" not in known:
            yield error("unknown_key", f"{PATH}.{key}", "there is no such message or text of one")
        elif not isinstance(uri, str):
            yield error("wrong_type", f"{PATH}.{key}", "expected file://, base64:// or http(s)://")
        else:
            yield from _checked(uri, f"{PATH}.{key}")
    yield from _check_folder(config.template_override_path)


def key_of(template: TemplateType) -> str:
    """`recovery_code.valid`, or the name alone where there is but one kind."""
    name, _, state = template.value.rpartition("_")
    return f"{name}.{state}" if state in STATES else template.value


def _check_folder(folder: str | None) -> Iterator[Problem]:
    path = "courier.template_override_path"
    if not folder:
        return
    if not Path(folder).is_dir():
        yield error("file_not_found", path, f"there is no folder {folder}")
        return
    for template in TemplateType:
        for _, name in FIELDS.values():
            ours = _file(folder, template, name, ENDING)
            if ours.is_file():
                yield from _checked(str(ours), path)
            elif (theirs := _file(folder, template, name, GO_ENDING)).is_file():
                yield error("go_template", path, f"{theirs} is not read; write {ours.name} beside it. {HINT}")


def _in_folder(folder: str | None, template: TemplateType, name: str) -> str | None:
    if not folder:
        return None
    file = _file(folder, template, name, ENDING)
    return str(file) if file.is_file() else None


def _file(folder: str, template: TemplateType, name: str, ending: str) -> Path:
    return Path(folder, *key_of(template).split("."), name + ending)


def _checked(uri: str, path: str) -> Iterator[Problem]:
    """What is at hand is read now; what is on the web when it is needed."""
    try:
        text = _local_text(uri)
        if text is not None:
            MessageSandbox().check(text)
    except Misconfigured as wrong:
        where = f"{uri}: " if not uri.startswith("base64://") else ""
        yield error(wrong.code(), path, f"{where}{wrong}")
    except (OSError, UnicodeDecodeError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "it is not UTF-8 text"
        yield error("file_not_found", path, f"{uri} cannot be read: {reason}")
    except binascii.Error:
        yield error("wrong_value", path, "the base64 is damaged")


def _local_text(uri: str) -> str | None:
    scheme, found, rest = uri.partition("://")
    if not found:
        return Path(uri).read_text(encoding="utf-8")
    match scheme.lower():
        case "file":
            return Path(unquote(rest)).read_text(encoding="utf-8")
        case "base64":
            return base64.b64decode(rest, validate=True).decode()
    return None


def _flat(tree: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Values by dotted path."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        here = f"{above}{key}"
        if isinstance(value, Mapping):
            found |= _flat(value, f"{here}.")
        elif value is not None:
            found[here] = value
    return found
