"""Draws docs/reference/states.md from outbox/states.py: `.venv/bin/python tests/states_page.py` writes it."""

from pathlib import Path

from doorward.outbox.states import ARROWS, ENDED, WAITING, State

PAGE = Path(__file__).parents[1] / "docs/reference/states.md"
MEANING = {
    State.PENDING: "Waits to be sent: new, released, replayed, or given back without having been tried.",
    State.LEASED: "A worker has claimed it and is preparing or sending it. If the worker dies, the lease runs out.",
    State.RETRYABLE: "A try failed in a way that may pass. It is tried again at its time.",
    State.HELD: "Waits for a fact, not for time: usually that the person verifies the e-mail address.",
    State.DELIVERED: "It arrived.",
    State.SKIPPED: "It was decided not to send it: no consent, or the template said cancel.",
    State.DEAD: "Given up, with a reason. Waits for a person, who mends the cause and replays it.",
    State.CANCELLED: "A person gave it up.",
}


def draw() -> str:
    """The whole page."""
    lines = [
        "# States of a delivery",
        "",
        "This page is drawn from `src/doorward/outbox/states.py`; nothing else in the program knows the arrows.",
        "",
        "| State | Counts as | Meaning | May become |",
        "|---|---|---|---|",
    ]
    for state in State:
        targets = ", ".join(f"`{target}`" for target in State if target in ARROWS[state])
        lines.append(f"| `{state}` | {kind(state)} | {MEANING[state]} | {targets} |")
    lines += ["", "```mermaid", "stateDiagram-v2", "    [*] --> pending"]
    lines += [f"    {source} --> {target}" for source in State for target in State if target in ARROWS[source]]
    lines += [f"    {state} --> [*]" for state in State if state in ENDED]
    lines += [
        "```",
        "",
        "Out of an end only a replay leads (`doorward deliveries replay`); a dead delivery can also be discarded.",
        "A waiting or held delivery holds back the later ones of the same identity to the same destination; an ended",
        "one, a dead one included, does not.",
        "",
    ]
    return "\n".join(lines)


def kind(state: State) -> str:
    """What the accounting calls it."""
    if state in WAITING:
        return "waiting"
    return "end" if state in ENDED else "held"


if __name__ == "__main__":
    PAGE.write_text(draw())
