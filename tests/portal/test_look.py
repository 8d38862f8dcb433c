"""The tokens keep their contrast in both themes: 4.5:1 for text, 3:1 for marks (WCAG 1.4.3, 1.4.11)."""

import math
import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "static/tresen/css"
TOKEN = re.compile(r"--([\w-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\);")

TEXT = [
    *[(ink, ground) for ink in ("ink", "ink-2", "ink-3", "blue-ink") for ground in ("paper", "card", "blue-wash")],
    *[(ink, "hover") for ink in ("ink", "ink-2", "blue-ink")],
    *[(ink, "pressed") for ink in ("ink", "ink-2")],
    *[(f"{hue}-ink", f"{hue}-soft") for hue in ("blue", "amber", "red", "violet")],
    *[(f"{hue}-ink", ground) for hue in ("amber", "red") for ground in ("card", "blue-wash")],
    ("on-blue", "blue"),
    ("on-blue", "blue-hover"),
    ("on-toast", "toast"),
    ("toast-link", "toast"),
]
MARKS = [(mark, ground) for mark in ("blue", "edge", "green", "gold-ink") for ground in ("paper", "card")]
MARKS.append(("edge", "blue-wash"))


def tokens(theme: str) -> dict[str, tuple[float, float, float]]:
    files = ["tokens.css"] if theme == "light" else ["tokens.css", "dark.css"]
    return {
        name: (float(lightness), float(chroma), float(hue))
        for file in files
        for name, lightness, chroma, hue in TOKEN.findall((CSS / file).read_text())
    }


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance (WCAG) of an OKLCH colour, clipped to sRGB as on a screen; matrices: Ottosson, Oklab."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    rgb = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (min(max(part, 0.0), 1.0) for part in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_luminance_agrees_with_known_colours() -> None:
    assert contrast((1, 0, 0), (0, 0, 0)) == pytest.approx(21, abs=0.01)
    assert contrast((0.62796, 0.25768, 29.234), (1, 0, 0)) == pytest.approx(4.0, abs=0.01)  # sRGB red on white


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_can_be_read(theme: str) -> None:
    colours = tokens(theme)
    wanted = [(pair, 4.5) for pair in TEXT] + [(pair, 3.0) for pair in MARKS]
    weak = {
        f"{mark} on {ground}": round(contrast(colours[mark], colours[ground]), 2)
        for (mark, ground), least in wanted
        if contrast(colours[mark], colours[ground]) < least
    }
    assert weak == {}


def test_dark_names_every_colour_anew() -> None:
    light = set(TOKEN.findall((CSS / "tokens.css").read_text()))
    dark = set(TOKEN.findall((CSS / "dark.css").read_text()))
    assert {name for name, *_ in dark} == {name for name, *_ in light}
