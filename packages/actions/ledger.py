"""What every change of a purchase shares: its lock, the answer to a repeated call, the entry, the news."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError

from packages.models import LedgerEntry, Purchase
from packages.signals import purchase_changed
from portal.models import StaffLogin

Kind = LedgerEntry.Kind


class Reason(StrEnum):
    """Why a purchase cannot be changed so."""

    ARCHIVED = "archived"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    NOT_EXPIRED = "not_expired"
    ON_HOLD = "on_hold"
    NOT_ON_HOLD = "not_on_hold"
    ENDS_BEFORE_IT_BEGINS = "ends_before_it_begins"
    UNLIMITED = "unlimited"
    NOTHING_CHANGES = "nothing_changes"
    BELOW_USED = "below_used"
    TOO_MANY = "too_many"
    MORE_THAN_PAID = "more_than_paid"
    REASON_MISSING = "reason_missing"
    IN_THE_FUTURE = "in_the_future"
    DELETED = "deleted"


class NotPossible(Exception):
    """Refused, with the reason and the fact behind it; nothing was changed."""

    def __init__(self, reason: Reason, fact: int | date | datetime | Decimal | None = None) -> None:
        super().__init__(reason)
        self.reason, self.fact = reason, fact


class ActionIdReused(Exception):
    """A client sent one action id for two different things."""


@dataclass(frozen=True)
class Done:
    """What an action did. `repeated`: nothing now, because the same action was done before."""

    entry: LedgerEntry
    repeated: bool = False

    @property
    def purchase(self) -> Purchase:
        return self.entry.purchase


def locked_purchase(purchase: Purchase) -> Purchase:
    """The purchase as it is now, which nobody else changes before the commit. Sessions are locked before purchases."""
    return Purchase.objects.select_for_update(of=("self",)).select_related("version", "package").get(pk=purchase.pk)


def done_before(
    studio_id: int,
    action_id: UUID,
    kind: Kind,
    *,
    purchase: Purchase | None = None,
    uses: int | None = None,
    after: Mapping[str, Any] | None = None,
) -> Done | None:
    """What this action did when it came the first time. Asked under the lock.

    `uses` and `after`: what it would enter now. Raises ActionIdReused where the first time was another action, or the
    same one with other values: what was typed the second time is not done, and the person hears so.
    """
    entry = LedgerEntry.objects.select_related("purchase").filter(studio_id=studio_id, action_id=action_id).first()
    if entry is None:
        return None
    other = entry.kind != kind or (purchase is not None and entry.purchase_id != purchase.pk)
    other |= uses is not None and entry.uses != uses
    other |= any(entry.after.get(name) != value for name, value in _plain(after).items())
    if other:
        raise ActionIdReused(action_id)
    return Done(entry, repeated=True)


def enter(
    purchase: Purchase,
    kind: Kind,
    *,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
    uses: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    by_word: str = "",
) -> Done:
    """Append the entry and send the news; the last thing that an action does."""
    entry = LedgerEntry(
        studio_id=purchase.studio_id,
        purchase=purchase,
        kind=kind,
        uses=uses,
        before=_plain(before),
        after=_plain(after),
        reason=reason.strip(),
        action_id=action_id,
        by=by,
        by_word=by_word,
        occurred_at=now,
    )
    try:
        entry.save(force_insert=True)
    except IntegrityError as error:
        # Two purchases at once under one id: each was locked for itself, so `done_before` saw neither.
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) == "one_entry_per_action":
            raise ActionIdReused(action_id) from error
        raise
    purchase_changed.send(sender=Purchase, purchase=purchase, entry=entry)
    return Done(entry)


def enter_each(
    purchases: Iterable[tuple[Purchase, Mapping[str, Any]]],
    kind: Kind,
    *,
    by: StaffLogin | None,
    now: datetime,
    reason: str = "",
) -> None:
    """An entry for each of these locked purchases, with its values before, in one statement; then the news."""
    changed = list(purchases)
    entries = LedgerEntry.objects.bulk_create(
        LedgerEntry(
            studio_id=purchase.studio_id,
            purchase=purchase,
            kind=kind,
            before=_plain(before),
            reason=reason.strip(),
            action_id=uuid4(),
            by=by,
            occurred_at=now,
        )
        for purchase, before in changed
    )
    for entry in entries:
        purchase_changed.send(sender=Purchase, purchase=entry.purchase, entry=entry)


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        name: value if value is None or isinstance(value, str | int) else str(value)
        for name, value in (values or {}).items()
    }
