"""The colours of the stylesheet can be read by everybody (WCAG 2.2: 1.4.3, 1.4.11), computed from its tokens."""

import re
from importlib.resources import files

import pytest

STATIC = files("doorward.ui").joinpath("static")
STYLE = STATIC.joinpath("style.css").read_text()
CONSOLE = STATIC.joinpath("console.css").read_text()
SCHEMES = ("light", "dark")
TEXT, CONTROL = 4.5, 3.0
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "muted", "accent", "accent-strong") for ground in ("paper", "ground")),
    *(("ink", soft, TEXT) for soft in ("ok-soft", "wait-soft", "bad-soft", "info-soft")),
    *((ink, soft, TEXT) for ink, soft in (("ok", "ok-soft"), ("wait", "wait-soft"), ("bad", "bad-soft"))),
    *((ink, ground, TEXT) for ink in ("ok", "wait", "bad") for ground in ("paper", "ground")),
    ("muted", "wait-soft", TEXT),
    ("muted", "bad-soft", TEXT),
    ("accent", "info-soft", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    ("line", "paper", CONTROL),
    ("accent", "paper", CONTROL),
    ("line", "ground", CONTROL),
]


def tokens(scheme: str) -> dict[str, tuple[int, int, int]]:
    """The colours of a scheme by name."""
    blocks = re.findall(r":root\s*{([^}]*)}", STYLE)
    assert len(blocks) == len(SCHEMES)
    found = re.findall(r"--([\w-]+):\s*#([0-9a-f]{6});", blocks[SCHEMES.index(scheme)])
    return {name: (int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)) for name, code in found}


def luminance(colour: tuple[int, int, int]) -> float:
    """Relative luminance (WCAG 2.2, definitions)."""

    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = map(linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: tuple[int, int, int], second: tuple[int, int, int]) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_itself() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_contrast(scheme: str, ink: str, ground: str, least: float) -> None:
    colours = tokens(scheme)
    assert contrast(colours[ink], colours[ground]) >= least


def test_both_schemes_have_the_same_tokens() -> None:
    assert tokens("light").keys() == tokens("dark").keys()


@pytest.mark.parametrize("sheet", [STYLE, CONSOLE])
def test_colours_stand_in_tokens_only(sheet: str) -> None:
    rest = re.sub(r":root\s*{[^}]*}", "", sheet)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", rest)
    used = set(re.findall(r"var\(--([\w-]+)\)", rest))
    assert used <= tokens("light").keys() | {"shadow"}
