"""Text is readable on what lies behind it, light and dark (WCAG 2: 4.5 to 1)."""

import re

import pytest

from portalsim.ui.render import STATIC

PAIRS = [
    (text, ground)
    for text in ("ink", "muted", "accent", "ok", "wait", "bad")
    for ground in ("paper", "card", "soft")
    if (text, ground) != ("muted", "soft")
] + [("banner-ink", "banner"), ("accent-ink", "accent")]


def colours(scheme: str) -> dict[str, str]:
    css = (STATIC / "portal.css").read_text()
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light))
    return found if scheme == "light" else {**found, **dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", dark))}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_contrast(scheme: str, text: str, ground: str) -> None:
    found = colours(scheme)
    bright, dim = sorted((luminance(found[text]), luminance(found[ground])), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5
