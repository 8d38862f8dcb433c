"""The roster as a PDF, for the day without power, the teacher's pocket and the fire drill.

Typst comes as a wheel and needs no library of the system. It is asked for PDF/A, which it refuses to write when a
letter cannot be shown: what the font in `paper/` lacks is drawn as an empty box, which is explained below the list. A
name with a silent hole in it would be another name.
"""

import json
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from fontTools.ttLib import TTFont

from bookings.selectors.roster import Place, Roster
from bookings.sources import source_name
from bookings.states import STATE_WORDS
from bookings.words import clock, day_and_clock

PAPER = Path(__file__).parent / "paper"
BOX = "\ufffc"
# Nothing to be seen by themselves: they join or colour the sign before them.
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f"}


def written(seen: Roster, *, with_notes: bool) -> bytes:
    """The PDF, in the active language; the same roster gives the same bytes."""
    return typst.compile(
        str(PAPER / "roster.typ"),
        font_paths=[str(PAPER)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_data(seen, with_notes=with_notes))},
        pdf_standards=["a-2u"],
        timestamp=int(seen.now.timestamp()),
    )


def _data(seen: Roster, *, with_notes: bool) -> dict[str, Any]:
    session, place = seen.session, seen.location
    parts = [session.teacher or _("no teacher"), session.room, place, seen.session.studio]
    data = {
        "language": (get_language() or "en").split("-")[0],
        "title": f"{session.item.name}, {day_and_clock(session.starts_at, place)}",
        "studio": session.studio.name,
        "name": session.item.name,
        "time": f"{day_and_clock(session.starts_at, place)} - {clock(session.ends_at, place)}",
        "place": " · ".join(str(part) for part in parts if part),
        "cancelled": _cancelled(seen),
        "counts": _counts(seen),
        "written": _("As of %(moment)s") % {"moment": day_and_clock(seen.now, place)},
        "headings": [_("Member"), _("Number"), _("Spot"), _("Source"), _("State")],
        "people": [_person(one, seen, with_notes=with_notes) for one in seen.expected],
        "nobody": _("Nobody has booked yet."),
        "waiting_heading": _("Waiting list"),
        "waiting": [f"{one.entry.member.name} ({one.entry.member.number})" for one in seen.waiting],
    }
    shown = _shown(data)
    lacks = BOX in json.dumps(shown, ensure_ascii=False)
    shown["missing"] = (
        _("%(box)s stands for a letter that this file's font does not have. The member number tells who it is.")
        % {"box": BOX}
        if lacks
        else ""
    )
    return shown


def _person(one: Place, seen: Roster, *, with_notes: bool) -> dict[str, Any]:
    person = one.person
    state = str(STATE_WORDS[person.state])
    if person.is_in and person.checked_in_at:
        state = f"{state} {clock(person.checked_in_at, seen.location)}"
    return {
        "name": f"{person.name} *" if person.first_here else person.name,
        "number": person.number,
        "spot": person.spot,
        "source": str(source_name(person.source)),
        "state": state,
        "is_in": person.is_in,
        "notes": list(person.notes) if with_notes else [],
    }


def _cancelled(seen: Roster) -> str:
    if seen.session.cancelled_at is None:
        return ""
    words = _("This class was cancelled on %(moment)s.") % {
        "moment": day_and_clock(seen.session.cancelled_at, seen.location)
    }
    return f"{words} {seen.session.cancelled_reason}".strip()


def _counts(seen: Roster) -> str:
    number = len(seen.expected)
    words = ngettext("%(number)d person expected", "%(number)d people expected", number) % {"number": number}
    if seen.session.capacity:
        words = f"{words}, " + _("%(capacity)d places") % {"capacity": seen.session.capacity}
    if any(place.person.first_here for place in seen.expected):
        words = f"{words} · * " + _("First visit here")
    return words


def _shown(value: Any) -> Any:
    """The same data with a box for each letter that the font lacks."""
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shown(one) for one in value]
    return _covered_text(value) if isinstance(value, str) else value


def _covered_text(text: str) -> str:
    covered = _letters()
    signs = [sign for sign in unicodedata.normalize("NFC", text) if sign not in _JOINERS]
    return "".join(sign if ord(sign) in covered else BOX for sign in signs if sign.isprintable() or sign == " ")


@cache
def _letters() -> frozenset[int]:
    """What both weights of the font can draw."""
    fonts = [TTFont(path, lazy=True) for path in sorted(PAPER.glob("*.ttf"))]
    return frozenset(fonts[0].getBestCmap()).intersection(*(font.getBestCmap() for font in fonts[1:]))
