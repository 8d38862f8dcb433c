"""Which column of the file is which of ours: suggested by name, never by content."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence

from portal.imports.kinds import ImportKind, Target, kinds


def plain(name: str) -> str:
    """ "E-Mail-Adresse " and "email_adresse" are the same name."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return re.sub(r"[\W_]+", "", "".join(letter for letter in letters if not unicodedata.combining(letter)))


def fingerprint(header: Sequence[str]) -> str:
    """The same for two files with the same column names in the same order."""
    return hashlib.sha256("\0".join(plain(name) for name in header).encode()).hexdigest()


def suggest(targets: Sequence[Target], header: Sequence[str]) -> dict[str, str]:
    """Our name: the file's name, for each column whose name is known. A column of the file is used once."""
    known = {plain(name): name for name in reversed(header)}
    found: dict[str, str] = {}
    for target in targets:
        for word in (target.name, *target.synonyms):
            name = known.get(plain(word))
            if name is not None and name not in found.values():
                found[target.name] = name
                break
    return found


def suggest_kind(header: Sequence[str]) -> ImportKind:
    """The kind that recognises the most columns."""
    return max(kinds(), key=lambda kind: len(suggest(kind.targets, header)))


def still_fits(mapping: Mapping[str, str], header: Sequence[str]) -> bool:
    return set(mapping.values()) <= set(header)
