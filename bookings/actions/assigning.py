"""Which purchase a reservation uses: changed by a person, taken back, or chosen again (K5, Q7, Q9)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.db import transaction
from django.db.models import F

from bookings.actions.recording import (
    ActionIdReused,
    Done,
    Kind,
    done_before,
    locked,
    locked_session,
    record,
)
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Decision
from bookings.selectors.wallet import Balance, Wallet, assignment_of, balances
from packages.models import Purchase
from packages.rules import Verdict
from portal.models import Member, StaffLogin, Studio

Assigned = Reservation.Assigned


class NotTheirs(Exception):
    """The purchase belongs to another member."""


class ChangedSince(Exception):
    """What the person saw is not so any more; nothing was changed."""


@dataclass(frozen=True)
class Assignment:
    """What was done, and the balances of the purchases concerned before and after, by their key."""

    done: Done
    before: dict[int, Balance]
    after: dict[int, Balance]


def assign(
    reservation: Reservation,
    purchase: Purchase | None,
    *,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
) -> Assignment:
    """Let the reservation use this purchase of its member, whatever the rule would say; None: it is unpaid (K5).

    Held, expired and used-up ones are taken, too: the screen warns. It can be done at any time; both balances change
    at once (Q9). Raises NotTheirs or ActionIdReused.
    """
    with transaction.atomic():
        session, reservation = locked(reservation)
        keys = {one for one in (reservation.purchase_id, purchase.pk if purchase else None) if one}
        bought = {one.pk: one for one in Purchase.objects.filter(pk__in=keys).order_by("pk").select_for_update()}
        if done := done_before(session.studio_id, action_id, Kind.ASSIGNED, reservation=reservation):
            if done.event.after["purchase"] != (purchase.pk if purchase else None):
                raise ActionIdReused(action_id)
            now_so = balances(bought.values(), now=now)
            return Assignment(done, now_so, now_so)
        if purchase is not None and bought[purchase.pk].member_id != reservation.member_id:
            raise NotTheirs
        return _write(
            reservation, bought, {"purchase_id": purchase.pk if purchase else None, "assigned": Assigned.HAND},
            action_id=action_id, by=by, now=now,
        )  # fmt: skip


def assign_unpaid(
    visits: Iterable[Reservation], purchase: Purchase, *, action_id: UUID, by: StaffLogin | None, now: datetime
) -> Assignment | None:
    """Let these unpaid visits use the purchase, all or none (Q8); None: there are none.

    Raises ChangedSince where one of them is not unpaid any more, or not so many uses are left; NotTheirs.
    """
    wanted = sorted({visit.pk for visit in visits})
    with transaction.atomic():
        # All sessions before any purchase, like everybody who books.
        for pk in sorted(Reservation.objects.filter(pk__in=wanted).values_list("session_id", flat=True)):
            locked_session(ScheduledSession(pk=pk))
        rows = list(Reservation.objects.filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",)))
        bought = Purchase.objects.select_for_update().get(pk=purchase.pk)
        # One id for each visit, so that a form that is sent twice does it once.
        ids = {row.pk: uuid5(action_id, str(row.pk)) for row in rows}
        again = ReservationEvent.objects.filter(studio_id=bought.studio_id, action_id__in=ids.values())
        known = set(again.values_list("reservation_id", flat=True))
        new = [row for row in rows if row.pk not in known]
        left = balances([bought], now=now)[bought.pk].free
        active = all(row.is_unpaid and row.booking == Reservation.Booking.BOOKED for row in new)
        if not active or (left is not None and left < len(new)):
            raise ChangedSince
        made = [assign(row, bought, action_id=ids[row.pk], by=by, now=now) for row in rows]
    return Assignment(made[-1].done, made[0].before, made[-1].after) if made else None


def choose_again(reservation: Reservation, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Assignment:
    """Ask the rule again, as if the reservation were made now ("find another purchase", Q7)."""
    with transaction.atomic():
        session, reservation = locked(reservation)
        bought = {
            one.pk: one for one in Purchase.objects.filter(member=reservation.member).order_by("pk").select_for_update()
        }
        if done := done_before(session.studio_id, action_id, Kind.ASSIGNED, reservation=reservation):
            now_so = balances(bought.values(), now=now)
            return Assignment(done, now_so, now_so)
        wallet = Wallet(
            reservation.member, session.studio, now=now, lock=True, without=reservation, source=reservation.source
        )
        fields = assignment_of(wallet.choose(session))
        return _write(reservation, bought, fields, action_id=action_id, by=by, now=now)


def take_back(made: ReservationEvent, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Assignment:
    """Undo a change of the purchase: what it used before, and how that came about.

    Raises ChangedSince: it uses something else by now, or what it used before is gone or another member's.
    """
    with transaction.atomic():
        session, reservation = locked(made.reservation)
        keys = {one for one in (made.before["purchase"], made.after["purchase"]) if one}
        bought = {one.pk: one for one in Purchase.objects.filter(pk__in=keys).order_by("pk").select_for_update()}
        if done := done_before(session.studio_id, action_id, Kind.ASSIGNED, reservation=reservation):
            now_so = balances(bought.values(), now=now)
            return Assignment(done, now_so, now_so)
        before = bought.get(made.before["purchase"])
        is_gone = made.before["purchase"] and (before is None or before.member_id != reservation.member_id)
        later = reservation.events.filter(kind=Kind.ASSIGNED, pk__gt=made.pk)
        if is_gone or later.exists() or _uses(reservation) != made.after:
            raise ChangedSince
        fields = {
            "purchase_id": made.before["purchase"],
            "assigned": made.before["assigned"],
            "choice": made.before["choice"],
        }
        return _write(reservation, bought, fields, action_id=action_id, by=by, now=now, undoes=made)


def choose_again_if_gone(reservation: Reservation, session: ScheduledSession, *, now: datetime) -> None:
    """A reservation that comes back keeps its purchase if a use of it is still left, else the rule chooses anew.

    What was free stays free, and what a person left unpaid stays unpaid. In a locked session; changes the fields and
    saves nothing.
    """
    if reservation.purchase_id is None and reservation.assigned in (Assigned.FREE, Assigned.HAND):
        return
    wallet = Wallet(
        reservation.member, session.studio, now=now, lock=True, without=reservation, source=reservation.source
    )
    if reservation.purchase_id is not None and wallet.has_left(reservation.purchase_id):
        return
    for name, value in assignment_of(wallet.choose(session)).items():
        setattr(reservation, name, value)


def choose_again_where_used_up(session: ScheduledSession, *, by: StaffLogin | None, now: datetime) -> None:
    """The class takes place after all: whoever's purchase was used up meanwhile gets another one, or is unpaid.

    In a locked session, which is already written as it is now.
    """
    rows = [
        row
        for row in session.reservations.filter(purchase__isnull=False)
        .with_count(now)
        .select_related("member")
        .select_for_update(of=("self",))
        .order_by("pk")
        if row.count_word != Verdict.NOT_COUNTED
    ]
    # All purchases of these members at once and in one order, so that two classes never wait for each other.
    members = {row.member_id for row in rows}
    bought = list(Purchase.objects.filter(member__in=members).order_by("pk").select_for_update())
    for row in rows:
        left = balances([one for one in bought if one.pk == row.purchase_id], now=now)[row.purchase_id].free
        if left is None or left >= 0:
            continue
        before = _uses(row)
        row.session = session
        choose_again_if_gone(row, session, now=now)
        if _uses(row) != before:
            row.save(update_fields=["purchase", "assigned", "choice"])
            record(row, Kind.ASSIGNED, action_id=uuid4(), by=by, now=now, before=before, after=_uses(row))


def assign_coming(reservations: Iterable[Reservation], studio: Studio, *, now: datetime) -> None:
    """Let bookings to come that were made elsewhere use what the rule chooses, in the order of their classes (K3).

    What has begun is left alone: the other system counted it, and what is left here is what it said was left. For
    reservations that are written already, in locked sessions; nothing is recorded, it is part of how they were made.
    What they used before, for another member or before they were cancelled, they use no more.
    """
    found = list(reservations)
    coming = [row for row in found if row.booking == Reservation.Booking.BOOKED and row.starts_at > now]
    _use_nothing([row for row in found if row.purchase_id is not None], but=coming)
    coming.sort(key=lambda row: (row.member_id, row.starts_at, row.pk))
    # All at once and in one order, so that two of these never wait for each other.
    bought = Purchase.objects.filter(member__in={row.member_id for row in coming}).order_by("pk")
    list(bought.select_for_update().values_list("pk"))
    for _member, rows in groupby(coming, key=lambda row: row.member_id):
        wallet: Wallet | None = None
        for row in rows:
            wallet = wallet or Wallet(row.member, studio, now=now, lock=True)
            choice = wallet.choose(row.session)
            wallet.take(choice)
            for name, value in assignment_of(choice).items():
                setattr(row, name, value)
    Reservation.objects.bulk_update(coming, ["purchase", "assigned", "choice"], batch_size=1000)


def _use_nothing(rows: list[Reservation], *, but: list[Reservation]) -> None:
    """Take the purchase off those that will be asked anew, and off those whose member is another one by now."""
    anew = {row.pk for row in but}
    owners = dict(Purchase.objects.filter(pk__in={row.purchase_id for row in rows}).values_list("pk", "member_id"))
    gone = [row for row in rows if row.pk in anew or owners[row.purchase_id or 0] != row.member_id]
    for row in gone:
        row.purchase, row.assigned, row.choice = None, Assigned.FREE, {}
    Reservation.objects.bulk_update(gone, ["purchase", "assigned", "choice"], batch_size=1000)


def take_off_others_purchases(members: Iterable[Member], *, by: StaffLogin | None, now: datetime) -> list[Reservation]:
    """Leave these members' visits unpaid that use a purchase of somebody else; those that were. Purchases are locked.

    Two profiles were one for a while, and what one of them bought was used by the other.
    """
    rows = list(
        Reservation.objects.filter(member__in=list(members), purchase__isnull=False)
        .exclude(purchase__member=F("member"))
        .select_related("session__item", "session__location")
        .order_by("pk")
    )
    for row in rows:
        before = _uses(row)
        row.purchase = None
        row.assigned = Assigned.RULE if row.choice else Assigned.FREE
        row.choice = {**row.choice, "looked_at": []} if row.choice else {}
        row.save(update_fields=["purchase", "assigned", "choice"])
        record(row, Kind.ASSIGNED, action_id=uuid4(), by=by, now=now, before=before, after=_uses(row))
    return rows


def _write(
    reservation: Reservation,
    bought: dict[int, Purchase],
    fields: dict[str, Any],
    *,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
    undoes: ReservationEvent | None = None,
) -> Assignment:
    before_balances = balances(bought.values(), now=now)
    before = _uses(reservation)
    for name, value in fields.items():
        setattr(reservation, name, value)
    reservation.save(update_fields=["purchase", "assigned", "choice"])
    event = record(
        reservation,
        Kind.ASSIGNED,
        action_id=action_id,
        by=by,
        now=now,
        before=before,
        after=_uses(reservation),
        undoes=undoes,
    )
    return Assignment(Done(event, Decision(())), before_balances, balances(bought.values(), now=now))


def _uses(reservation: Reservation) -> dict[str, Any]:
    return {
        "purchase": reservation.purchase_id,
        "assigned": str(reservation.assigned),
        "choice": reservation.choice,
    }
