"""A member's purchases with what is left of them, the ledger that explains it, and visits that could use another."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any

from django.db.models import Count, Q

from bookings.models import ItemPackage, Reservation, ReservationEvent
from bookings.rules import Booking
from bookings.selectors.wallet import Balance, balances, candidate_of
from bookings.sources import is_own
from packages.models import Hold, LedgerEntry, Package, Policy, Purchase
from packages.rules import Choice, Order, Outcome, Verdict, choose_purchase, is_over
from portal.models import Location, Member, Studio

SOON = timedelta(days=14)
OFFERED = 50


@dataclass(frozen=True)
class Owned:
    """A purchase with its three numbers and its holds, on the local day `today`. The package is joined."""

    purchase: Purchase
    balance: Balance
    holds: list[Hold]
    today: date

    @property
    def hold(self) -> Hold | None:
        """The one that covers today."""
        return next((hold for hold in self.holds if hold.covers(self.today)), None)

    @property
    def next_hold(self) -> Hold | None:
        """The one that covers today, else the next to come."""
        return next((hold for hold in self.holds if hold.last_on is None or hold.last_on >= self.today), None)

    @property
    def is_over(self) -> bool:
        over = self.purchase.expires_on is not None and self.purchase.expires_on < self.today
        return over or self.purchase.expired_at is not None or self.purchase.refunded_at is not None

    @property
    def is_open(self) -> bool:
        """Whether there is still something to use."""
        return not self.is_over and (self.balance.free is None or self.balance.free > 0)

    @property
    def lapses_soon(self) -> bool:
        """Within a fortnight uses will be lost."""
        last = self.purchase.expires_on
        return self.is_open and last is not None and last - self.today <= SOON


def owned(member: Member, *, today: date, now: datetime) -> list[Owned]:
    """All that the member bought, newest first: three queries."""
    bought = list(Purchase.objects.filter(member=member).select_related("package", "version").newest_first())
    left, held = balances(bought, now=now), defaultdict(list)
    for hold in Hold.objects.filter(purchase__member=member):
        held[hold.purchase_id].append(hold)
    return [Owned(one, left[one.pk], held[one.pk], today) for one in bought]


@dataclass(frozen=True)
class LedgerLine:
    """One plus or minus, or something that changed without either. `left` after it; counted up where unlimited."""

    at: datetime
    change: int
    left: int
    entry: LedgerEntry | None = None
    visit: Any = None


BEGINNINGS = {LedgerEntry.Kind.SOLD, LedgerEntry.Kind.IMPORTED}


def ledger(purchase: Purchase, *, now: datetime) -> list[LedgerLine]:
    """All that explains what is left, newest first: two queries.

    A sale stands at the moment of the purchase, a visit at that from which on it counts. The sale is the first line,
    also where an older visit was given to it by hand: nothing is used before there is something. The last one says
    what is left.
    """
    found: list[tuple[datetime, int, LedgerEntry | None, Any]] = [
        (purchase.purchased_at if one.kind in BEGINNINGS else one.occurred_at, one.uses or 0, one, None)
        for one in purchase.entries.select_related("by__user")
    ]
    visits = purchase.reservations.with_count(now).with_state(now).filter(count_word=Verdict.COUNTED)
    used = 1 if purchase.uses is None else -1
    joined = visits.select_related("session__item", "location", "purchase__version")
    found.extend((counted_at(visit), used, None, visit) for visit in joined)

    def order(one: tuple[datetime, int, LedgerEntry | None, Any]) -> tuple[bool, datetime, bool]:
        at, _change, entry, _visit = one
        return entry is None or entry.kind not in BEGINNINGS, at, entry is None

    found.sort(key=order)
    lines, left = [], _opening(purchase, found)
    for at, change, entry, visit in found:
        left += change
        lines.append(LedgerLine(at, change, left, entry, visit))
    return lines[::-1]


def _opening(purchase: Purchase, found: list[tuple[datetime, int, LedgerEntry | None, Any]]) -> int:
    """What the entries do not tell of the limit: nothing, but for purchases that came in without one."""
    told = sum(change for _at, change, entry, _visit in found if entry is not None)
    return 0 if purchase.uses is None else purchase.uses - told


def counted_at(visit: Reservation) -> datetime:
    """From when on a visit that counts did: its check-in, its late cancellation, or the end of what was missed."""
    if visit.checked_in_at is not None:
        return visit.checked_in_at
    if visit.booking != Booking.BOOKED and visit.cancelled_at is not None:
        return visit.cancelled_at
    return visit.ends_at + visit.location.grace


def could_use(purchase: Purchase, locations: list[Location], *, now: datetime) -> list[Reservation]:
    """Unpaid visits that this purchase is valid for, the oldest first (Q8); no more than it has left."""
    left = balances([purchase], now=now)[purchase.pk].free
    if purchase.refunded_at is not None or purchase.expired_at is not None or (left is not None and left <= 0):
        return []
    items = ItemPackage.objects.filter(package=purchase.package_id).values("item_id")
    unpaid = (
        Reservation.objects.active()
        .filter(member=purchase.member_id, purchase=None, location__in=locations)
        .filter(session__item__in=items, session__cancelled_at=None)
        .exclude(assigned=Reservation.Assigned.FREE)
        .select_related("session__item", "location")
        .order_by("starts_at", "id")
    )
    holds, at_booking = list(purchase.holds.all()), _judged_at_booking(purchase.studio_id)

    def is_valid(visit: Reservation) -> bool:
        on = visit.location.local_day(now if at_booking else visit.starts_at)
        return is_valid_for(purchase, holds, on=on, rests_on=on)

    return list(islice(filter(is_valid, unpaid), OFFERED if left is None else min(left, OFFERED)))


def is_valid_for(purchase: Purchase, holds: Iterable[Hold], *, on: date, rests_on: date) -> bool:
    """Whether neither expiry (by the local day `on`, Q6) nor refund nor a hold over `rests_on` speaks against it."""
    ended = purchase.expired_at is not None or purchase.refunded_at is not None
    return not is_over(purchase.expires_on, on) and not ended and not any(hold.covers(rests_on) for hold in holds)


def in_trouble(bought: Iterable[Owned], locations: list[Location], *, now: datetime) -> list[tuple[Any, Owned]]:
    """Visits to come whose purchase was put on hold or is over by then, with it (Q7): two queries.

    Where the studio judges on the day of booking, a last day between that day and the visit is no trouble.
    """
    by_key = {one.purchase.pk: one for one in bought}
    coming = (
        Reservation.objects.active()
        .filter(purchase__in=by_key, starts_at__gt=now, session__cancelled_at=None, location__in=locations)
        .select_related("session__item", "location")
        .order_by("starts_at", "id")
    )
    pairs = [(visit, by_key[visit.purchase_id]) for visit in coming if visit.purchase_id is not None]
    at_booking = bool(pairs) and _judged_at_booking(pairs[0][0].studio_id)

    def is_valid(visit: Reservation, one: Owned) -> bool:
        day = visit.location.local_day(visit.starts_at)
        on = visit.location.local_day(visit.booked_at) if at_booking and visit.booked_at else day
        return is_valid_for(one.purchase, one.holds, on=on, rests_on=day)

    return [(visit, one) for visit, one in pairs if not is_valid(visit, one)]


def _judged_at_booking(studio_id: int) -> bool:
    return Policy.objects.filter(studio=studio_id, judged=Policy.Judged.BOOKING).exists()


@dataclass(frozen=True)
class Today:
    """What the rule would choose today for visits that were made, each as if it alone were not: no lock, no query each.

    Asked by the attendance tab of a page of visits that a person decided differently.
    """

    bought: list[Owned]
    studio: Studio
    now: datetime
    accepted: dict[int, set[int] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, visits: Iterable[Any], bought: list[Owned], studio: Studio, *, now: datetime) -> "Today":
        """Visits with session and item joined: two queries."""
        items = {visit.session.item_id: visit.session.item for visit in visits}
        accepted: dict[int, set[int] | None] = {
            pk: set() if getattr(item, "needs_package", False) else None for pk, item in items.items()
        }
        linked = ItemPackage.objects.filter(item__in=items)
        for item, package, archived in linked.values_list("item_id", "package_id", "package__archived_at"):
            known = accepted[item] = accepted[item] if accepted[item] is not None else set()
            if archived is None and known is not None:
                known.add(package)
        return cls(bought, studio, now, accepted)

    @cached_property
    def _policy(self) -> Policy:
        return Policy.of(self.studio)

    def choose(self, visit: Any) -> Choice:
        """`visit` has `count_word`."""
        accepted = self.accepted[visit.session.item_id] if is_own(visit.source) else None
        if accepted is None:
            return Choice(Outcome.FREE, None, ())
        policy = self._policy
        judged = self.now if policy.judged == Policy.Judged.BOOKING else visit.starts_at
        on = visit.location.local_day(judged)
        candidates = []
        for one in self.bought:
            candidate = candidate_of(one.purchase, one.balance)
            own = visit.purchase_id == one.purchase.pk and visit.count_word != Verdict.NOT_COUNTED
            left = None if candidate.uses_left is None else candidate.uses_left + own
            on_hold = any(hold.covers(on) for hold in one.holds)
            candidates.append(replace(candidate, on_hold=on_hold, uses_left=left))
        return choose_purchase(
            candidates, accepted=accepted, on=on, order=Order(policy.order), over_use=policy.over_use
        )


def packages_used(reservations: Any) -> list[tuple[Package | None, bool, int]]:
    """By which packages these visits were paid, most often first: (package, free, number); none of both: unpaid."""
    counted = list(
        reservations.order_by()
        .values("purchase__package_id", free=Q(purchase=None, assigned=Reservation.Assigned.FREE))
        .annotate(number=Count("*"))
    )
    named = Package.objects.in_bulk([one["purchase__package_id"] for one in counted if one["purchase__package_id"]])
    found = [(named.get(one["purchase__package_id"]), one["free"], one["number"]) for one in counted]
    return sorted(found, key=lambda one: (-one[2], one[0].name if one[0] else ""))


def last_change_by_hand(visit: Reservation) -> ReservationEvent | None:
    """Who gave it another purchase, the last time."""
    kind = ReservationEvent.Kind.ASSIGNED
    return visit.events.filter(kind=kind).select_related("by__user").order_by("-id").first()


def names_of(studio: Studio, packages: Iterable[int]) -> dict[int, str]:
    """What these packages are called, by key, also those that are archived by now."""
    return dict(studio.packages.filter(pk__in=packages).values_list("pk", "name"))
