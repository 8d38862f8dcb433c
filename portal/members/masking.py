"""Taking a person's words out of texts that stay."""

import re
from collections.abc import Sequence

GONE = "[…]"


def whole_words(words: Sequence[str]) -> "re.Pattern[str]":
    """Finds each of them where it is not a part of a longer word or address, the longest first; at least one."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\w.+-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w@-])", re.IGNORECASE)
