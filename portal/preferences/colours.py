"""Can a colour be seen on this paper? Pure arithmetic of WCAG 2.2 (1.4.3, 1.4.11)."""

from dataclasses import dataclass

# `--paper` of tokens.css and dark.css, as the screen shows it; tests/portal/test_settings_look.py holds them equal.
LIGHT, DARK = "#fbfaf8", "#111316"
WHITE, INK = "#ffffff", "#1c1f25"
MARK = 3.0  # the least contrast of a mark


@dataclass(frozen=True)
class Ground:
    """One paper: the contrast of the colour on it, and whether a mark may have it there."""

    name: str
    ratio: float

    @property
    def is_used(self) -> bool:
        return self.ratio >= MARK


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb", 0 for black to 1 for white."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def grounds(colour: str) -> tuple[Ground, Ground]:
    """On light and on dark paper; a colour can be a mark on at least one of them."""
    return Ground("light", contrast(colour, LIGHT)), Ground("dark", contrast(colour, DARK))


def on(colour: str) -> str:
    """White or ink, whichever is read better on it: never below 4 : 1."""
    return max((WHITE, INK), key=lambda ink: contrast(ink, colour))
