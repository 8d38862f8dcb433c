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
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from invoicing.models import Invoice, Payout, PayoutEvent
from invoicing.rules.payouts import (
    LATE_AFTER,
    PayoutAnswer,
    PayoutFacts,
    PayoutState,
    Telling,
    Told,
    payout_state,
)

_MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=12, decimal_places=2)
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
        """Gross: the month's invoices with their corrections, not what the first of them came to."""
        return self.facts.expected

    @property
    def last(self) -> PayoutEvent | None:
        return self.told[-1] if self.told else None


def expected() -> QuerySet[Payout]:
    """All payouts, each with `due`: what its contract's month comes to by now.

    A contract's month is paid out once, with the payout of its first invoice that comes to something. What a credit
    (261, 381) takes back is taken away, and what the invoice in its place comes to is added. A month that came to less
    than nothing has no payout, and is set off against the next one.
    """
    same = Payout.objects.filter(invoice__contract=OuterRef("invoice__contract")).order_by()
    first = ~Exists(same.filter(invoice__month=OuterRef("invoice__month"), pk__lt=OuterRef("pk")))
    earlier = same.filter(invoice__month__lt=OuterRef("invoice__month")).order_by("-invoice__month")
    months = Invoice.objects.filter(
        contract=OuterRef("invoice__contract"), month__lte=OuterRef("invoice__month"), month__gt=OuterRef("paid_until")
    )
    signed = Case(When(corrects=None, then=F("gross")), default=-F("gross"), output_field=_MONEY)
    total = months.order_by().values("contract").annotate(due=Sum(signed)).values("due")
    return (
        Payout.objects.filter(first)
        .annotate(paid_until=Coalesce(Subquery(earlier.values("invoice__month")[:1]), Value(date(1, 1, 1))))
        .annotate(due=Coalesce(Subquery(total, output_field=_MONEY), Value(Decimal(0)), output_field=_MONEY))
    )


def with_state(today: date) -> QuerySet[Payout]:
    """All payouts with `due`, `came` and `state`: the same as `rules.payouts.payout_state` says, for many."""
    told = PayoutEvent.objects.filter(payout=OuterRef("pk"), kind__in=_TOLD, taken_back_by=None).order_by()
    came = told.filter(kind=Told.RECEIVED).values("payout").annotate(came=Sum("amount")).values("came")
    late = ExpressionWrapper(Value(today - LATE_AFTER), output_field=DateField())
    return (
        expected()
        .annotate(
            came=Coalesce(Subquery(came, output_field=_MONEY), Value(Decimal(0)), output_field=_MONEY),
            last_told=Subquery(told.order_by("-pk").values("kind")[:1]),
        )
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
    """Each of these with its state; `payouts` come from `expected`. Two queries, however many."""
    told = PayoutEvent.objects.filter(kind__in=_TOLD, taken_back_by=None).order_by("pk")
    rows = payouts.select_related("invoice").prefetch_related(Prefetch("events", told, to_attr="told"))
    return [_standing(row, today) for row in rows]


def standing_of(payout: Payout, *, today: date) -> Standing:
    return standings(expected().filter(pk=payout.pk), today=today)[0]


def standings_of(invoices: Sequence[Invoice], *, today: date) -> dict[int, Standing]:
    """Where the money of each of these is, by the invoice's key; credits and what replaces an invoice have the standing
    of their contract's month. An invoice without a payout is absent. Two queries."""
    if not invoices:
        return {}
    months = {(one.contract_id, one.month) for one in invoices}
    wanted = expected().filter(
        invoice__contract__in={contract for contract, _month in months},
        invoice__month__in={month for _contract, month in months},
    )
    found = {(one.payout.invoice.contract_id, one.payout.invoice.month): one for one in standings(wanted, today=today)}
    pairs = ((one.pk, found.get((one.contract_id, one.month))) for one in invoices)
    return {pk: standing for pk, standing in pairs if standing}


def _standing(payout: Payout, today: date) -> Standing:
    told = tuple(cast("Iterable[PayoutEvent]", payout.told))  # type: ignore[attr-defined]
    facts = PayoutFacts(
        expected=payout.due,  # type: ignore[attr-defined]
        expected_on=payout.expected_on,
        told=[Telling(Told(one.kind), one.amount) for one in told],
    )
    return Standing(payout, facts, payout_state(facts, today), told)
