"""The rate line: contacts written per second in the last minute, as points of an SVG polyline of 240 by 32."""

from collections.abc import Sequence

WIDTH, HEIGHT = 240.0, 32.0


def points(rates: Sequence[int]) -> str:
    """`x,y x,y …`, the newest at the right; a flat line at the bottom when nothing was written."""
    highest = max([1, *rates])
    step = WIDTH / max(1, len(rates) - 1)
    return " ".join(
        f"{place * step:.1f},{HEIGHT - 1 - rate / highest * (HEIGHT - 2):.1f}" for place, rate in enumerate(rates)
    )
