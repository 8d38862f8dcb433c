"""Who waits for a place, whose turn it is, and which holds stand (docs/waiting.md)."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value

from bookings import rules
from bookings.models import ScheduledSession, WaitingEntry, WaitingEvent
from bookings.models.waiting import WaitingQuerySet
from bookings.rules import Waiting
from bookings.selectors.agreed import facts_for
from bookings.sources import is_own
from portal.joined import Joined
from portal.models import Member

# `session.waiting.open().in_order()`, in SQL: every booking asks it.
_OPEN = Joined(WaitingEntry, "member", prepared=True)
_OF_SESSION = "waitingentry.session_id = %s AND waitingentry.state IN ('waiting', 'offered') ORDER BY waitingentry.id"


@dataclass(frozen=True)
class OnList:
    """One place on the list of a session, as a screen shows it. `position` 1 is next; an offered one has its hold."""

    entry: WaitingEntry
    position: int

    @property
    def is_offered(self) -> bool:
        return self.entry.state == Waiting.OFFERED

    @property
    def held_until(self) -> datetime | None:
        return self.entry.held_until


@dataclass
class LinedUp:
    """The open entries of one session, by what the moment makes of them."""

    # The list is over: the session began or was cancelled.
    is_over: bool = False
    lapsed: list[WaitingEntry] = field(default_factory=list)
    # Offers that hold a place.
    standing: list[WaitingEntry] = field(default_factory=list)
    # Whom a place is free for, in order: `settle_waiting` offers it, and it counts as held until then.
    next: list[WaitingEntry] = field(default_factory=list)
    waiting: list[WaitingEntry] = field(default_factory=list)

    @property
    def holders(self) -> list[WaitingEntry]:
        return self.standing + self.next

    def of(self, member: Member) -> WaitingEntry | None:
        """The member's own entry, if its offer has not lapsed."""
        return next((entry for entry in self.holders + self.waiting if entry.member_id == member.pk), None)

    def held_for_others(self, member: Member) -> list[WaitingEntry]:
        return [entry for entry in self.holders if entry.member_id != member.pk]


def cut_off_of(session: ScheduledSession) -> datetime:
    """Until when a free place of this session is offered to its list."""
    return rules.cut_off(session.starts_at, minutes=session.studio.waiting_cutoff_minutes)


def lined_up(session: ScheduledSession, *, now: datetime) -> LinedUp:
    """What the list comes to at this moment; under the session's lock it is the truth, else a good guess.

    One query where nobody waits. Who is blocked or booked already is passed over, and the guest of a marketplace that
    has no place left.
    """
    entries = [entry for entry, _ in _OPEN.rows(_OF_SESSION, [session.pk])]
    line = LinedUp(is_over=session.cancelled_at is not None or now >= session.starts_at)
    for entry in entries:
        if entry.state == Waiting.WAITING:
            line.waiting.append(entry)
        elif entry.held_until is None or entry.held_until <= now:
            line.lapsed.append(entry)
        else:
            line.standing.append(entry)
    if line.is_over or not line.waiting:
        return line
    places = rules.places_to_offer(
        capacity=session.capacity,
        taken=session.places_taken,
        held=len(line.standing),
        waiting=len(line.waiting),
        cut_off_at=cut_off_of(session),
        now=now,
    )
    if places:
        booked = set(session.reservations.active().values_list("member_id", flat=True))
        can_come = [one for one in line.waiting if not one.member.blocked_reason and one.member_id not in booked]
        line.next = _who_may(session, can_come)[:places]
        line.waiting = [one for one in line.waiting if one not in line.next]
    return line


def _who_may(session: ScheduledSession, entries: list[WaitingEntry]) -> list[WaitingEntry]:
    """Those whom a place can be given; each of a marketplace's takes one of its places from the next."""
    found: list[WaitingEntry] = []
    for entry in entries:
        facts = facts_for(session, entry.source)
        if facts is not None:
            own = sum(one.source == entry.source for one in found)
            theirs = sum(not is_own(one.source) for one in found)
            facts = replace(facts, own=facts.own + own, of_marketplaces=facts.of_marketplaces + theirs)
        if facts is None or rules.may_be_sold(facts).allowed:
            found.append(entry)
    return found


def on_list(session: ScheduledSession, *, now: datetime) -> list[OnList]:
    """Everyone on the session's list, in order; who did not answer in time is not on it any more."""
    entries = _standing(session.waiting.all(), now).select_related("member", "session__item", "session__location")
    return [OnList(entry, position) for position, entry in enumerate(entries.in_order(), start=1)]


def waits_of(member: Member, *, now: datetime) -> list[OnList]:
    """Where this member waits, the soonest session first."""
    before = (
        _standing(WaitingEntry.objects.filter(session=OuterRef("session"), pk__lte=OuterRef("pk")), now)
        .order_by()
        .values("session")
        .annotate(number=Count("*"))
        .values("number")
    )
    entries = (
        _standing(member.waiting.all(), now)
        .filter(session__starts_at__gt=now, session__cancelled_at=None)
        .select_related("member", "session__item", "session__location")
        .annotate(position=Subquery(before))
        .order_by("session__starts_at", "id")
    )
    return [OnList(entry, entry.position) for entry in entries]


def numbers(sessions: Iterable[ScheduledSession], *, now: datetime) -> dict[int, int]:
    """How many are on the list of each of these sessions, by key; those with nobody are left out."""
    entries = _standing(WaitingEntry.objects.filter(session__in=[session.pk for session in sessions]), now)
    return dict(entries.order_by().values_list("session_id").annotate(number=Count("*")))


def to_settle(now: datetime) -> list[int]:
    """The sessions whose list is not as the moment has it, by key, in the order in which they are locked."""
    cut_off = Q(session__starts_at__gt=Value(now) + F("session__studio__waiting_cutoff_minutes") * Value(rules.MINUTE))
    free = Q(session__capacity=None) | Q(
        session__capacity__gt=F("session__places_taken") + F("session__places_held"),
    )
    over = Q(session__starts_at__lte=now) | Q(session__cancelled_at__isnull=False)
    due = Q(state=Waiting.OFFERED, held_until__lte=now) | over | (Q(state=Waiting.WAITING) & free & cut_off)
    found = WaitingEntry.objects.open().filter(due).order_by("session_id").values_list("session_id", flat=True)
    return list(found.distinct())


def log_of(session: ScheduledSession) -> "QuerySet[WaitingEvent]":
    """All that happened on the session's list, the last first."""
    return _told(WaitingEvent.objects.filter(entry__session=session))


def log_of_member(member: Member) -> "QuerySet[WaitingEvent]":
    return _told(WaitingEvent.objects.filter(entry__member=member))


def _told(events: "QuerySet[WaitingEvent]") -> "QuerySet[WaitingEvent]":
    return events.select_related(
        "by__user", "entry__member", "entry__session__item", "entry__session__location"
    ).order_by("-id")


def _standing(entries: WaitingQuerySet, now: datetime) -> WaitingQuerySet:
    return entries.open().exclude(state=Waiting.OFFERED, held_until__lte=now)
