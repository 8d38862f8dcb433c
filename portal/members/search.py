"""Finding members as one types: parts of name, e-mail, phone and number, in any order and without accents."""

import re

from django.db.models import DateField, F, Func, Lookup, Q, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat

from portal.models import Member, Studio
from portal.models.people import MemberQuerySet

MOST_WORDS = 6
# Two letters can fit a tenth of all members. Who has typed no more than that types on, so only so many are looked at.
MOST_FOUND = 200
# Shorter words stand at the beginning of a word: a trigram index knows nothing smaller anywhere else.
ANYWHERE = 3
_PHONE = re.compile(r"[\d\s()+/.-]+")
# A country's code has two digits or three where people type a 0 at home: +31 6 12 is 06 12.
_CODE_LENGTHS = (2, 3)


class PlainText(TextField):
    """A column that `portal_plain` made: small letters, no accents, one space between words."""


@PlainText.register_lookup
class Like(Lookup):
    lookup_name = "like"

    def as_sql(self, compiler, connection):  # type: ignore[no-untyped-def]
        column, params = self.process_lhs(compiler, connection)
        pattern, more = self.process_rhs(compiler, connection)
        return f"{column} LIKE {pattern}", [*params, *more]


def column(name: str, output_field: TextField | DateField) -> RawSQL:
    """One of the columns of `portal_member` that PostgreSQL keeps by itself (migration 0008)."""
    return RawSQL(f"portal_member.{name}", (), output_field=output_field)  # noqa: S611


def with_columns(members: MemberQuerySet) -> MemberQuerySet:
    """`search_text`, `sort_name` and `since_on`, to filter and to order by."""
    return members.alias(
        search_text=column("search_text", PlainText()),
        sort_name=column("sort_name", PlainText()),
        since_on=column("since_on", DateField()),
    )


def matching(members: MemberQuerySet, text: str) -> MemberQuerySet:
    """Those whom every word of the text fits; all of them for an empty text. One index answers it."""
    words = text.split()[:MOST_WORDS]
    if not words:
        return with_columns(members)
    found = Q()
    for word in words:
        found &= Q(search_text__like=_pattern(word))
    for digits in _phones(text):
        found |= Q(search_text__like=Value(f"%{digits}%"))
    return with_columns(members).filter(found)


def search(studio: Studio, text: str, *, limit: int) -> list[Member]:
    """`limit` members of the studio that the text finds, by name; none for an empty text. One query.

    They are the first ones by name unless more than MOST_FOUND fit.
    """
    if not text.strip():
        return []
    return sorted(fitting(studio, text), key=lambda member: (member.name_key, member.pk))[:limit]  # type: ignore[attr-defined]


def fitting(studio: Studio, text: str) -> MemberQuerySet:
    """At most MOST_FOUND members whom the text finds, in no order: to order them first would look at all who fit."""
    return matching(studio.members.people(), text).annotate(name_key=F("sort_name"))[:MOST_FOUND]


def _pattern(word: str) -> Concat:
    plain = Func(Value(word), function="portal_plain", output_field=PlainText())
    before = "%" if len(word) >= ANYWHERE else "% "
    return Concat(Value(before), plain, Value("%"), output_field=PlainText())


def _phones(text: str) -> set[str]:
    """Runs of digits that the text may stand for as a phone number: with a country's code, and as dialled at home."""
    digits = re.sub(r"\D", "", text)
    if not _PHONE.fullmatch(text) or len(digits) < ANYWHERE:
        return set()
    found = {digits.lstrip("0")}
    if text.strip().startswith(("+", "00")):
        code_and_number = digits.lstrip("0")
        found |= {f"0{code_and_number[length:]}" for length in _CODE_LENGTHS}
    return {run for run in found if len(run) >= ANYWHERE}
