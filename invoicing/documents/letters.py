"""Which letters the paper can show. A name with a silent hole in it would be another name, so none is ever dropped."""

import unicodedata
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

FONTS = Path(__file__).parents[2] / "bookings/paper"
# Nothing to be seen by themselves: they colour or join the sign before them, or tell where a word may break.
_UNSEEN = {"\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufe0e", "\ufe0f", "\ufeff"}


class Unprintable(Exception):
    """A text has letters that the fonts lack: no document is made. `field`: which text, in the model's words."""

    def __init__(self, characters: str, field: str) -> None:
        super().__init__(f"{field}: no font for {characters!r}")
        self.characters, self.field = characters, field


def shown(text: str) -> str:
    """The text as it is set: composed, and each blank a plain one but that which keeps words together."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(_set(sign) for sign in composed if sign not in _UNSEEN).strip()


def missing(text: str) -> str:
    """Each letter of the text that cannot be shown, once, in order."""
    covered = _letters()
    return "".join(dict.fromkeys(sign for sign in shown(text) if ord(sign) not in covered))


def _set(sign: str) -> str:
    match unicodedata.category(sign):
        case "Zs" | "Zl" | "Zp":
            return sign if sign == "\u00a0" else " "
        case "Cc":
            return " " if sign in "\t\n\r" else ""
        case _:
            return sign


@cache
def _letters() -> frozenset[int]:
    """What every weight of the font can draw."""
    fonts = [TTFont(path, lazy=True) for path in sorted(FONTS.glob("*.ttf"))]
    return frozenset(fonts[0].getBestCmap()).intersection(*(font.getBestCmap() for font in fonts[1:]))
