"""The sync log: what went to and fro, what was compared, and what waits for a person, the newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from marketplace.models import Call, Conflict, Connection, Exchange, InboxMessage, SyncRun, Visit
from marketplace.selectors import messages
from portal.models import Location

PER_PAGE = 100
# Beyond this number the page says "more than": to count on would cost more the busier a connection is.
COUNT_MOST = 10_000
EXCHANGE, RUN, CALL, MESSAGE = "exchange", "run", "call", "message"
Key = tuple[str, int]  # of a line: its kind, and the key of its row


@dataclass(frozen=True)
class Filters:
    """What the address says; a word that fits nothing shows nothing."""

    errors: bool = False
    waiting: bool = False
    direction: str = ""
    session: int | None = None
    booking: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        session = query.get("session", "")
        return cls(
            errors=query.get("errors") == "1",
            waiting=query.get("waiting") == "1",
            direction=query.get("direction", ""),
            session=(int(session) if session.isascii() and session.isdigit() and len(session) < 19 else 0)
            if session
            else None,
            booking=query.get("booking", "")[:100],
        )

    @property
    def any(self) -> bool:
        return self != Filters()

    @property
    def query(self) -> str:
        """As the address says it."""
        said: dict[str, object] = {
            "errors": "1" if self.errors else "",
            "waiting": "1" if self.waiting else "",
            "direction": self.direction,
            "session": "" if self.session is None else self.session,
            "booking": self.booking,
        }
        return urlencode({name: value for name, value in said.items() if value != ""})


def lines(
    connection: Connection, filters: Filters, *, locations: list[Location] | None, since: datetime
) -> QuerySet[Any, Any]:
    """The keys of the lines with their moments, the newest first.

    `locations`: of a login that is pinned to some; None: all. What names no class belongs to all of them.
    """
    parts = [_calls(connection, filters, locations, since), _messages(connection, filters, locations, since)]
    if not filters.waiting:
        parts += [_exchanges(connection, filters, locations, since), _runs(connection, filters, since)]
    found = [
        rows.annotate(line=Value(kind, output_field=CharField())).values_list("line", "pk", "moment")
        for kind, rows in parts
        if rows is not None
    ]
    first, *others = found or [Exchange.objects.none().values_list("subject", "pk", "at")]
    together = first.union(*others, all=True) if others else first
    return together.order_by(F("moment").desc(), F("pk").desc()) if found else first


def count(found: QuerySet[Any, Any]) -> int:
    """How many lines, or one more than COUNT_MOST."""
    return found[: COUNT_MOST + 1].count()


def read(connection: Connection, keys: list[Key]) -> dict[Key, Any]:
    """The rows of these lines, without their raw texts. A query for each kind that is among them."""
    by_kind: dict[str, list[int]] = {}
    for kind, pk in keys:
        by_kind.setdefault(kind, []).append(pk)
    rows: dict[str, QuerySet[Any]] = {
        EXCHANGE: exchanges(connection).defer("request", "answer"),
        RUN: SyncRun.objects.filter(connection=connection),
        CALL: calls(connection),
        MESSAGE: messages.with_emptied(InboxMessage.objects.filter(connection=connection)).defer("headers", "body"),
    }
    found = {(kind, row.pk): row for kind, pks in by_kind.items() for row in rows[kind].filter(pk__in=pks)}
    _settle(connection, [row for (kind, _pk), row in found.items() if kind == MESSAGE])
    return found


def message(connection: Connection, pk: int, *, locations: list[Location] | None) -> InboxMessage | None:
    """One message with its raw texts; None where there is none that this login may read."""
    found = list(connection.inbox.filter(pk=pk))
    if not messages.seen_by(connection, found, locations):
        return None
    _settle(connection, found)
    return found[0]


def _settle(connection: Connection, rows: list[InboxMessage]) -> None:
    """Note at each what a person has said: `verdict`; None: nothing yet, or nothing was asked."""
    said = messages.verdicts(connection, rows)
    for row in rows:
        row.verdict = said.get(row.pk)  # type: ignore[attr-defined]


def exchanges(connection: Connection, *, locations: list[Location] | None = None) -> QuerySet[Exchange]:
    """`locations`: of a login that is pinned to some; None: all."""
    rows = connection.exchanges.select_related("session__item", "session__location", "call")
    return rows if locations is None else rows.filter(_seen_from(locations))


def _seen_from(locations: list[Location]) -> Q:
    """Lines of classes there. Of those that name no class, what is about a booking goes with the booking's place, and
    a check-in of no booking, which may name its guest, is for those who see the whole studio.
    """
    its = Visit.objects.filter(connection=OuterRef("connection"), booking_ref=OuterRef("booking_ref"))
    here = its.filter(Q(reservation__location__in=locations) | Q(reservation=None, session__location__in=locations))
    names_nobody = Q(booking_ref="") & ~Q(subject="member.checked_in")
    return Q(session__location__in=locations) | Q(session=None) & (names_nobody | Q(Exists(here)))


def calls(connection: Connection) -> QuerySet[Call]:
    return connection.calls.select_related(
        "listing__session__item", "listing__session__location", "visit", "event__reservation__visit"
    )


def not_delivered(connection: Connection) -> QuerySet[Call]:
    """Given up, or tried in vain so far: those wait for a person, or soon will."""
    tried = Q(state__in=[Call.State.WAITING, Call.State.SENDING]) & (Q(attempts__gt=0) | Q(unanswered=True))
    return connection.calls.filter(Q(state=Call.State.DEAD) | tried & ~Q(answer=""))


def _exchanges(
    connection: Connection, filters: Filters, locations: list[Location] | None, since: datetime
) -> tuple[str, QuerySet[Any] | None]:
    rows = connection.exchanges.filter(at__gte=since).annotate(moment=F("at"))
    if filters.errors:
        rows = rows.failed()
    if filters.direction:
        rows = rows.filter(direction=filters.direction)
    if filters.session is not None:
        rows = rows.filter(session=filters.session)
    if filters.booking:
        rows = rows.filter(booking_ref=filters.booking)
    return EXCHANGE, rows if locations is None else rows.filter(_seen_from(locations))


def _runs(connection: Connection, filters: Filters, since: datetime) -> tuple[str, QuerySet[Any] | None]:
    if filters.any:
        return RUN, None
    return RUN, connection.sync_runs.filter(started_at__gte=since).order_by().annotate(moment=F("started_at"))


def _calls(
    connection: Connection, filters: Filters, locations: list[Location] | None, since: datetime
) -> tuple[str, QuerySet[Any] | None]:
    """Those that were given up are shown as long as they wait for a person."""
    if filters.direction not in {"", Exchange.Direction.OUT}:
        return CALL, None
    rows = not_delivered(connection).annotate(moment=Coalesce("ended_at", "created_at"))
    if filters.session is not None:
        rows = rows.filter(listing__session=filters.session)
    if filters.booking:
        about = Q(visit__booking_ref=filters.booking) | Q(event__reservation__visit__booking_ref=filters.booking)
        rows = rows.filter(about)
    if locations is not None:
        rows = rows.filter(Q(listing__session=None) | Q(listing__session__location__in=locations))
    return CALL, rows


def _messages(
    connection: Connection, filters: Filters, locations: list[Location] | None, since: datetime
) -> tuple[str, QuerySet[Any] | None]:
    """What a marketplace sent and nobody could settle, or has not yet."""
    if filters.direction not in {"", Exchange.Direction.IN} or filters.session is not None or filters.booking:
        return MESSAGE, None
    given_up = Q(outcome=InboxMessage.Outcome.FOR_A_PERSON)
    if filters.waiting:  # a conflict waits elsewhere, until somebody settles it
        given_up &= ~Q(reason__in=Conflict.Kind.values)
    rows = connection.inbox.filter(Q(handled_at=None) | given_up, received_at__gte=since).order_by()
    if locations is not None:
        rows = rows.filter(pk__in=messages.seen_by(connection, rows.only("body"), locations))
    return MESSAGE, rows.annotate(moment=F("received_at"))
