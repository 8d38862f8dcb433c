"""Does a package look like the pass with which studios let marketplaces' members in before (I13)?"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

# As people write them, whichever marketplaces the installation knows.
SPELLINGS = (
    "egym wellpass", "wellpass", "qualitrain", "onefit", "one fit", "urban sports", "urbansports", "urban", "usc",
    "wellhub", "gympass", "fitpass", "classpass", "hansefit", "eversports corporate", "bruce", "myclubs",
)  # fmt: skip
# What such a pass is called where no marketplace is named.
WORDS = (
    "marketplace", "marktplatz", "free pass", "freepass", "gratis pas", "freikarte", "aggregator", "platform pass",
    "firmenfitness", "corporate fitness", "bedrijfsfitness",
)  # fmt: skip


class LooksBecause(StrEnum):
    """Why it does, or why not."""

    NAMED_AFTER = "named_after"  # a marketplace is in its name
    WORD = "word"  # a word that such passes have
    COSTS_MONEY = "costs_money"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Likeness:
    """The answer with its reason; `word`: what in the name says so, as it is known here."""

    looks_like_pass: bool
    reason: LooksBecause
    word: str = ""


def likeness(name: str, price: Decimal, marketplaces: Iterable[str]) -> Likeness:
    """Whether something of this name at this price looks like a marketplace's pass (I13).

    `marketplaces`: the names that are known here. What costs money is never one, whatever it is called: members paid.
    Whole words are compared, without capitals, accents and signs, so that "Focus" holds no "USC".
    """
    if price > 0:
        return Likeness(looks_like_pass=False, reason=LooksBecause.COSTS_MONEY)
    plain = f" {_plain(name)} "
    names = {_plain(one): one for one in (*SPELLINGS, *marketplaces)}
    # The longest first: "Urban Sports" rather than "Urban".
    for spelling in sorted(names, key=lambda one: (-len(one), one)):
        if spelling and f" {spelling} " in plain:
            return Likeness(looks_like_pass=True, reason=LooksBecause.NAMED_AFTER, word=names[spelling])
    for word in WORDS:
        if f" {_plain(word)} " in plain:
            return Likeness(looks_like_pass=True, reason=LooksBecause.WORD, word=word)
    return Likeness(looks_like_pass=False, reason=LooksBecause.NOTHING)


def _plain(text: str) -> str:
    """Words in small letters with one space between them."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in letters if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[^\W_]+", bare))
