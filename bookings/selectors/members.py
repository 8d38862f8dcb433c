"""The studio's members as a list: filtered, in order, a page at a time, whatever their number."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from bookings.models import Reservation, WaitingEntry
from bookings.selectors.packages import lapsing
from portal.locations import LocationChoice
from portal.members.search import matching, with_columns
from portal.models import DuplicateSuggestion, Location, Member, MemberNote, Studio

PER_PAGE = 100
# Beyond this number a list says "more than": to count on would cost more the more members there are.
COUNT_MOST = 10_000
QUIET = NEW = timedelta(days=30)
SOURCES_OF = timedelta(days=30)
ORDERS = {"name": "sort_name", "since": "since_on"}


@dataclass(frozen=True)
class Filters:
    """What the address says; a word that fits nothing shows nobody."""

    q: str = ""
    source: str = ""
    quiet: bool = False
    new: bool = False
    blocked: bool = False
    waiting: bool = False
    twins: bool = False
    unpaid: bool = False
    lapsing: bool = False
    order: str = "name"
    descending: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        sort = query.get("sort", "")
        order = sort.removeprefix("-")
        return cls(
            q=query.get("q", "").strip()[:100],
            source=query.get("source", ""),
            **{
                name: query.get(name) == "1"
                for name in ("quiet", "new", "blocked", "waiting", "twins", "unpaid", "lapsing")
            },
            order=order if order in ORDERS else "name",
            descending=sort.startswith("-") and order in ORDERS,
        )

    @property
    def any(self) -> bool:
        return replace(self, order="name", descending=False) != Filters()


@dataclass(frozen=True)
class Page:
    """Members in their order. `total` None: more than COUNT_MOST. `first` is the number of the first one, from 1."""

    members: list[Any]
    first: int
    total: int | None
    before: int | None  # the member to page back from
    after: int | None

    @property
    def last(self) -> int:
        return self.first + len(self.members) - 1

    @property
    def first_after(self) -> int:
        return self.last + 1

    @property
    def first_before(self) -> int:
        return max(1, self.first - PER_PAGE)


def filtered(studio: Studio, filters: Filters, choice: LocationChoice, *, now: datetime) -> QuerySet[Member]:
    """Without order. A location that was chosen leaves those who have, or had, a booking there."""
    members = matching(studio.members.people(), filters.q)
    reservations = Reservation.objects.filter(member=OuterRef("pk"))
    if choice.chosen is not None and len(choice.visible) > 1:
        members = members.filter(Exists(reservations.filter(location=choice.chosen)))
    if filters.source:
        members = members.filter(Exists(reservations.filter(source=filters.source)))
    if filters.quiet:
        members = members.exclude(Exists(reservations.attended().filter(starts_at__gt=now - QUIET)))
    if filters.new:
        members = members.filter(since_on__gte=(now - NEW).date())  # type: ignore[misc]
    if filters.blocked:
        members = members.exclude(blocked_reason="")
    if filters.waiting:
        members = members.filter(Exists(_waits()))
    if filters.twins:
        members = members.filter(Exists(_twins()))
    if filters.unpaid:
        members = members.filter(Exists(reservations.active().unpaid().filter(session__cancelled_at=None)))
    if filters.lapsing:
        today = max(place.local_day(now) for place in choice.visible)
        members = members.filter(Exists(lapsing(today, now=now).filter(member=OuterRef("pk"))))
    return members


def page_of(
    studio: Studio, members: QuerySet[Member], filters: Filters, query: Mapping[str, str], shown: list[Location]
) -> Page:
    """The page that the address names: what comes after, or before, a member; else the first one.

    Four queries whatever the number of members: where the page begins, its rows, and a count that ends somewhere.
    """
    before, after = _number(query.get("before")), _number(query.get("after"))
    at = before or after
    beside = members.filter(_beside(studio, filters, at, forwards=after is not None)) if at else members
    backwards = before is not None
    found = list(with_facts(in_order(beside, filters, backwards=backwards), shown)[: PER_PAGE + 1])
    more, rows = len(found) > PER_PAGE, found[:PER_PAGE]
    if backwards:
        rows.reverse()
    first = max(1, _number(query.get("first")) or 1) if at else 1
    total = members.order_by()[: COUNT_MOST + 1].count() if more or at else len(rows)
    return Page(
        members=rows,
        first=first,
        total=total if total <= COUNT_MOST else None,
        before=rows[0].pk if rows and (more if backwards else at) else None,
        after=rows[-1].pk if rows and (more or backwards) else None,
    )


def in_order(members: QuerySet[Member], filters: Filters, *, backwards: bool = False) -> QuerySet[Member]:
    sign = "-" if filters.descending != backwards else ""
    return members.order_by(f"{sign}{ORDERS[filters.order]}", f"{sign}id")


def neighbours(members: QuerySet[Member], filters: Filters, member: Member) -> tuple[int | None, int | None]:
    """Who stands before and after this member in the list, by key."""
    found = []
    for forwards in (False, True):
        beside = members.filter(_beside(member.studio, filters, member.pk, forwards=forwards))
        found.append(in_order(beside, filters, backwards=not forwards).values_list("pk", flat=True).first())
    return found[0], found[1]


def with_facts(members: QuerySet[Member], shown: list[Location]) -> QuerySet[Member]:
    """Annotate what a row tells besides the member: visits at these locations, the last of them, and marks."""
    visits = Reservation.objects.attended().filter(member=OuterRef("pk"), location__in=shown).order_by()
    number = visits.values("member").annotate(number=Count("*")).values("number")
    last = visits.order_by("-starts_at")
    return members.annotate(
        visits=Coalesce(Subquery(number, output_field=IntegerField()), Value(0)),
        last_visit_at=Subquery(last.values("starts_at")[:1]),
        last_visit_zone=Subquery(last.values("location__zone")[:1]),
        last_visit_place=Subquery(last.values("location__name")[:1]),
        is_waiting=Exists(_waits()),
        has_twin=Exists(_twins()),
        has_note=Exists(MemberNote.objects.filter(member=OuterRef("pk"), done_at=None)),
        since=F("since_on"),
    )


def sources(studio: Studio, *, now: datetime) -> list[str]:
    """Where the studio's reservations of the last 30 days came from."""
    recent = studio.reservations.filter(starts_at__range=(now - SOURCES_OF, now + SOURCES_OF))
    return sorted(recent.order_by().values_list("source", flat=True).distinct())


def _waits() -> QuerySet[WaitingEntry]:
    return WaitingEntry.objects.open().filter(member=OuterRef("pk"))


def _twins() -> QuerySet[DuplicateSuggestion]:
    pairs = DuplicateSuggestion.objects.filter(dismissed_at=None)
    return pairs.filter(Q(one=OuterRef("pk")) | Q(other=OuterRef("pk"))).order_by()


def _beside(studio: Studio, filters: Filters, pk: int, *, forwards: bool) -> Q:
    """What stands after, or before, this member in the order of the list; nothing where the member is gone."""
    column = ORDERS[filters.order]
    value = with_columns(studio.members.filter(pk=pk)).annotate(at=F(column)).values_list("at", flat=True).first()
    if value is None:
        return Q(pk__in=[])
    sign = "gt" if forwards != filters.descending else "lt"
    # The first part bounds the index, the second tells those of one name apart.
    return Q(**{f"{column}__{sign}e": value}) & (Q(**{f"{column}__{sign}": value}) | Q(**{f"pk__{sign}": pk}))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


def local(moment: datetime | None, zone: str | None) -> datetime | None:
    return moment.astimezone(ZoneInfo(zone)) if moment and zone else None
