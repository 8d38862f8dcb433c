"""A list of payouts as the operator's bank or bookkeeping exports it: number, date, amount, reference (P10).

Rows that can be told are told in one transaction; each other row is listed with its line and the reason, and nothing of
it is told. The same row again changes nothing, so the mended file is simply loaded whole once more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from invoicing.actions import payouts
from invoicing.actions.locking import behind_issues
from invoicing.models import Invoice, Payout, PayoutEvent
from invoicing.rules.amounts import NotAnAmount, mark_of, read_amount
from invoicing.selectors.payouts import by_month as payouts_by_month
from marketplace.selectors.connecting import today_of
from portal.imports.dates import NotADate, Order, needs_order, order_of, read_day
from portal.imports.reading import Table, Unreadable, read
from portal.models import User

MAX_BYTES = 2**20
# What the columns are called, in small letters.
COLUMNS: Mapping[str, frozenset[str]] = {
    "number": frozenset({"number", "invoice", "invoice number", "invoice no", "rechnung", "rechnungsnummer", "nummer",
                         "belegnummer", "factuur", "factuurnummer"}),
    "date": frozenset({"date", "paid on", "value date", "datum", "buchungsdatum", "valuta", "boekdatum"}),
    "amount": frozenset({"amount", "betrag", "bedrag", "summe"}),
    "reference": frozenset({"reference", "referenz", "verwendungszweck", "referentie", "kenmerk", "omschrijving"}),
    "studio": frozenset({"studio"}),
}  # fmt: skip
NEEDED = ("number", "date", "amount")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the file. `why`: it is refused; `known`: it was told before; neither: it is told."""

    line: int
    number: str
    on: date | None = None
    amount: Decimal | None = None
    reference: str = ""
    payout: Payout | None = None
    why: str = ""
    known: bool = False


@dataclass(frozen=True)
class PayoutFile:
    rows: list[Row]
    encoding: str
    separator: str

    @property
    def told(self) -> list[Row]:
        return [row for row in self.rows if not row.why and not row.known]

    @property
    def known(self) -> list[Row]:
        return [row for row in self.rows if row.known]

    @property
    def refused(self) -> list[Row]:
        return [row for row in self.rows if row.why]


def look(
    content: bytes, kind: str, *, now: datetime, mark: str = "", order: str = "", encoding: str = ""
) -> PayoutFile:
    """What the file would tell. `mark`: "." or "," before the cents; `order`: of day and month; "": as the file says.

    Raises Unreadable for a file that cannot be read, lacks a column, or leaves open how it writes amounts or dates.
    """
    if len(content) > MAX_BYTES:
        raise Unreadable(gettext_noop("The file is larger than %(size)s MiB."), size=MAX_BYTES // 2**20)
    table = read(content, encoding=encoding or None)
    at = _columns(table)
    cells = {name: [row.cells[index].strip() for row in table.rows if not row.problem] for name, index in at.items()}
    mark = mark or _mark(cells["amount"])
    day_order = Order(order) if order else _order(cells["date"])
    found = _payouts(cells["number"])
    rows: list[Row] = []
    seen: set[tuple[object, ...]] = set()
    today: dict[int, date] = {}
    for row in table.rows:
        if row.problem:
            rows.append(Row(line=row.line, number="", why=_(row.problem)))
            continue
        values = {name: row.cells[index].strip() for name, index in at.items()}
        made = _row(row.line, values, found, mark, day_order)
        if made.payout and not made.why:
            studio = made.payout.studio
            today.setdefault(studio.pk, today_of(studio, now=now))
            made = _judged(made, kind, today[studio.pk], seen)
        rows.append(made)
    return PayoutFile(_known(rows, kind), table.encoding, table.separator)


def tell(file: PayoutFile, kind: str, *, operator: User, now: datetime) -> int:
    """Tell what can be told, all of it or nothing; how many."""
    with transaction.atomic():
        behind_issues(row.payout.studio_id for row in file.told if row.payout)
        for row in file.told:
            if row.payout and row.on:
                payouts.tell(
                    row.payout,
                    kind,
                    on=row.on,
                    amount=row.amount,
                    reference=row.reference,
                    operator=operator,
                    now=now,
                )
    return len(file.told)


def _columns(table: Table) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, name in enumerate(table.header):
        for column, names in COLUMNS.items():
            if name.casefold().strip(" .:#") in names:
                found.setdefault(column, index)
    missing = [name for name in NEEDED if name not in found]
    if missing:
        words = gettext_noop("These columns are missing: %(names)s. The file has: %(header)s.")
        raise Unreadable(words, names=", ".join(missing), header=", ".join(table.header))
    return found


def _mark(texts: Sequence[str]) -> str:
    mark = mark_of(texts)
    if mark is None:
        raise Unreadable(gettext_noop("The amounts can be read in two ways. Choose the sign before the cents."))
    return mark


def _order(texts: Sequence[str]) -> Order:
    order = order_of(texts)
    if order is None and needs_order(texts):
        raise Unreadable(
            gettext_noop("The dates can be read in two ways. Choose whether the day or the month is first.")
        )
    return order or Order.YEAR


def _payouts(numbers: Iterable[str]) -> dict[str, list[tuple[Invoice, Payout | None]]]:
    """Each invoice with one of these numbers (a studio's own may be another studio's, too) and its month's payout."""
    invoices = list(Invoice.objects.filter(number__in=set(numbers)).select_related("studio"))
    wanted = payouts_by_month().filter(
        invoice__contract__in={one.contract_id for one in invoices}, invoice__month__in={one.month for one in invoices}
    )
    by_month = {(one.invoice.contract_id, one.invoice.month): one for one in wanted.select_related("invoice", "studio")}
    found: dict[str, list[tuple[Invoice, Payout | None]]] = {}
    for one in invoices:
        found.setdefault(one.number, []).append((one, by_month.get((one.contract_id, one.month))))
    return found


def _row(
    line: int,
    values: Mapping[str, str],
    found: Mapping[str, list[tuple[Invoice, Payout | None]]],
    mark: str,
    order: Order,
) -> Row:
    number, reference = values["number"], values.get("reference", "")[:140]
    try:
        amount, currency = read_amount(values["amount"], mark=mark)
        on = read_day(values["date"], order=order)
    except NotAnAmount:
        why = _("“%(text)s” is not an amount.") % {"text": values["amount"][:40]}
        return Row(line=line, number=number, reference=reference, why=why)
    except NotADate as error:
        return Row(line=line, number=number, reference=reference, why=_(error.text) % {"value": error.value[:40]})
    studio = values.get("studio", "")
    pairs = [
        pair for pair in found.get(number, []) if not studio or studio in {pair[0].studio.slug, pair[0].studio.name}
    ]
    why, payout = "", None
    if not pairs:
        why = _("There is no invoice with this number.")
    elif len(pairs) > 1:
        why = _("Several studios have an invoice with this number. Name the studio in a column “studio”.")
    elif pairs[0][0].is_credit:
        why = _("This is a correction. Payouts are told by the number of an invoice.")
    elif pairs[0][1] is None:
        why = _("Nothing is paid for this invoice.")
    else:
        payout = pairs[0][1]
        if currency and currency != payout.currency:
            why = _("The invoice is in %(currency)s.") % {"currency": payout.currency}
        elif amount != amount.quantize(Decimal("0.01")):
            why = _("An amount has two decimals at most.")
    return Row(
        line=line, number=number, on=on, amount=amount.quantize(Decimal("0.01")), reference=reference, payout=payout,
        why=why,
    )  # fmt: skip


def _judged(row: Row, kind: str, today: date, seen: set[tuple[object, ...]]) -> Row:
    """Refused by what the action would say, or because the file says it twice."""
    if row.payout is None or row.on is None:
        return row
    key = (row.payout.pk, row.on, row.amount, row.reference)
    why: str | Promise | None = payouts.refusal(row.payout, kind, on=row.on, amount=row.amount, today=today)
    if key in seen:
        why = _("This row stands in the file twice. Is it one payout? If not, their references differ.")
    seen.add(key)
    if not why:
        return row
    return Row(line=row.line, number=row.number, on=row.on, amount=row.amount, reference=row.reference, why=str(why))


def _known(rows: list[Row], kind: str) -> list[Row]:
    told = set(
        PayoutEvent.objects.filter(
            payout__in={row.payout.pk for row in rows if row.payout}, kind=kind, taken_back_by=None
        ).values_list("payout", "on", "amount", "reference")
    )
    return [
        Row(**{**row.__dict__, "known": True})
        if row.payout and not row.why and (row.payout.pk, row.on, row.amount, row.reference) in told
        else row
        for row in rows
    ]
