"""Holding, resuming, expiring, extending, adjusting and refunding a purchase (K8, Q7, Q32)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from packages.actions.ledger import Done, Kind, NotPossible, Reason, done_before, enter, enter_each, locked_purchase
from packages.models import Hold, Purchase
from portal.models import StaffLogin

# What the column and the ledger's can hold.
MOST_USES = 32_767


def hold(
    purchase: Purchase,
    *,
    first_on: date,
    last_on: date | None,
    reason: str,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
) -> Done:
    """Let it rest on these local days, both included; without `last_on` until it is resumed.

    The purchase's last day does not move by itself: `extend` moves it, which the ledger then tells.
    Raises NotPossible where it overlaps another hold, or the purchase is over.
    """
    with transaction.atomic():
        purchase = locked_purchase(purchase)
        after = {"first_on": first_on, "last_on": last_on}
        if done := done_before(purchase.studio_id, action_id, Kind.HELD, purchase=purchase, after=after):
            return done
        _refuse_ended(purchase)
        if last_on is not None and last_on < first_on:
            raise NotPossible(Reason.ENDS_BEFORE_IT_BEGINS, first_on)
        others = purchase.holds.exclude(last_on__lt=first_on)
        if last_on is not None:
            others = others.filter(first_on__lte=last_on)
        if other := others.first():
            raise NotPossible(Reason.ON_HOLD, other.first_on)
        Hold.objects.create(purchase=purchase, first_on=first_on, last_on=last_on, reason=reason.strip())
        return enter(purchase, Kind.HELD, action_id=action_id, by=by, now=now, after=after, reason=reason)


def resume(purchase: Purchase, *, on: date, action_id: UUID, by: StaffLogin | None, now: datetime) -> Done:
    """End the hold that covers this day: the purchase can be used on it again. Raises NotPossible without one.

    Where none covers it, the next one that has not begun is taken back.
    """
    with transaction.atomic():
        purchase = locked_purchase(purchase)
        if done := done_before(purchase.studio_id, action_id, Kind.RESUMED, purchase=purchase):
            return done
        _refuse_refunded(purchase)
        # They never overlap and come in order: the one that covers the day is the first that is not over.
        held = purchase.holds.exclude(last_on__lt=on).first()
        if held is None:
            raise NotPossible(Reason.NOT_ON_HOLD)
        before = {"first_on": held.first_on, "last_on": held.last_on}
        rested = max((on - held.first_on).days, 0)
        on = max(on, held.first_on)
        if rested == 0:
            held.delete()
        else:
            held.last_on = on - timedelta(days=1)
            held.save(update_fields=["last_on"])
        after = {"first_on": on, "rested_days": rested}
        return enter(purchase, Kind.RESUMED, action_id=action_id, by=by, now=now, before=before, after=after)


def expire(purchase: Purchase, *, reason: str, action_id: UUID, by: StaffLogin | None, now: datetime) -> Done:
    """End it by hand, at once (K4). Reservations that use it keep it (Q7)."""
    with transaction.atomic():
        purchase = locked_purchase(purchase)
        if done := done_before(purchase.studio_id, action_id, Kind.EXPIRED, purchase=purchase):
            return done
        _refuse_ended(purchase)
        purchase.expired_at = now
        purchase.save(update_fields=["expired_at"])
        return enter(purchase, Kind.EXPIRED, action_id=action_id, by=by, now=now, reason=reason)


def revive(purchase: Purchase, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Done:
    """Take an expiry by hand back."""
    with transaction.atomic():
        purchase = locked_purchase(purchase)
        if done := done_before(purchase.studio_id, action_id, Kind.REVIVED, purchase=purchase):
            return done
        _refuse_refunded(purchase)
        if purchase.expired_at is None:
            raise NotPossible(Reason.NOT_EXPIRED)
        before = {"expired_at": purchase.expired_at}
        purchase.expired_at = None
        purchase.save(update_fields=["expired_at"])
        return enter(purchase, Kind.REVIVED, action_id=action_id, by=by, now=now, before=before)


def expire_all(purchases: QuerySet[Purchase], *, reason: str, by: StaffLogin | None, now: datetime) -> list[Purchase]:
    """End all of these that are not over, as `expire` does one; those that were ended, in three statements."""
    with transaction.atomic():
        running = purchases.filter(expired_at=None, refunded_at=None).order_by("pk")
        ended = list(running.select_for_update(of=("self",)))
        Purchase.objects.filter(pk__in=[one.pk for one in ended]).update(expired_at=now)
        for one in ended:
            one.expired_at = now
        enter_each([(one, {}) for one in ended], Kind.EXPIRED, by=by, now=now, reason=reason)
        return ended


def revive_all(purchases: QuerySet[Purchase], *, by: StaffLogin | None, now: datetime) -> list[Purchase]:
    """Take the expiry by hand back of all of these that have one and were not refunded, as `revive` does of one."""
    with transaction.atomic():
        expired = purchases.filter(expired_at__isnull=False, refunded_at=None).order_by("pk")
        back = [(one, {"expired_at": one.expired_at}) for one in expired.select_for_update(of=("self",))]
        Purchase.objects.filter(pk__in=[one.pk for one, _before in back]).update(expired_at=None)
        for one, _before in back:
            one.expired_at = None
        enter_each(back, Kind.REVIVED, by=by, now=now)
        return [one for one, _before in back]


def extend(
    purchase: Purchase, *, last_on: date | None, reason: str, action_id: UUID, by: StaffLogin | None, now: datetime
) -> Done:
    """Give it another last day, later or earlier; None: for ever. A reason is asked for."""
    with transaction.atomic():
        purchase = locked_purchase(purchase)
        before, after = {"expires_on": purchase.expires_on}, {"expires_on": last_on}
        if done := done_before(purchase.studio_id, action_id, Kind.EXTENDED, purchase=purchase, after=after):
            return done
        _refuse_ended(purchase)
        _ask_for(reason)
        if last_on == purchase.expires_on:
            raise NotPossible(Reason.NOTHING_CHANGES, last_on)
        purchase.expires_on = last_on
        purchase.save(update_fields=["expires_on"])
        return enter(
            purchase, Kind.EXTENDED, action_id=action_id, by=by, now=now, before=before, after=after, reason=reason
        )


def adjust(
    purchase: Purchase,
    *,
    uses: int,
    spoken_for: Callable[[Purchase], int],
    reason: str,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
) -> Done:
    """Add (or, below zero, take away) uses, with a reason (K8).

    `spoken_for` counts what is used and planned, below which it cannot go. It is asked under the purchase's lock, so
    that a reservation that is being made is counted, or finds what is left afterwards.
    """
    with transaction.atomic():
        purchase = locked_purchase(purchase)
        if done := done_before(purchase.studio_id, action_id, Kind.ADJUSTED, purchase=purchase, uses=uses):
            return done
        _refuse_ended(purchase)
        _ask_for(reason)
        if purchase.uses is None:
            raise NotPossible(Reason.UNLIMITED)
        if uses == 0:
            raise NotPossible(Reason.NOTHING_CHANGES)
        if purchase.uses + uses > MOST_USES:
            raise NotPossible(Reason.TOO_MANY, MOST_USES)
        if uses < 0 and purchase.uses + uses < (taken := spoken_for(purchase)):
            raise NotPossible(Reason.BELOW_USED, taken)
        before = {"uses": purchase.uses}
        purchase.uses += uses
        purchase.save(update_fields=["uses"])
        after = {"uses": purchase.uses}
        return enter(
            purchase,
            Kind.ADJUSTED,
            action_id=action_id,
            by=by,
            now=now,
            uses=uses,
            before=before,
            after=after,
            reason=reason,
        )


def refund(
    purchase: Purchase, *, amount: Decimal, reason: str, action_id: UUID, by: StaffLogin | None, now: datetime
) -> Done:
    """Give money back and end it: used sessions stay counted, no invoice of a partner changes (Q32)."""
    with transaction.atomic():
        purchase = locked_purchase(purchase)
        after = {"refunded": amount.quantize(Decimal("0.01"))}
        if done := done_before(purchase.studio_id, action_id, Kind.REFUNDED, purchase=purchase, after=after):
            return done
        if purchase.refunded_at is not None:
            raise NotPossible(Reason.REFUNDED, purchase.refunded_at)
        _ask_for(reason)
        if not 0 <= amount <= purchase.price:
            raise NotPossible(Reason.MORE_THAN_PAID, purchase.price)
        purchase.refunded_at, purchase.refunded = now, amount
        purchase.save(update_fields=["refunded_at", "refunded"])
        return enter(purchase, Kind.REFUNDED, action_id=action_id, by=by, now=now, after=after, reason=reason)


def _refuse_refunded(purchase: Purchase) -> None:
    if purchase.refunded_at is not None:
        raise NotPossible(Reason.REFUNDED, purchase.refunded_at)


def _refuse_ended(purchase: Purchase) -> None:
    _refuse_refunded(purchase)
    if purchase.expired_at is not None:
        raise NotPossible(Reason.EXPIRED, purchase.expired_at)


def _ask_for(reason: str) -> None:
    if not reason.strip():
        raise NotPossible(Reason.REASON_MISSING)
