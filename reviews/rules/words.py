"""What is kept of a text that somebody typed."""

import re
import unicodedata

# Signs that turn the reading direction of what follows, or show nothing and hide what is written.
_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
_MANY_LINES = re.compile(r"\n{3,}")


def number(text: str) -> int | None:
    """A key as an address or a form says it: at most 18 digits, which PostgreSQL can hold. None: it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def cleaned(text: str) -> str:
    """The words as they are kept: lines end in a line feed, at most one is empty between two; nothing that is not seen.

    Joiners inside of words and emoji stay. Markup stays too: it is text, and is shown as such.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs"})
    text = _UNSEEN.sub("", text)
    return _MANY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()
