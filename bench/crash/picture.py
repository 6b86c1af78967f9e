"""Draws the road of a sign-up with the deaths that it survived, as an SVG that fits light and dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from .results import Results

WIDTH, HEIGHT, TOP, STEP, BOX = 960, 350, 112, 118, 94
STYLE = """
    text { font-family: system-ui, sans-serif; fill: #1b2b2e; font-size: 14px; }
    .small { font-size: 12px; fill: #52646a; } .big { font-size: 20px; font-weight: 600; }
    .paper { fill: #ffffff; } .box { fill: #f4f7f7; stroke: #0f5e63; } .line { stroke: #8fa3a6; stroke-width: 2; }
    .death { fill: #b3261e; } .count { fill: #b3261e; font-weight: 600; } .ok { fill: #e3f1ea; stroke: #1f7a4d; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #101819; }
      text { fill: #e4ecec; } .small { fill: #a9b8ba; } .box { fill: #1c2a2c; stroke: #5fb8b3; }
      .death { fill: #f2928b; } .count { fill: #f2928b; } .ok { fill: #173026; stroke: #6cc795; }
    }
"""


@dataclass(frozen=True, slots=True)
class Station:
    """A step of the road; `deaths` are the fail points between it and the step before."""

    name: str
    says: str
    deaths: tuple[str, ...] = ()


ROAD = (
    Station("submit", "a person", ()),
    Station("write", "all of it", ("storage.before_write",)),
    Station("commit", "one for both", ("storage.before_commit",)),
    Station("answer", "200", ("storage.after_commit",)),
    Station("claim", "under a lease", ("delivery.during_rescue",)),
    Station("prepare", "consent asked", ("delivery.after_claim",)),
    Station("send", "100 people", ("delivery.before_send", "connector.before_call")),
    Station("settle", "holder only", ("connector.after_call", "delivery.after_send", "delivery.middle_of_batch")),
)


def draw(results: Results) -> str:
    """The whole picture."""
    kinds = results.violations()
    parts = [*_title(results), *_road(results), *_random(results), *_verdict(list(kinds.items()))]
    label = "The steps from sign-up to contact, how often a process died between them, and what went wrong"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="12"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _title(results: Results) -> list[str]:
    total = sum(run["kills_in_all"] for run in results.crash.values())
    return [
        _text(20, 34, f"{total:,} deaths on the way from sign-up to contact", "big"),
        _text(
            20,
            58,
            "Processes were killed at fail points (below) and at any moment; then everybody was counted.",
            "small",
        ),
    ]


def _road(results: Results) -> list[str]:
    parts = [f'<line class="line" x1="20" y1="{TOP + 27}" x2="{WIDTH - 20}" y2="{TOP + 27}"/>']
    for number, station in enumerate(ROAD):
        x = 20 + number * STEP
        parts.append(f'<rect class="box" x="{x}" y="{TOP}" width="{BOX}" height="54" rx="8"/>')
        parts.append(_text(x + BOX // 2, TOP + 24, station.name, middle=True))
        parts.append(_text(x + BOX // 2, TOP + 42, station.says, "small", middle=True))
        if station.deaths:
            at = x - (STEP - BOX) // 2
            parts.append(f'<path class="death" d="M{at} {TOP + 14} l7 -12 l-14 0 z"/>')
            parts.append(_text(at, TOP - 8, str(results.deaths_at(station.deaths)), "count", middle=True))
    return parts


def _random(results: Results) -> list[str]:
    told = ", ".join(
        f"{name} {count}" for name, count in sorted(results.kills().items()) if not name.startswith("fail point")
    )
    return [_text(20, TOP + 92, f"At any moment: {told}", "small")]


def _verdict(kinds: Sequence[tuple[str, int]]) -> list[str]:
    width = (WIDTH - 40 - 10 * (len(kinds) - 1)) // len(kinds)
    parts = [_text(20, TOP + 136, "Found afterwards in the clients' logs, the database and HubSpot's ledger")]
    for number, (kind, count) in enumerate(kinds):
        x = 20 + number * (width + 10)
        kept = "ok" if count == 0 else "box"
        parts.append(f'<rect class="{kept}" x="{x}" y="{TOP + 152}" width="{width}" height="62" rx="8"/>')
        parts.append(_text(x + width // 2, TOP + 182, str(count), "big", middle=True))
        parts.append(_text(x + width // 2, TOP + 202, kind.removeprefix("sent "), "small", middle=True))
    return parts


def _text(x: int, y: int, text: str, kind: str = "", *, middle: bool = False) -> str:
    placed = ' text-anchor="middle"' if middle else ""
    return f'<text x="{x}" y="{y}" class="{kind}"{placed}>{text}</text>'
