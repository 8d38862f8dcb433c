"""What imports and kept views remember of people: it goes with a scrub, though it belongs to nobody's profile."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import parse_qsl

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from portal.members.holdings import Exported, Preview
from portal.members.own import Owned
from portal.members.scrubbing import words_of
from portal.models import ImportRow, ImportRun, KeptMail, Member, Notice, SavedView, StaffLogin

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

    def scrub(self, members: Sequence[Member], *, now: datetime) -> None:
        studio_id, words = members[0].studio_id, words_of(members)
        _forget_rows(_rows_about(members, words))
        for run in ImportRun.objects.filter(studio_id=studio_id).exclude(content=b"").iterator(chunk_size=10):
            if _names(bytes(run.content), run.encoding, words):
                run.delete()
        for view in SavedView.objects.filter(login__studio_id=studio_id, query__contains="q="):
            if _searches_for(view.query, words, members):
                view.delete()


class Mails(Owned):
    """Mails that the installation kept, and news that waits for somebody's morning mail: both may name the person."""

    key, label, position = "mails", "", 205

    def preview(self, merged: Member, kept: Member) -> Preview:
        return Preview("", 0)

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        return None

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        """Those that were sent to the person."""
        columns = (("sent_at", _("Sent")), ("to", _("To")), ("subject", _("Subject")), ("text", _("Text")))
        addresses = {one.email for one in members} - {""}
        mails = _naming(addresses, ("to",), KeptMail.objects.filter(studio=members[0].studio_id)).order_by("id")
        return [Exported("mails", columns, list(mails.values_list("sent_at", "to", "subject", "text")))]

    def scrub(self, members: Sequence[Member], *, now: datetime) -> None:
        studio, words = members[0].studio_id, words_of(members)
        mails = KeptMail.objects.filter(Q(studio=studio) | Q(studio=None))
        _naming(words, ("to", "subject", "text", "html"), mails).delete()
        _naming(words, ("text", "path"), Notice.objects.filter(login__studio=studio)).delete()


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


def _searches_for(query: str, words: Sequence[str], members: Sequence[Member]) -> bool:
    searched = " ".join(value for name, value in parse_qsl(query) if name == "q").casefold()
    names = {part.casefold() for one in members for part in (one.first_name, one.last_name) if len(part) > 2}
    return bool(searched) and (
        any(word.casefold() in searched for word in words) or any(name in searched for name in names)
    )
