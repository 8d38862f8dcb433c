"""What is told about payouts: sent, received, failed, taken back; a reminder when one is late (P10)."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from invoicing.actions.locking import behind_issues
from invoicing.actions.parties import owners
from invoicing.models import Invoice, Payout, PayoutEvent
from invoicing.rules.payouts import PayoutState
from invoicing.selectors.payouts import Standing, by_month, standing_of, with_state
from marketplace.selectors.connecting import today_of
from portal.jobs import enqueue
from portal.models import User

MAIL_TOLD = "invoicing.mail_payout"
MAIL_LATE = "invoicing.mail_payout_late"
_TOLD = {PayoutEvent.Kind.SENT, PayoutEvent.Kind.RECEIVED, PayoutEvent.Kind.FAILED}


class NotTold(Exception):
    """What was to be told about a payout cannot be; `words` say why."""

    def __init__(self, words: object) -> None:
        super().__init__(words)
        self.words = words


def payout_of(invoice: Invoice) -> Payout | None:
    """The payout that an invoice's money comes with: that of its contract's month."""
    found = by_month().filter(invoice__contract=invoice.contract_id, invoice__month=invoice.month)
    return found.select_related("invoice").first()


def tell(
    payout: Payout,
    kind: str,
    *,
    on: date,
    amount: Decimal | None = None,
    reference: str = "",
    note: str = "",
    operator: User | None = None,
    now: datetime,
) -> PayoutEvent:
    """Append what happened, and tell the owners by mail. `amount`: above 0, in the payout's currency; of what was sent
    or came. The same told again (kind, day, amount, reference) is what was told before, and changes nothing.

    Raises NotTold for a day to come, or one before the invoice.
    """
    with transaction.atomic():
        _lock(payout.studio_id, payout.pk)
        if why := refusal(payout, kind, on=on, amount=amount, today=today_of(payout.studio, now=now)):
            raise NotTold(why)
        same = {"kind": kind, "on": on, "amount": amount, "reference": reference, "note": note}
        before = PayoutEvent.objects.filter(payout=payout, taken_back_by=None, **same).first()
        if before:
            return before
        event = PayoutEvent.objects.create(
            studio=payout.studio, payout=payout, operator=operator, recorded_at=now, **same
        )
        _mail_owners(MAIL_TOLD, payout, event=event.pk)
    return event


def refusal(payout: Payout, kind: str, *, on: date, amount: Decimal | None, today: date) -> Promise | None:
    """Why this cannot be told about the payout; None: it can. `today`: the studio's local day."""
    if kind not in _TOLD or (kind != PayoutEvent.Kind.FAILED and (amount is None or amount <= 0)):
        return _("An amount above 0 is needed.")
    if on > today:
        return _("This day is still to come.")
    if on < payout.invoice.issued_on:
        return _("This day is before the invoice was issued.")
    return None


def take_back(event: PayoutEvent, *, operator: User | None = None, now: datetime) -> PayoutEvent:
    """It was a mistake. The row stays, and a further one says that it does not count. Raises NotTold when it was taken
    back already, or is nothing that anybody told."""
    with transaction.atomic():
        _lock(event.studio_id, event.payout_id)
        if event.kind not in _TOLD or PayoutEvent.objects.filter(takes_back=event).exists():
            raise NotTold(_("This does not count any more."))
        return PayoutEvent.objects.create(
            studio=event.studio,
            payout=event.payout,
            kind=PayoutEvent.Kind.TAKEN_BACK,
            on=today_of(event.studio, now=now),
            takes_back=event,
            operator=operator,
            recorded_at=now,
        )


def remind_late(*, now: datetime) -> list[PayoutEvent]:
    """Mail the owners and the operator about each payout that is late and that nobody was reminded of: once for each.

    Meant to run at any time and as often as one likes; days are those of the studio.
    """
    # One day further than UTC's: the studio's own day decides below.
    day = now.date()
    late = with_state(date.fromordinal(day.toordinal() + 1)).filter(Q(("state", PayoutState.LATE)))
    waiting = late.exclude(events__kind=PayoutEvent.Kind.REMINDED).select_related("studio")
    found = list(waiting.order_by("pk"))
    with transaction.atomic():
        behind_issues(one.studio_id for one in found)
        reminded = [remind(payout, now=now) for payout in found]
    return [event for event in reminded if event]


def remind(payout: Payout, *, now: datetime) -> PayoutEvent | None:
    """One payout: None where it is not late, or somebody was reminded already."""
    with transaction.atomic():
        locked = _lock(payout.studio_id, payout.pk)
        today = today_of(locked.studio, now=now)
        standing: Standing = standing_of(locked, today=today)
        reminded = PayoutEvent.objects.filter(payout=locked, kind=PayoutEvent.Kind.REMINDED).exists()
        if reminded or standing.state != PayoutState.LATE:
            return None
        event = PayoutEvent.objects.create(
            studio=locked.studio, payout=locked, kind=PayoutEvent.Kind.REMINDED, on=today, recorded_at=now
        )
        _mail_owners(MAIL_LATE, locked, event=event.pk)
        # Nobody's login: the operator.
        enqueue(MAIL_LATE, key=f"{MAIL_LATE} {event.pk} operator", studio=locked.studio, payload={"event": event.pk})
    return event


def _lock(studio: int, payout: int) -> Payout:
    """Behind what is issued of the studio; several payouts need `behind_issues` of all their studios before."""
    behind_issues([studio])
    rows = Payout.objects.select_for_update(of=("self",), no_key=True).select_related("studio", "invoice")
    return rows.get(pk=payout)


def _mail_owners(kind: str, payout: Payout, *, event: int) -> None:
    for login in owners(payout.studio_id):
        enqueue(kind, key=f"{kind} {event} {login}", studio=payout.studio, payload={"event": event, "login": login})
