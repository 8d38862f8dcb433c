"""What a kept message is about: at which locations, and what became of the question that it put to a person."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime

from bookings.models import ScheduledSession
from marketplace.models import Conflict, Connection, InboxMessage, Visit
from marketplace.rules.contents import Content, content_of
from portal.models import Location

_EMPTIED = Q(body=b"", headers={})


def seen_by(
    connection: Connection, messages: Iterable[InboxMessage], locations: Collection[Location] | None
) -> set[int]:
    """Which of these messages (with their bodies) a login that is pinned to the locations may read; their keys.

    Only those whose booking, class and location, as far as they name them, are all there: what names none of them, or
    was emptied, is for logins that see the whole studio (`locations` None).
    """
    if locations is None:
        return {one.pk for one in messages}
    contents = {one.pk: content_of(bytes(one.body)) for one in messages}
    theirs = {one.pk for one in locations}
    return {pk for pk, places in _places(connection, contents).items() if places and places <= theirs}


def _places(connection: Connection, contents: Mapping[int, Content]) -> dict[int, set[int | None]]:
    visits = Visit.objects.filter(connection=connection, booking_ref__in=_named(contents, "bookingId"))
    by_ref = visits.values_list("booking_ref", Coalesce("reservation__location", "session__location"))
    numbers = [one for one in _named(contents, "classId") if one.isascii() and one.isdecimal() and len(one) <= 18]
    sessions = ScheduledSession.objects.filter(studio=connection.studio_id, pk__in=numbers)
    by_class = {str(pk): place for pk, place in sessions.values_list("pk", "location_id")}
    known: dict[str, dict[str, int]] = {
        "bookingId": {ref: place for ref, place in by_ref if place is not None},
        "classId": by_class,
        "locationId": dict(connection.locations.values_list("external_id", "location_id")),
    }
    return {
        pk: {places[content.word(name)] for name, places in known.items() if content.word(name) in places}
        for pk, content in contents.items()
    }


def _named(contents: Mapping[int, Content], name: str) -> set[str]:
    """PostgreSQL is asked for nothing that it cannot hold."""
    return {word for one in contents.values() if (word := one.word(name)) and word.isprintable()}


@dataclass(frozen=True)
class _Asked:
    """A message that asked a person something. `at`: when it happened there; None: not known any more."""

    pk: int
    kind: str
    handled_at: datetime | None
    content: Content
    at: datetime | None


def verdicts(connection: Connection, messages: Iterable[InboxMessage]) -> dict[int, str]:
    """Of those of these messages whose question is settled: what the person said, by the message's key.

    Empty: it became void, or what was said is not known any more. Messages that still wait are left out.
    """
    asked = [one for one in messages if one.outcome == InboxMessage.Outcome.FOR_A_PERSON]
    asked = [one for one in asked if one.reason in Conflict.Kind.values]
    if not asked:
        return {}
    bodies = dict(InboxMessage.objects.filter(pk__in=[one.pk for one in asked]).values_list("pk", "body"))
    read = [_read(one, bytes(bodies[one.pk])) for one in asked]
    contents = {one.pk: one.content for one in read}
    about = Q(settled_at=None) | Q(opened_at__in=[one.handled_at for one in read])
    about |= Q(visit__booking_ref__in=_named(contents, "bookingId"))
    about |= Q(guest__external_id__in=_named(contents, "marketplaceMemberId"))
    found = connection.conflicts.filter(about, kind__in={one.kind for one in read})
    conflicts = list(found.select_related("visit", "guest").order_by("pk"))
    answers = {one.pk: _answer(one, [conflict for conflict in conflicts if conflict.kind == one.kind]) for one in read}
    return {pk: verdict for pk, verdict in answers.items() if verdict is not None}


def _read(message: InboxMessage, body: bytes) -> _Asked:
    content = content_of(body)
    try:
        moment = parse_datetime(content.timestamp)
    except ValueError:
        moment = None
    at = min(moment, message.received_at) if moment and moment.tzinfo else None
    return _Asked(message.pk, message.reason, message.handled_at, content, at)


def _answer(asked: _Asked, conflicts: list[Conflict]) -> str | None:
    """None: it waits."""
    its = _its(asked, conflicts)
    if any(one.settled_at is None for one in its):
        return None
    return its[-1].verdict if its else ""


def _its(asked: _Asked, conflicts: list[Conflict]) -> list[Conflict]:
    """The conflicts that the message opened or was about; where that is not known, those that may be."""
    ref, member = asked.content.word("bookingId"), asked.content.word("marketplaceMemberId")
    if ref:
        return [one for one in conflicts if one.visit and one.visit.booking_ref == ref]
    if opened := [one for one in conflicts if one.opened_at == asked.handled_at]:
        return opened
    if not member:  # it was emptied
        return [one for one in conflicts if one.settled_at is None]
    theirs = [one for one in conflicts if one.guest and one.guest.external_id == member]
    return [one for one in theirs if one.about == asked.at] or [one for one in theirs if one.settled_at is None]


def given_up(messages: QuerySet[InboxMessage]) -> QuerySet[InboxMessage]:
    """Those that failed for good and can be applied again; what two sides tell differently is settled by the studio.

    Not those that were emptied since (`actions.keeping`): there is nothing left to apply.
    """
    return _failed(messages).exclude(_EMPTIED)


def lost(messages: QuerySet[InboxMessage]) -> QuerySet[InboxMessage]:
    """Those that failed for good, and were emptied since: nobody can apply them any more."""
    return _failed(messages).filter(_EMPTIED)


def with_emptied(messages: QuerySet[InboxMessage]) -> QuerySet[InboxMessage]:
    """Each with `is_emptied`: what it said is not kept any more, only what became of it."""
    return messages.annotate(is_emptied=ExpressionWrapper(_EMPTIED, output_field=BooleanField()))


def _failed(messages: QuerySet[InboxMessage]) -> QuerySet[InboxMessage]:
    return messages.filter(outcome=InboxMessage.Outcome.FOR_A_PERSON).exclude(reason__in=Conflict.Kind.values)
