"""What the home page asks of invoices: which month is to be closed, what is to be paid out, what a statement asks."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q

from invoicing.models import Invoice, MonthClosing, Statement
from marketplace.models import Contract
from portal.models import Studio


@dataclass(frozen=True)
class Standing:
    """Of one month: whether a live contract can bill it at all, whether it is signed, whether it is issued."""

    bills: bool
    is_signed: bool
    is_issued: bool


def standing(studio: Studio, month: date, after: date) -> Standing:
    """`month` and `after`: the first days of it and of the next one. One query."""
    live = Contract.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=month),
        studio=OuterRef("pk"),
        connection__activated_at__isnull=False,
        terms__first_on__lt=after,
    )
    found = (
        Studio.objects.filter(pk=studio.pk)
        .annotate(
            bills=Exists(live),
            is_signed=Exists(MonthClosing.objects.filter(studio=OuterRef("pk"), month=month)),
            is_issued=Exists(Invoice.objects.filter(studio=OuterRef("pk"), month=month, corrects=None)),
        )
        .values_list("bills", "is_signed", "is_issued")[0]
    )
    return Standing(*found)


def unanswered(studio: Studio) -> list[tuple[Statement, int]]:
    """Standing statements with lines that nobody accepted or claimed, the newest month first. One query."""
    open_lines = Q(lines__problem={}, lines__answer=None) & ~Q(lines__verdict__in=["", "matched"])
    return [
        (one, one.number)
        for one in Statement.objects.standing()
        .filter(studio=studio)
        .select_related("connection__marketplace")
        .annotate(number=Count("lines", filter=open_lines))
        .filter(number__gt=0)
        .order_by("-month", "-pk")[:6]
    ]
