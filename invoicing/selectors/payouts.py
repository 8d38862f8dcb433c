"""The money of invoices: what is expected by now, what was told about it, and where it is (P10)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from django.db.models import (
    Case,
    CharField,
    DateField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest

from invoicing.models import Invoice, Payout, PayoutEvent
from invoicing.rules.payouts import (
    LATE_AFTER,
    MonthMoney,
    PayoutAnswer,
    PayoutFacts,
    PayoutState,
    SetOff,
    Telling,
    Told,
    payout_state,
    set_offs,
)

_MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=12, decimal_places=2)
_SIGNED = Case(When(corrects=None, then=F("gross")), default=-F("gross"), output_field=_MONEY)
_TOLD = [Told.SENT.value, Told.RECEIVED.value, Told.FAILED.value]


@dataclass(frozen=True)
class Standing:
    """One payout as it stands today. `told`: what was told and not taken back, the oldest first."""

    payout: Payout
    facts: PayoutFacts
    answer: PayoutAnswer
    told: tuple[PayoutEvent, ...]

    @property
    def state(self) -> PayoutState:
        return self.answer.state

    @property
    def expected(self) -> Decimal:
        """Gross: the month's invoices with their corrections and with what is set off, not what the first came to."""
        return self.facts.expected

    @property
    def last(self) -> PayoutEvent | None:
        return self.told[-1] if self.told else None


def by_month() -> QuerySet[Payout]:
    """All payouts: a contract's month is paid out once, with that of its first invoice that comes to something."""
    same = Payout.objects.filter(
        invoice__contract=OuterRef("invoice__contract"),
        invoice__month=OuterRef("invoice__month"),
        pk__lt=OuterRef("pk"),
    )
    return Payout.objects.filter(~Exists(same.order_by()))


def expected() -> QuerySet[Payout]:
    """All payouts, each with `own`: what its contract's month comes to by now; `came`; and `due`: what is expected.

    What a credit (261, 381) takes back is taken away, and what the invoice in its place comes to is added. What an
    earlier month came to below nothing, or what came too much for it, is set off: the twin of `rules.payouts.set_offs`.
    """
    months = Invoice.objects.filter(contract=OuterRef("invoice__contract"), month=OuterRef("invoice__month"))
    own = months.order_by().values("contract").annotate(own=Sum(_SIGNED)).values("own")
    told = _received().filter(payout=OuterRef("pk"))
    came = told.values("payout").annotate(came=Sum("amount")).values("came")
    return (
        by_month()
        .annotate(
            own=Coalesce(Subquery(own, output_field=_MONEY), Value(Decimal(0)), output_field=_MONEY),
            came=Coalesce(Subquery(came, output_field=_MONEY), Value(Decimal(0)), output_field=_MONEY),
        )
        .annotate(
            due=Case(
                # Most have come: nobody needs to look at what was before them.
                When(came__gte=F("own"), then=F("own")),
                default=Greatest(F("own") + _Brought("invoice__contract", "invoice__month"), F("came")),
                output_field=_MONEY,
            )
        )
    )


class _Brought(Func):
    """What a contract's months before one bring along, 0 or less: the least that any number of the last of them comes
    to, taken together with what was received for them."""

    template = """COALESCE((
  SELECT LEAST(0, min(rest)) FROM (
    SELECT sum(sum(amount)) OVER (ORDER BY month DESC) AS rest FROM (
      SELECT earlier.month, CASE WHEN earlier.corrects_id IS NULL THEN earlier.gross ELSE -earlier.gross END AS amount
        FROM invoicing_invoice earlier, (SELECT %(expressions)s) AS asked(contract, before)
       WHERE earlier.contract_id = asked.contract AND earlier.month < asked.before
      UNION ALL
      SELECT earlier.month, -told.amount
        FROM (SELECT %(expressions)s) AS asked(contract, before)
        JOIN invoicing_invoice earlier ON earlier.contract_id = asked.contract AND earlier.month < asked.before
        JOIN invoicing_payout paid ON paid.invoice_id = earlier.id
        JOIN invoicing_payoutevent told ON told.payout_id = paid.id AND told.kind = 'received'
       WHERE NOT EXISTS (SELECT FROM invoicing_payoutevent back WHERE back.takes_back_id = told.id)
    ) entries GROUP BY month
  ) rests
), 0)"""
    output_field = _MONEY


def with_state(today: date) -> QuerySet[Payout]:
    """All payouts with `due`, `came` and `state`: the same as `rules.payouts.payout_state` says, for many."""
    told = PayoutEvent.objects.filter(payout=OuterRef("pk"), kind__in=_TOLD, taken_back_by=None)
    late = ExpressionWrapper(Value(today - LATE_AFTER), output_field=DateField())
    return (
        expected()
        .annotate(last_told=Subquery(told.order_by("-pk").values("kind")[:1]))
        .annotate(
            state=Case(
                When(came__gt=0, came__gte=F("due"), then=Value(PayoutState.RECEIVED.value)),
                When(last_told=Told.FAILED, then=Value(PayoutState.FAILED.value)),
                When(came__gt=0, then=Value(PayoutState.SHORT.value)),
                When(due__lte=0, then=Value(PayoutState.NOTHING.value)),
                When(last_told=Told.SENT, then=Value(PayoutState.SENT.value)),
                When(expected_on__lte=late, then=Value(PayoutState.LATE.value)),
                default=Value(PayoutState.EXPECTED.value),
                output_field=CharField(),
            )
        )
    )


def standings(payouts: QuerySet[Payout], *, today: date) -> list[Standing]:
    """Each of these with its state; `payouts` come from `by_month`. Four queries, however many."""
    told = PayoutEvent.objects.filter(kind__in=_TOLD, taken_back_by=None).order_by("pk")
    rows = list(payouts.select_related("invoice").prefetch_related(Prefetch("events", told, to_attr="told")))
    money = _money_of({row.invoice.contract_id for row in rows})
    against = {contract: set_offs(months) for contract, months in money.items()}
    own = {(contract, one.month): one.own for contract, months in money.items() for one in months}
    found = []
    for row in rows:
        contract, month = row.invoice.contract_id, row.invoice.month
        found.append(_standing(row, own[contract, month], against[contract][month], today))
    return found


def _money_of(contracts: set[int]) -> dict[int, list[MonthMoney]]:
    """Each contract's months, in their order, with what they come to and what was received."""
    invoices = Invoice.objects.filter(contract__in=contracts).order_by("month").values("contract", "month")
    events = _received().filter(payout__invoice__contract__in=contracts)
    told = events.values_list("payout__invoice__contract", "payout__invoice__month").annotate(came=Sum("amount"))
    came = {(contract, month): amount for contract, month, amount in told}
    found: dict[int, list[MonthMoney]] = {}
    for contract, month, own in invoices.annotate(own=Sum(_SIGNED)).values_list("contract", "month", "own"):
        found.setdefault(contract, []).append(MonthMoney(month, own, came.get((contract, month), Decimal(0))))
    return found


def _received() -> QuerySet[PayoutEvent]:
    return PayoutEvent.objects.filter(kind=Told.RECEIVED, taken_back_by=None).order_by()


def standing_of(payout: Payout, *, today: date) -> Standing:
    return standings(by_month().filter(pk=payout.pk), today=today)[0]


def standings_of(invoices: Sequence[Invoice], *, today: date) -> dict[int, Standing]:
    """Where the money of each of these is, by the invoice's key; credits and what replaces an invoice have the standing
    of their contract's month. An invoice without a payout is absent. Four queries."""
    if not invoices:
        return {}
    months = {(one.contract_id, one.month) for one in invoices}
    wanted = by_month().filter(
        invoice__contract__in={contract for contract, _month in months},
        invoice__month__in={month for _contract, month in months},
    )
    found = {(one.payout.invoice.contract_id, one.payout.invoice.month): one for one in standings(wanted, today=today)}
    pairs = ((one.pk, found.get((one.contract_id, one.month))) for one in invoices)
    return {pk: standing for pk, standing in pairs if standing}


def _standing(payout: Payout, own: Decimal, against: tuple[SetOff, ...], today: date) -> Standing:
    told = tuple(cast("Iterable[PayoutEvent]", payout.told))  # type: ignore[attr-defined]
    facts = PayoutFacts(
        expected=own - sum((one.amount for one in against), Decimal(0)),
        expected_on=payout.expected_on,
        told=[Telling(Told(one.kind), one.amount) for one in told],
        set_off=against,
    )
    return Standing(payout, facts, payout_state(facts, today), told)
