"""What imports and kept views remember of people: it goes with a scrub, though it belongs to nobody's profile."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import getaddresses
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import parse_qsl

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from portal.members.holdings import Exported, People, Preview
from portal.members.masking import GONE, whole_words
from portal.members.own import Owned
from portal.models import Change, ImportRow, ImportRun, KeptMail, Member, SavedView, StaffLogin

_OF_A_MAIL = ("subject", "text", "html")
_ADDRESS = re.compile(r"https?://\S+")
_TEXTS = ("cells", "reasons", "shown", "changes", "written")


class Traces(Owned):
    """Rows of imported files that name the person, unfinished uploads that do, and saved searches for them."""

    key, label, position = "traces", "", 200

    def preview(self, merged: Member, kept: Member) -> Preview:
        return Preview("", 0)

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        return None

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        return []

    def scrub(self, people: People, *, now: datetime) -> None:
        studio_id, words = people.members[0].studio_id, people.words
        _forget_rows(_rows_about(people.members, words))
        for run in ImportRun.objects.filter(studio_id=studio_id).exclude(content=b"").iterator(chunk_size=10):
            if _names(bytes(run.content), run.encoding, words):
                run.delete()
        for view in SavedView.objects.filter(login__studio_id=studio_id):
            if _searches_for(view.query, people):
                view.delete()
            elif words and (name := whole_words(words).sub(GONE, view.name)) != view.name:
                view.name = f"{name[:25]} {view.pk}"  # another one may be called the same now
                view.save(update_fields=["name"])
        _forget_changes(studio_id, words)


class Mails(Owned):
    """Mails that the installation kept, which may name the person. (News that waits for a mail holds no words.)"""

    key, label, position = "mails", "", 205

    def preview(self, merged: Member, kept: Member) -> Preview:
        return Preview("", 0)

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        return None

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        """Those that were sent to the person; without the addresses in them, which open something for their reader."""
        columns = (("sent_at", _("Sent")), ("to", _("To")), ("subject", _("Subject")), ("text", _("Text")))
        mails = [one for one in _kept(members) if _is_to(one, [member.email for member in members])]
        rows = [(one.sent_at, one.to, one.subject, _ADDRESS.sub(GONE, one.text)) for one in mails]
        return [Exported("mails", columns, rows)]

    def scrub(self, people: People, *, now: datetime) -> None:
        """Mails to the person go; in mails to others, the words that tell who it was."""
        members, words = people.members, people.words
        theirs = [one.pk for one in _kept(members) if _is_to(one, people.emails)]
        KeptMail.objects.filter(pk__in=theirs).delete()
        if not words:
            return
        wanted = whole_words(words)
        for mail in _naming(words, _OF_A_MAIL, _kept(members)):
            _mask(mail, _OF_A_MAIL, wanted)


def _kept(members: Sequence[Member]) -> "QuerySet[KeptMail]":
    """The studio's kept mails. Those of no studio are about logins, and nobody's here."""
    return KeptMail.objects.filter(studio=members[0].studio_id).order_by("id")


def _is_to(mail: KeptMail, emails: Iterable[str]) -> bool:
    """Whether one of these is a reader's, by the whole address."""
    readers = {address.casefold() for _name, address in getaddresses([mail.to])}
    return any(email.casefold() in readers for email in emails if email)


def _mask(row: KeptMail, fields: Sequence[str], wanted: "re.Pattern[str]") -> None:
    for name in fields:
        setattr(row, name, wanted.sub(GONE, getattr(row, name)))
    row.save(update_fields=fields)


def _naming(words: Iterable[str], fields: Sequence[str], rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of `rows` that hold one of the words in one of the fields; without words none."""
    named = [Q(**{f"{name}__icontains": word}) for name in fields for word in words]
    return rows.filter(reduce(or_, named)) if named else rows.none()


def _rows_about(members: Sequence[Member], words: Sequence[str]) -> Iterable[ImportRow]:
    """Those that name the person in what was in the file, and those that made or changed one of the profiles."""
    rows = ImportRow.objects.filter(run__studio_id=members[0].studio_id)
    texts = {f"{name}_text": Cast(F(name), TextField()) for name in _TEXTS}
    named = [Q(**{f"{name}_text__icontains": word}) for name in _TEXTS for word in words]
    wrote = [Q(written__contains=[{"model": "member", "pk": member.pk}]) for member in members]
    return rows.alias(**texts).filter(reduce(or_, named + wrote)).iterator(chunk_size=500)


def _forget_rows(rows: Iterable[ImportRow]) -> None:
    """What the rows said goes; what else they made can still be taken back, but never these profiles."""
    for row in rows:
        row.cells, row.reasons, row.shown, row.changes = [], [], {}, {}
        row.written = [_without_texts(record) for record in row.written if record["model"] != "member"]
        row.save(update_fields=_TEXTS)


def _without_texts(record: dict[str, Any]) -> dict[str, Any]:
    for facts in (record.get("made"), record.get("changed")):
        if facts:
            facts.pop("external_ref", None)
    return record


def _names(content: bytes, encoding: str, words: Sequence[str]) -> bool:
    text = content.decode(encoding, errors="replace").casefold()
    return any(word.casefold() in text for word in words)


def _searches_for(query: str, people: People) -> bool:
    searched = " ".join(value for name, value in parse_qsl(query) if name == "q").casefold()
    return any(word.casefold() in searched for word in (*people.words, *people.names))


def _forget_changes(studio_id: int, words: Sequence[str]) -> None:
    """Lines of the log about something else that name the person, such as a reason, lose what they say."""
    texts = {f"{name}_text": Cast(F(name), TextField()) for name in ("before", "after")}
    as_written = {form for word in words for form in (word, json.dumps(word, ensure_ascii=False)[1:-1])}
    rows = _naming(as_written, list(texts), Change.objects.filter(studio=studio_id).alias(**texts))
    wanted = whole_words(words) if words else None
    for change in rows:
        if wanted is not None and any(wanted.search(text) for text in _texts_in([change.before, change.after])):
            Change.objects.filter(pk=change.pk).update(**_without(change, wanted))


def _without(change: Change, wanted: "re.Pattern[str]") -> dict[str, dict[str, str]]:
    """What the line says from now on: nothing; of another member's changed address, that it was one.

    Else who makes a person up and deletes them again would leave no trace of an address that was theirs for a while.
    """
    both = {name: getattr(change, name) for name in ("before", "after")}
    if change.subject != "member" or change.kind != "edited" or any("email" not in one for one in both.values()):
        return {"before": {}, "after": {}}
    return {name: {"email": _known(str(one["email"] or ""), wanted)} for name, one in both.items()}


def _known(email: str, wanted: "re.Pattern[str]") -> str:
    return GONE if wanted.search(email) else email


def _texts_in(value: Any) -> Iterator[str]:
    """Every text in a value as JSON holds it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(one)
