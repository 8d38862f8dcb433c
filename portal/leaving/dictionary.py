"""The data dictionary of the archive, from the models: what each column is, in which unit, and where it points.

Nothing is written by hand: labels and words of choices are those of the screens, in the studio's language; notes are
the comments of the code, in English.
"""

import csv
import inspect
import io
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import DecimalField, Field, ForeignKey, Model
from django.template.loader import render_to_string
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from portal.downloads import defused
from portal.leaving.registry import Kind, kind_of, kinds, left_out
from portal.leaving.tables import type_of

HEAD = ("table", "column", "type", "unit", "meaning", "values", "points_to", "note")
_FIELD = re.compile(r"    (\w+)(?:: [^=]+)? = .*?(?:  # (.+))?$")


@dataclass(frozen=True)
class Line:
    """One column; `unit` also says in which zone or form. `note`: the code's own words, English."""

    table: str
    column: str
    type: str
    unit: str = ""
    meaning: str = ""
    values: str = ""
    points_to: str = ""
    note: str = ""

    @property
    def cells(self) -> list[str]:
        return [getattr(self, name) for name in HEAD]


@dataclass(frozen=True)
class Section:
    """A table for people: its name, what its rows are, how many there are, and its columns."""

    name: str
    about: str
    rows: int
    lines: list[Line]


def lines_of(kind: Kind, zone: ZoneInfo) -> list[Line]:
    """Each column of the table, then those that stay here, with the reason."""
    notes = _notes(kind.model)
    masks = {name: str(one.why) for name, one in kind.masked.items()}
    found = [_line(kind, field, zone, masks.get(field.attname) or notes.get(field.name, "")) for field in kind.fields]
    found += [
        Line(
            kind.name,
            name,
            one.type,
            meaning=str(one.meaning),
            values="; ".join(f"{value}: {words}" for value, words in one.values.items()),
            note=_("Worked out when the archive was made."),
        )
        for name, one in kind.derived.items()
    ]
    found += [Line(kind.name, name, _("left out"), meaning=str(why)) for name, why in kind.without.items()]
    return found


def as_csv(zone: ZoneInfo) -> bytes:
    """A row for each column, and one for each table that is left out."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(HEAD)
    for kind in kinds():
        writer.writerows([defused(cell) for cell in line.cells] for line in lines_of(kind, zone))
    for model, why in left_out().items():
        writer.writerow([model._meta.db_table, "", _("left out"), "", str(why), "", "", ""])
    return written.getvalue().encode()


def as_html(zone: ZoneInfo, counts: dict[str, int]) -> bytes:
    """The same to be read: opens in any browser, without anything from outside."""
    sections = [Section(one.name, _about(one.model), counts[one.name], lines_of(one, zone)) for one in kinds()]
    out = [(model._meta.db_table, str(why)) for model, why in left_out().items()]
    context = {"sections": sections, "left_out": out, "zone": zone.key}
    return render_to_string("portal/export/dictionary.html", context).encode()


def _line(kind: Kind, field: "Field[Any, Any]", zone: ZoneInfo, note: str) -> Line:
    word = type_of(field)
    return Line(
        table=kind.name,
        column=field.attname,
        type=word,
        unit=_unit(field, word, zone),
        meaning=". ".join(str(one).rstrip(".") for one in (capfirst(field.verbose_name), field.help_text) if one),
        values="; ".join(f"{value}: {words}" for value, words in (field.flatchoices or ()) if value not in (None, "")),
        points_to=_points_to(field),
        note=note,
    )


def _points_to(field: "Field[Any, Any]") -> str:
    if not isinstance(field, ForeignKey):
        return "files/" if type_of(field) == "file" else ""
    target = kind_of(field.related_model)
    return f"{target.name}.{field.target_field.attname}" if target else ""


def _unit(field: "Field[Any, Any]", word: str, zone: ZoneInfo) -> str:
    match word:
        case "date-time":
            return _("ISO 8601 with offset, %(zone)s") % {"zone": zone.key}
        case "date":
            return _("ISO 8601, a day at the location")
        case "time":
            return _("clock time at the location")
        case "decimal":
            places = field.decimal_places if isinstance(field, DecimalField) else 0
            return _("decimal point, %(places)s places") % {"places": places}
    if word == "integer":
        endings = {"minutes": _("minutes"), "hours": _("hours"), "milliseconds": _("milliseconds"), "size": _("bytes")}
        return next((words for ending, words in endings.items() if field.name.split("_")[-1] == ending), "")
    return ""


def _about(model: type[Model]) -> str:
    """The first sentence of what the code says of the model."""
    text = inspect.getdoc(model) or ""
    if text.startswith(f"{model.__name__}("):  # what Django writes where nobody did
        return ""
    return " ".join(text.split("\n\n")[0].split())


@cache
def _notes(model: type[Model]) -> dict[str, str]:
    """By field, the comment that stands above it or behind it in the code, in that of abstract models too."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if not issubclass(one, Model) or one is Model:
            continue
        try:
            source = inspect.getsource(one)
        except (OSError, TypeError):
            continue
        above: list[str] = []
        for line in source.splitlines():
            if line.startswith("    # "):
                above.append(line[6:])
                continue
            if field := _FIELD.match(line):
                words = " ".join([*above, *([field[2]] if field[2] and not field[2].startswith("noqa") else [])])
                if words:
                    found[field[1]] = words
            above = []
    return found
