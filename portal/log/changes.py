"""The changes that people and machines made to the studio's own things, as lines of the log."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import ForeignKey, Model, QuerySet
from django.db.models.fields import Field
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from portal.log.registry import Asked, Line, Named, Reader, Source, Subject, Words, by_person, subjects
from portal.log.words import change_words, value_words, who_words, zone_of
from portal.models import Change
from portal.roles import Right


class Changes(Source):
    """`portal.Change`; what its rows say is registered by subject."""

    word = "change"

    def things(self) -> Mapping[str, Words]:
        return {}  # each subject is one

    def kinds(self) -> Mapping[str, Words]:
        return {}

    def rows(self, asked: Asked, reader: Reader) -> "QuerySet[Any] | None":
        rows = Change.objects.filter(by_person(asked), studio=reader.studio)
        if asked.thing:
            if asked.thing not in subjects():
                return None
            rows = rows.filter(subject=asked.thing)
        if asked.thing_id is not None:
            rows = rows.filter(subject_id=asked.thing_id)
        return rows.select_related("by__user")

    def lines(self, rows: Sequence[Any], reader: Reader) -> Mapping[int, Line]:
        """A query for each kind of subject on the page, one for each kind of row that is referred to, those of undo."""
        by_subject: dict[str, list[Change]] = {}
        for row in rows:
            by_subject.setdefault(row.subject, []).append(row)
        found: dict[int, Line] = {}
        for word, changes in by_subject.items():
            found |= _lines(subjects().get(word), word, changes, reader)
        return found


def _lines(subject: Subject | None, word: str, changes: list[Change], reader: Reader) -> dict[int, Line]:
    if subject is None:
        return {one.pk: _unknown(one, word) for one in changes}
    names = subject.names(reader.studio, {one.subject_id for one in changes})
    undo = subject.undo(changes, reader) if reader.takes_back else {}
    referred = _referred(subject, changes)
    return {
        one.pk: Line(
            what=str(subject.kinds.get(one.kind, one.kind.replace("_", " "))),
            thing=str(subject.label),
            about=names.get(one.subject_id) or _gone(one),
            by=who_words(one.by, one.by_word),
            difference=_difference(subject, one, reader, referred),
            undo=undo.get(one.pk),
            key=(one.subject, one.subject_id),
        )
        for one in changes
    }


def _unknown(change: Change, word: str) -> Line:
    return Line(
        what=change.kind.replace("_", " "),
        thing=capfirst(word),
        about=Named(str(change.subject_id)),
        by=who_words(change.by, change.by_word),
        key=(change.subject, change.subject_id),
    )


def _gone(change: Change) -> Named:
    """What is no more, by the name that the log remembers."""
    for values in (change.after, change.before):
        for name in ("name", "legal_name", "title", "email", "of"):
            if values.get(name):
                return Named(str(values[name]))
    return Named(_("removed"))


def _difference(subject: Subject, change: Change, reader: Reader, referred: Mapping[tuple[str, Any], str]) -> list[str]:
    """Each field that differs, by its name on the form; contact data and money only for who may see them."""
    zone, told = zone_of(reader), []
    hidden = set(subject.quiet)
    if Right.SEE_MONEY not in reader.login.rights:
        hidden |= subject.money
    for name in dict.fromkeys([*change.before, *change.after]):
        before, after = change.before.get(name), change.after.get(name)
        if name in hidden or (name in change.before and name in change.after and before == after):
            continue
        field, label = _field(subject, name), _label(subject, name)
        if name in subject.contact and Right.SEE_CONTACT not in reader.login.rights:
            told.append(_("%(field)s changed") % {"field": label})
            continue
        choices = dict(getattr(field, "flatchoices", None) or ())
        was, became = (
            (referred.get((name, value)) if isinstance(value, int) else None) or value_words(value, zone, choices)
            for value in (before, after)
        )
        if name in change.before and name in change.after:
            told.append(change_words(label, was, became))
        else:
            told.append(f"{label}: {became if name in change.after else was}")
    return told


def _field(subject: Subject, name: str) -> "Field[Any, Any] | None":
    model = subject.model
    if model is None:
        return None
    fields = {one.name: one for one in model._meta.get_fields() if isinstance(one, Field)}
    return fields.get(name.removesuffix("_id")) or fields.get(name)


def _label(subject: Subject, name: str) -> str:
    if name in subject.fields:
        return str(subject.fields[name])
    field = _field(subject, name)
    return capfirst(str(field.verbose_name if field is not None else name.replace("_", " ")))


def _referred(subject: Subject, changes: Sequence[Change]) -> dict[tuple[str, Any], str]:
    """The names of rows that values refer to by their key, by (field, key)."""
    wanted: dict[type[Model], dict[str, set[Any]]] = {}
    for one in changes:
        for name in {*one.before, *one.after}:
            field = _field(subject, name)
            if not isinstance(field, ForeignKey):
                continue
            keys = {value for value in (one.before.get(name), one.after.get(name)) if isinstance(value, int)}
            wanted.setdefault(field.related_model, {}).setdefault(name, set()).update(keys)
    found: dict[tuple[str, Any], str] = {}
    for model, names in wanted.items():
        rows = model._default_manager.in_bulk(set().union(*names.values()))
        found |= {(name, key): str(rows[key]) for name, keys in names.items() for key in keys if key in rows}
    return found
