"""Questions that several kinds of import ask."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.imports.dates import NotADate, Order, needs_order, order_of, read_day
from portal.imports.kinds import Mapped, Question
from portal.imports.reading import Table

ORDER = "order"


def date_order(table: Table, mapping: Mapped, targets: Sequence[str]) -> list[Question]:
    """Day or month first? Not asked where dates begin with the year; suggested where a number above 12 shows it."""
    texts = [text for name in targets if name in mapping for text in table.column(mapping[name]) if text]
    if not needs_order(texts):
        return []
    sample = next(text for text in texts if needs_order([text]))
    return [
        Question(
            name=ORDER,
            group=_("Dates"),
            label=_("What does “%(date)s” mean?") % {"date": sample},
            choices=list(_readings(sample)),
            suggested=order_of(texts) or "",
        )
    ]


def _readings(sample: str) -> Iterable[tuple[str, str]]:
    words = {
        Order.DAY: _("day, month, year"),
        Order.MONTH: _("month, day, year"),
        Order.YEAR: _("year, month, day"),
    }
    for order, word in words.items():
        try:
            yield order.value, f"{_long(read_day(sample, order=order))} ({word})"
        except NotADate:
            continue


def _long(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def answered_order(answers: dict[str, str]) -> Order:
    return Order(answers.get(ORDER, Order.YEAR))
