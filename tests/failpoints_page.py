"""Draws docs/reference/fail-points.md from storage/failpoints.py: `.venv/bin/python tests/failpoints_page.py`."""

from pathlib import Path

from doorward.storage.failpoints import FAILPOINTS, VARIABLE

PAGE = Path(__file__).parents[1] / "docs/reference/fail-points.md"


def draw() -> str:
    """The whole page."""
    lines = [
        "# Fail points",
        "",
        "This page is drawn from `src/doorward/storage/failpoints.py`.",
        "",
        "A fail point is a named place in the program where a crash test lets a process die. Only the environment",
        f"variable `{VARIABLE}` arms them, and only before the program starts: no configuration, command or",
        "request can. Where it is not set a fail point costs one look at an empty mapping. An unknown name ends the",
        "program at once.",
        "",
        f"    {VARIABLE}=storage.before_commit=kill@3,delivery.after_send=stop@1",
        "",
        "| Act | What happens at that pass |",
        "|---|---|",
        "| `kill@n` | The process sends itself SIGKILL at the n-th pass (the first, without a number). |",
        "| `stop@n` | It sends itself SIGSTOP, and goes on when somebody sends SIGCONT: a zombie holder of leases. |",
        "| `trace` | Every pass is written on standard error, so that a rig can count them. |",
        "",
        "| Name | Where |",
        "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in FAILPOINTS.items()),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(draw())
