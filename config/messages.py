"""The translation catalogues: `python -m config.messages update|check`.

`update` brings `locale/<language>/LC_MESSAGES/django.po` up to date with code and templates; `check` fails when one is
not complete: a message missing, left over, untranslated, uncertain, or with other placeholders than the original (X7).
Babel reads and writes; Django's `templatize` turns a template into what Babel reads. No gettext is needed.
"""

import ast
import os
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

from babel.messages.catalog import Catalog, Message, TranslationError
from babel.messages.checkers import num_plurals, python_format
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "portal", "packages", "bookings", "reviews", "marketplace", "invoicing")
LANGUAGES = ("de", "nl")

Spec: TypeAlias = tuple[int | tuple[int, str], ...] | None
KEYWORDS: dict[str, Spec] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "lazy": None,  # gettext_lazy, where a module is a table of words
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}

ABOUT: dict[str, Any] = {
    "project": "Tresen",
    "version": "1",
    "charset": "utf-8",
    "msgid_bugs_address": "none",
    "last_translator": "Tresen",
    "language_team": "Tresen",
    "creation_date": datetime(2026, 11, 22, tzinfo=UTC),
    "revision_date": datetime(2026, 11, 22, tzinfo=UTC),
}


def sources() -> list[tuple[Path, str]]:
    """Every file with words in it, and its text as Python that Babel can read."""
    from django.utils.translation.template import templatize  # noqa: PLC0415 - needs Django's settings

    code = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts]
    pages = [path for kind in ("*.html", "*.txt") for path in sorted((ROOT / "templates").rglob(kind))]
    return [(path, path.read_text()) for path in code] + [
        (path, unindented(templatize(path.read_text(), origin=str(path)))) for path in pages
    ]


def unindented(text: str) -> str:
    """A template's indentation is not Python's. Newlines inside messages are escaped by now."""
    return "\n".join(line.lstrip() for line in text.splitlines())


def wanted() -> Catalog:
    """The messages that code and templates ask for."""
    catalogue = Catalog(**ABOUT)
    for _path, text in sources():
        found = extract("python", BytesIO(text.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"})
        for _line, message, _comments, context in found:
            catalogue.add(message, context=context)
    return catalogue


def unheard(path: Path, code: str) -> list[str]:
    """Calls for a message that Babel does not find, a line each: under a name that it does not know, in an f-string."""
    tree = ast.parse(code)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if "gettext" in alias.name
    }
    lost = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for inner in ast.walk(node)}
    return [
        f"{path}:{node.lineno}: {node.func.id}() is " + ("in an f-string" if id(node) in lost else "not a known name")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        if node.args and isinstance(node.args[0], ast.Constant)
        if id(node) in lost or node.func.id not in KEYWORDS
    ]


def path_of(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def stored(language: str) -> Catalog:
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, **ABOUT)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update() -> int:
    template = wanted()
    for language in LANGUAGES:
        catalogue = stored(language)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.header_comment = "# Tresen's words."
        catalogue.fuzzy = False
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalogue, width=120, no_location=True, sort_output=True, ignore_obsolete=True)
        print(f"{language}: {len(catalogue)} messages, {len(faults(language, template))} to do")
    return 0


def faults(language: str, template: Catalog) -> list[str]:
    """What keeps this catalogue from being complete, a line each."""
    catalogue = stored(language)
    have = {(message.id, message.context): message for message in catalogue if message.id}
    need = {(message.id, message.context) for message in template if message.id}
    found = [f"missing: {key[0]!r}" for key in need - have.keys()]
    found += [f"left over: {key[0]!r}" for key in have.keys() - need]
    for key in need & have.keys():
        found += [f"{fault}: {key[0]!r}" for fault in faults_of(catalogue, have[key])]
    return sorted(found)


def faults_of(catalogue: Catalog, message: Message) -> list[str]:
    words = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if message.fuzzy:
        return ["uncertain"]
    if not all(words):
        return ["untranslated"]
    found = []
    for check in (python_format, num_plurals):
        try:
            check(catalogue, message)
        except TranslationError as fault:
            found.append(str(fault))
    return found


def check() -> int:
    lost = [line for path, text in sources() if path.suffix == ".py" for line in unheard(path.relative_to(ROOT), text)]
    for line in lost:
        print(f"{line}: its words are in no catalogue", file=sys.stderr)
    template = wanted()
    complete = not lost
    for language in LANGUAGES:
        for fault in faults(language, template):
            complete = False
            print(f"{language}: {fault}", file=sys.stderr)
    if not complete:
        print("Translations are not complete: run `make messages`, then fill locale/.", file=sys.stderr)
    return 0 if complete else 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    commands = {"update": update, "check": check}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]]())
