"""With which packages items can be booked: what a change would mean, and the change itself (K2, Q10).

A form sends what it showed and what it wants. Only the difference of the two is done, on what stands by then: two
people at once never undo each other's ticks.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.db.models import Count, Q

from bookings.models import CalendarItem, ItemPackage, Reservation
from packages.models import Package
from portal.changes import record_changes
from portal.models import StaffLogin, Studio


@dataclass(frozen=True)
class Links:
    """Pairs of (item, package), and the items that need a package even while none is linked; all by key."""

    pairs: frozenset[tuple[int, int]] = frozenset()
    closed: frozenset[int] = frozenset()

    def of(self, item: int) -> frozenset[int]:
        return frozenset(package for one, package in self.pairs if one == item)

    def is_free(self, item: int) -> bool:
        return item not in self.closed and not self.of(item)


@dataclass(frozen=True)
class Turned:
    """An item that becomes free or stops being so. `dates` to come; `booked`: free reservations in them; they stay."""

    item: CalendarItem
    dates: int
    booked: int


@dataclass(frozen=True)
class LinkPlan:
    """What a change would do. `becoming_free`: unless they are kept closed."""

    before: Links
    after: Links
    items: dict[int, CalendarItem]
    becoming_free: tuple[Turned, ...] = ()
    becoming_paid: tuple[Turned, ...] = ()

    @property
    def agreed_as(self) -> str:
        """Names what has to be said before it is done: what becomes free, and who stays free. Empty: nothing."""
        free = [one.item.pk for one in self.becoming_free]
        staying = [one.item.pk for one in self.becoming_paid if one.booked]
        return sha256(repr([free, staying]).encode()).hexdigest()[:16] if free or staying else ""


class NotAgreed(Exception):
    """What it means was not said to the person yet, or is not so any more; nothing was changed."""

    def __init__(self, plan: LinkPlan) -> None:
        super().__init__(plan.agreed_as)
        self.plan = plan


def links_of(items: Collection[int]) -> Links:
    """As they stand."""
    pairs = ItemPackage.objects.filter(item__in=items).values_list("item_id", "package_id")
    closed = CalendarItem.objects.filter(pk__in=items, needs_package=True).values_list("pk", flat=True)
    return Links(frozenset(pairs), frozenset(closed))


def plan_links(studio: Studio, *, seen: Links, wanted: Links, now: datetime, keep_closed: bool = False) -> LinkPlan:
    """What the difference between these would do now. `keep_closed`: an item that would become free needs a package."""
    pairs, closed = seen.pairs ^ wanted.pairs, seen.closed ^ wanted.closed
    touched = {item for item, _package in pairs} | closed
    items = {item.pk: item for item in studio.calendar_items.filter(pk__in=touched).order_by("name", "pk")}
    before = links_of(items)
    after = Links(
        frozenset((before.pairs | (wanted.pairs - seen.pairs)) - (seen.pairs - wanted.pairs)),
        frozenset((before.closed | (wanted.closed - seen.closed)) - (seen.closed - wanted.closed)),
    )
    free = [pk for pk in items if after.is_free(pk) and not before.is_free(pk)]
    if keep_closed:
        after = replace(after, closed=after.closed | frozenset(free))
    paid = [pk for pk in items if before.is_free(pk) and not after.is_free(pk)]
    numbers = _to_come([*free, *paid], now=now)
    return LinkPlan(
        before,
        after,
        items,
        becoming_free=tuple(Turned(items[pk], *numbers.get(pk, (0, 0))) for pk in free),
        becoming_paid=tuple(Turned(items[pk], *numbers.get(pk, (0, 0))) for pk in paid),
    )


def save_links(
    studio: Studio,
    *,
    seen: Links,
    wanted: Links,
    agreed: str,
    by: StaffLogin | None,
    now: datetime,
    keep_closed: bool = False,
) -> LinkPlan:
    """Do it, in one transaction; free reservations that exist stay free (Q10).

    `agreed`: the plan's `agreed_as` that the person was told. Raises NotAgreed with the plan as it would be now.
    """
    with transaction.atomic():
        touched = {item for item, _package in seen.pairs ^ wanted.pairs} | (seen.closed ^ wanted.closed)
        rows = studio.calendar_items.filter(pk__in=touched).order_by("pk").select_for_update(no_key=True)
        list(rows.values_list("pk", flat=True))
        plan = plan_links(studio, seen=seen, wanted=wanted, now=now, keep_closed=keep_closed)
        if plan.agreed_as not in ("", agreed):
            raise NotAgreed(plan)
        _write(studio, plan)
        _log(studio, plan, by=by, now=now)
        return plan


def _write(studio: Studio, plan: LinkPlan) -> None:
    gone = Q()
    for item, package in plan.before.pairs - plan.after.pairs:
        gone |= Q(item=item, package=package)
    if gone:
        ItemPackage.objects.filter(gone).delete()
    ItemPackage.objects.bulk_create(
        ItemPackage(studio=studio, item_id=item, package_id=package)
        for item, package in sorted(plan.after.pairs - plan.before.pairs)
    )
    for needs, keys in (
        (True, plan.after.closed - plan.before.closed),
        (False, plan.before.closed - plan.after.closed),
    ):
        if keys:
            CalendarItem.objects.filter(pk__in=keys).update(needs_package=needs)


def _log(studio: Studio, plan: LinkPlan, *, by: StaffLogin | None, now: datetime) -> None:
    both = {package for _item, package in plan.before.pairs | plan.after.pairs}
    names = dict(Package.objects.filter(pk__in=both).values_list("pk", "name"))

    def told(links: Links, item: int) -> dict[str, object]:
        linked = sorted(names[package] for package in links.of(item))
        return {"packages": linked, "needs_package": item in links.closed}

    changed = [(item, told(plan.before, pk), told(plan.after, pk)) for pk, item in plan.items.items()]
    record_changes((one for one in changed if one[1] != one[2]), "linked", studio=studio, by=by, now=now)


def _to_come(items: Collection[int], *, now: datetime) -> dict[int, tuple[int, int]]:
    """Dates to come of these items, and how many reservations in them are free ones."""
    if not items:
        return {}
    coming = Q(sessions__starts_at__gt=now, sessions__cancelled_at=None)
    dates = CalendarItem.objects.filter(pk__in=items).annotate(dates=Count("sessions", filter=coming))
    booked = (
        Reservation.objects.active()
        .filter(session__item__in=items, starts_at__gt=now, session__cancelled_at=None)
        .filter(assigned=Reservation.Assigned.FREE)
        .order_by()
        .values_list("session__item")
        .annotate(number=Count("pk"))
    )
    free: dict[int, int] = defaultdict(int, booked)
    return {pk: (number, free[pk]) for pk, number in dates.values_list("pk", "dates")}
