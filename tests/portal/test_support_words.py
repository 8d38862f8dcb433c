"""What an answer names is in the product: the words on screen, in the reader's language, and the keys.

In answers, *italics* are words on screen, exactly as there ("…" where a value stands), and `code` is a key.
docs/support.md says so to who writes one.
"""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import trans_real

from portal.support import shipped
from portal.support.markdown import _PARSER
from tests.portal.test_support_answers import FILES

OF = {(one.slug, one.language): one for one in FILES}
SLUGS = sorted({one.slug for one in FILES})
ROOT = Path(settings.BASE_DIR)
KEYS_OF_BROWSERS = {"ctrl+k", "ctrl+enter", "alt", "esc"}
IN_OTHER_WORDS = {"strg": "ctrl", "leertaste": "space", "spatie": "space"}


def marked(text: str, kind: str) -> list[str]:
    """What stands in *italics* (`em`) or as `code` (`code_inline`)."""
    found = []
    for token in _PARSER.parse(text):
        opened: list[str] | None = None
        for child in token.children or []:
            if child.type == kind == "code_inline":
                found.append(child.content)
            elif child.type == f"{kind}_open":
                opened = []
            elif child.type == f"{kind}_close" and opened is not None:
                found.append("".join(opened))
                opened = None
            elif opened is not None:
                opened.append(child.content or " ")
    return found


def plain(words: str) -> str:
    """Words as they can be compared: a value as "…", no full stop, a first letter as inside a sentence."""
    bare = re.sub(r"%(\(\w+\))?[sd]", "…", str(words)).strip().rstrip(" .:")
    return bare[:1].lower() + bare[1:]


@cache
def catalogue(language: str) -> dict[str, set[str]]:
    """English words to all that they are in a language."""
    found = defaultdict(set)
    for key, value in trans_real.translation(language)._catalog.items():
        message = key[0] if isinstance(key, tuple) else key
        found[plain(message.rpartition("\x04")[2])].add(plain(value))
    return found


@cache
def source() -> str:
    """All code and templates: for words that no catalogue has yet."""
    files = [*ROOT.glob("templates/**/*.html"), *(path for app in shipped_apps() for path in app.rglob("*.py"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def shipped_apps() -> list[Path]:
    return [ROOT / name for name in ("portal", "packages", "bookings", "reviews", "marketplace", "invoicing")]


@cache
def keys() -> set[str]:
    """All that is registered: `data-key` of templates, keys of the rail, and those of scripts."""
    pages = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("templates/**/*.html"))
    scripts = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("static/tresen/*.js"))
    rail = (ROOT / "portal" / "context.py").read_text(encoding="utf-8")
    return (
        {key.lower() for key in re.findall(r'data-key="([^"{]+)"', pages)}
        | {key.lower() for key in re.findall(r'(?:\bkey\(|\n  \[)"(\w+)"', scripts)}
        | set(re.findall(r'_\("[^"]+"\), "[\w-]+", "(\w)"\)', rail))
        | {"g"}
        | KEYS_OF_BROWSERS
    )


def key_of(written: str) -> str:
    parts = written.lower().split("+") if len(written) > 1 else [written.lower()]
    return "+".join(IN_OTHER_WORDS.get(part, part) for part in parts)


@pytest.mark.parametrize("slug", SLUGS)
def test_words_on_screen_are_those_of_the_product(slug: str) -> None:
    for words in marked(OF[slug, "en"].text, "em"):
        is_there = plain(words) in catalogue("de") or f'"{words}"' in source() or f">{words}<" in source()
        assert is_there, f"{slug}: *{words}* stands nowhere in the product"


@pytest.mark.parametrize("language", [one for one in shipped.LANGUAGES if one != "en"])
@pytest.mark.parametrize("slug", SLUGS)
def test_they_are_the_same_words_in_each_language(slug: str, language: str) -> None:
    english = {plain(words) for words in marked(OF[slug, "en"].text, "em")}
    theirs = {plain(words) for words in marked(OF[slug, language].text, "em")}
    possible = {words: catalogue(language).get(words, {words}) for words in english}
    assert {words for words in theirs if not any(words in all_of for all_of in possible.values())} == set()
    assert {words: all_of for words, all_of in possible.items() if not all_of & theirs} == {}


@pytest.mark.parametrize("language", [one for one in shipped.LANGUAGES if one != "en"])
def test_a_link_that_is_called_as_its_page_is_called_so_in_each_language(language: str) -> None:
    def links(slug: str, of: str) -> list[tuple[str, str]]:
        return re.findall(r"\[([^\]]+)\]\((page:[^)]+)\)", OF[slug, of].text)

    for slug in SLUGS:
        for text, page in links(slug, "en"):
            possible = catalogue(language).get(plain(text)) if text[0].isupper() else None
            theirs = {plain(words) for words, leads_to in links(slug, language) if leads_to == page}
            assert possible is None or theirs & possible, f"{slug}: [{text}] is {possible}, not {theirs}"


@pytest.mark.parametrize("slug", SLUGS)
def test_keys_are_registered_and_the_same_in_each_language(slug: str) -> None:
    english = {key_of(key) for key in marked(OF[slug, "en"].text, "code_inline")}
    assert english - keys() == set()
    for language in shipped.LANGUAGES:
        assert {key_of(key) for key in marked(OF[slug, language].text, "code_inline")} == english, language
