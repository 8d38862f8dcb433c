"""The attendance of a member row by row: outcome, purchase, whether it counts and why, and what the rule would say."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.template.loader import render_to_string
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from bookings.invoices import Billed, invoices
from bookings.models import Reservation
from bookings.purchase_words import VERDICTS, count_because, pass_words, purchase_words, standing_words, zone_of
from bookings.selectors.purchases import Owned, Today, owned
from bookings.selectors.wallet import Balance
from bookings.states import flag_words, star_of
from bookings.views.money import sees_invoices
from packages.rules import Outcome, Verdict
from portal.access import StudioRequest
from portal.locations import location_choice
from portal.models import Member

JOINED = (
    *("session__item", "session__teacher", "location", "checked_in_by__user", "spot"),
    *("purchase__package", "purchase__version"),
)


@dataclass(frozen=True)
class Option:
    """One purchase of the drop-down; `against`: why the rule would not take it today."""

    pk: int
    words: str
    against: str


@dataclass(frozen=True)
class Row:
    reservation: Any
    star: str
    look_at: str
    # What it uses: the purchase in words, or "Free" or "Unpaid".
    uses: str
    verdict: Verdict
    counts: str
    because: str
    # What the rule would say today, where a person overruled it and it says something else.
    rule_says: str
    by_hand: bool
    action_id: UUID
    # The invoice that it stands on; the column is there only for who may see invoices.
    has_invoice_cell: bool = False
    invoice: Billed | None = None


def in_words(rows: Any, *, now: datetime) -> Any:
    """A queryset of reservations with all that a row tells."""
    return rows.with_state(now).with_count(now).with_first_visit().with_ticked_there().select_related(*JOINED)


def bought_by(request: StudioRequest, member: Member, *, now: datetime) -> list[Owned]:
    today = now.astimezone(zone_of(location_choice(request).visible)).date()
    return owned(member, today=today, now=now)


def options_of(bought: list[Owned], request: StudioRequest) -> str:
    """The options of every row's drop-down, composed once: they are the same in each."""
    zone = zone_of(request.location_choice.visible)
    options = [
        Option(
            one.purchase.pk,
            purchase_words(one.purchase, zone),
            ", ".join(standing_words(one.purchase, one.holds, Balance(None), one.today, zone)),
        )
        for one in bought
    ]
    return render_to_string("bookings/purchase_options.html", {"options": options}) if options else ""


def rows_of(request: StudioRequest, visits: list[Any], bought: list[Owned], *, now: datetime) -> list[Row]:
    """The rows as shown; they ask the same number of queries however many there are."""
    by_hand = [visit for visit in visits if visit.assigned == Reservation.Assigned.HAND]
    today = Today.of(by_hand, bought, request.studio, now=now)
    named = {one.purchase.pk: one for one in bought}
    rows = [_row(visit, today, named, now=now) for visit in visits]
    if not sees_invoices(request) or not invoices().are_shown(request.studio):
        return rows
    billed = invoices().billed(request.studio, [visit.pk for visit in visits])
    return [replace(row, has_invoice_cell=True, invoice=billed.get(row.reservation.pk)) for row in rows]


def _row(visit: Any, today: Today, named: dict[int, Owned], *, now: datetime) -> Row:
    count, by_hand = visit.count(now), visit.assigned == Reservation.Assigned.HAND
    return Row(
        reservation=visit,
        star=star_of(visit),
        look_at=flag_words(visit.flagged),
        uses=uses_words(visit),
        verdict=count.verdict,
        counts=str(VERDICTS[count.verdict]),
        because=count_because(count, visit),
        rule_says=_rule_says(visit, today, named) if by_hand else "",
        by_hand=by_hand,
        action_id=uuid4(),
    )


def uses_words(visit: Any) -> str:
    if visit.purchase is not None:
        return purchase_words(visit.purchase, visit.location.tz)
    return _("Unpaid") if visit.is_unpaid else capfirst(pass_words(visit)) or _("Free")


def _rule_says(visit: Any, today: Today, named: dict[int, Owned]) -> str:
    choice = today.choose(visit)
    taken = choice.taken.purchase_id if choice.taken else None
    if taken == visit.purchase_id:
        return _("the rule would say the same today")
    if taken is None:
        return (
            _("today the rule would say: free")
            if choice.outcome is Outcome.FREE
            else _("today the rule would say: unpaid")
        )
    words = purchase_words(named[taken].purchase, visit.location.tz)
    return _("today the rule would say: %(purchase)s") % {"purchase": words}
