"""The page that tells what bad input is answered. Tests hold each row against what they saw, so it cannot go stale."""

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "bad-input.md"
CODE = re.compile(r"\[([a-z][a-z0-9_]*)\]")


def require_row(*cells: object) -> None:
    """Fails with the row that the page lacks."""
    row = "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
    assert row in PAGE.read_text().splitlines(), f"{PAGE.name} lacks this row:\n{row}"


def told(body: Any) -> str:
    """The part of an answer that says what is wrong: the error's id and reason, or the form's messages."""
    if not isinstance(body, dict):
        return str(body).strip()
    if "error" in body:
        error = body["error"]
        reason = error.get("reason") or error["message"]
        return f"`{error['id']}`: {reason}" if "id" in error else str(reason)
    messages = [*body["ui"].get("messages", ()), *(each for node in body["ui"]["nodes"] for each in node["messages"])]
    return " ".join(f"{message['id']}: {message['text']}" for message in messages)


def code_of(said: str) -> str:
    """The id at the end of a command's last error."""
    found = CODE.findall(said)
    assert found, said
    return f"`{found[-1]}`"
