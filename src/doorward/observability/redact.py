"""Keeps personal data and secrets out of what is logged.

Values of telling names are starred; addresses and tokens in texts are cut.
"""

import re
from collections.abc import Mapping
from typing import Any

STARS = "***"
SECRET_NAMES = re.compile(
    r"password|secret|token|authori[sz]ation|cookie|api_?key|credential|traits|payload|e?mail", re.I
)
ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]+")
TOKEN = re.compile(r"\b(pat-[a-z0-9]+-|ory_(?:st|lo|at|rt)_|Bearer\s+|Basic\s+)[\w.=+/-]+", re.I)
USERINFO = re.compile(r"://[^/@\s]+@")


def redact_text(text: str) -> str:
    """A text without mail addresses, bearer tokens and user names in URLs."""
    text = USERINFO.sub(f"://{STARS}@", text)
    text = TOKEN.sub(lambda found: found.group(1) + STARS, text)
    return ADDRESS.sub(STARS, text)


def redact_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a log line: values of telling names starred, texts cleaned, the rest as it is."""
    return {
        name: STARS if SECRET_NAMES.search(name) else redact_text(value) if isinstance(value, str) else value
        for name, value in fields.items()
    }
