"""How a person is drawn where there is no photo."""

from zlib import crc32

HUES = 12


def initials(name: str) -> str:
    """The first letters of the first and the last word, in capitals."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def brief(name: str) -> str:
    """Initials, for a screen that the queue can see: "N. J."."""
    return ". ".join(word[0] for word in name.split()) + "."


def hue(name: str) -> int:
    """A number from 0 to 11 that stays the same for a name: the soft colour behind the initials."""
    return crc32(name.encode()) % HUES
