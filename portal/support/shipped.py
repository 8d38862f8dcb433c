"""The answers that come with the product: files, loaded into the database after each migration (P14).

`answers/<slug>.<language>.md` is a head between two lines of `---` and the answer as Markdown. `title` (the question)
and `words` (what else somebody would type) stand in each language; `topic`, `pages` and `position` in English, for all.
docs/support.md has the whole format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings

from portal.models import Answer
from portal.support.topics import TOPICS

FOLDER = Path(__file__).with_name("answers")
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)
_EVERYWHERE, _OF_ENGLISH = {"title", "words"}, {"topic", "pages", "position"}


class BadAnswer(ValueError):
    """A shipped file that is not as the format says; it names the file."""


@dataclass(frozen=True)
class Shipped:
    """One question with its answer in one language, as it stands in its file."""

    slug: str
    language: str
    title: str
    words: str
    topic: str
    pages: tuple[str, ...]
    position: int
    text: str

    @property
    def digest(self) -> str:
        return sha256(repr(self).encode()).hexdigest()

    @property
    def values(self) -> dict[str, Any]:
        """What of a row comes from the file."""
        return {
            "title": self.title,
            "words": self.words,
            "topic": self.topic,
            "pages": list(self.pages),
            "position": self.position,
            "text": self.text,
            "shipped_hash": self.digest,
            "edited_at": None,
        }


def shipped(folder: Path = FOLDER) -> list[Shipped]:
    """All files of the folder. Raises BadAnswer for the first that is not right."""
    found = []
    for english in sorted(folder.glob("*.en.md")):
        slug = english.name.removesuffix(".en.md")
        common = _read(english)[0]
        found += [one for language in LANGUAGES if (one := _in(language, slug, folder, common))]
    return found


def shipped_one(slug: str, language: str, folder: Path = FOLDER) -> Shipped | None:
    """The file's text of one answer; None: it does not come with the product."""
    english = folder / f"{slug}.en.md"
    return _in(language, slug, folder, _read(english)[0]) if english.exists() else None


def load(model: Any = Answer, *, folder: Path = FOLDER) -> int:
    """Bring the rows up to date with the files; how many were written or removed. One query when all is as it was.

    What the operator edited, wrote or hid stays so. `model`: Answer, or its state in a migration.
    """
    files = {(one.slug, one.language): one for one in shipped(folder)}
    rows = {
        (row.slug, row.language): row for row in model.objects.only("slug", "language", "shipped_hash", "edited_at")
    }
    new = [
        model(slug=one.slug, language=one.language, **one.values) for place, one in files.items() if place not in rows
    ]
    model.objects.bulk_create(new, ignore_conflicts=True)  # of two that start at once, both load
    written = len(new)
    for place, row in rows.items():
        if not row.shipped_hash or row.edited_at is not None:
            continue
        one = files.get(place)
        if one is None:
            row.delete()
        elif one.digest != row.shipped_hash:
            model.objects.filter(pk=row.pk, edited_at=None).update(**one.values)
        else:
            continue
        written += 1
    return written


def load_after_migration(*, apps: Any, **_about: object) -> None:
    """Receiver of `post_migrate`: of the whole database, or of one that is not that far yet."""
    try:
        model = apps.get_model("portal", "Answer")
    except LookupError:
        return
    load(model)


def _in(language: str, slug: str, folder: Path, common: Mapping[str, str]) -> Shipped | None:
    path = folder / f"{slug}.{language}.md"
    if not path.exists():
        return None
    head, text = _read(path)
    wanted = _EVERYWHERE | (_OF_ENGLISH if language == "en" else set())
    if set(head) != wanted or not head["title"] or not text:
        raise BadAnswer(f"{path.name}: its head has {sorted(head)}, wanted are {sorted(wanted)}, and a text.")
    if common["topic"] not in TOPICS:
        raise BadAnswer(f"{path.name}: no topic {common['topic']}.")
    return Shipped(
        slug=slug,
        language=language,
        title=head["title"],
        words=head["words"],
        topic=common["topic"],
        pages=tuple(common["pages"].split()),
        position=int(common["position"]),
        text=text,
    )


def _read(path: Path) -> tuple[dict[str, str], str]:
    """Head and text of a file."""
    opening, _, rest = path.read_text(encoding="utf-8").partition("---\n")
    head, found, text = rest.partition("\n---\n")
    if opening or not found:
        raise BadAnswer(f"{path.name}: does not begin with a head between two lines of ---.")
    pairs = [line.partition(":") for line in head.splitlines()]
    return {name.strip(): value.strip() for name, _colon, value in pairs}, text.strip() + "\n"
