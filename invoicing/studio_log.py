"""What the studio's log says of invoices: what happened to them and to their payouts, signatures, statements, tax."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from bookings.sources import who_words
from invoicing.models import (
    Invoice,
    InvoiceEvent,
    MonthClosing,
    PayoutEvent,
    SelfBillingAgreement,
    Seller,
    StatementAnswer,
    TaxStatus,
)
from invoicing.words import month_words
from packages.words import money_words
from portal.log.own import SET, named, one_page
from portal.log.registry import (
    MACHINES,
    OPERATOR,
    Asked,
    Line,
    Named,
    Reader,
    Source,
    Subject,
    Undo,
    Words,
    register,
    register_subject,
)
from portal.log.words import day_words
from portal.models import Change
from portal.roles import Right

# That somebody opened a document is no change; it stands in the invoice's own timeline.
_LOOKED = [InvoiceEvent.Kind.OPENED, InvoiceEvent.Kind.DOWNLOADED]


def _may_see(reader: Reader) -> bool:
    return Right.SEE_MONEY in reader.login.rights


def _by_whom(rows: "QuerySet[Any]", asked: Asked, *, has_login: bool = True) -> "QuerySet[Any] | None":
    """By a login, the operator, or by themselves."""
    match asked.person:
        case "":
            return rows
        case _ if asked.person.isdecimal():
            return rows.filter(by=int(asked.person)) if has_login else None
        case _ if asked.person == OPERATOR:
            return rows.filter(operator__isnull=False)
        case _ if asked.person == MACHINES:
            return rows.filter(operator=None, **({"by": None} if has_login else {}))
    return None


class InvoiceLog(Source):
    """What happened to issued invoices."""

    word = "invoice"

    def things(self) -> Mapping[str, Words]:
        return {"invoice": lazy("Invoice")}

    def kinds(self) -> Mapping[str, Words]:
        return dict(InvoiceEvent.Kind.choices)

    def rows(self, asked: Asked, reader: Reader) -> "QuerySet[Any] | None":
        if asked.thing not in ("", "invoice") or not _may_see(reader):
            return None
        rows = InvoiceEvent.objects.filter(studio=reader.studio).exclude(kind__in=_LOOKED)
        if asked.thing_id is not None:
            rows = rows.filter(invoice=asked.thing_id)
        found = _by_whom(rows, asked)
        return None if found is None else found.select_related("by__user", "operator", "invoice")

    def lines(self, rows: Sequence[Any], reader: Reader) -> Mapping[int, Line]:
        return {
            event.pk: Line(
                what=event.get_kind_display(),
                thing=_("Invoice"),
                about=Named(
                    f"{event.invoice.number}, {month_words(event.invoice.month)}",
                    reverse("invoicing:invoice", args=[reader.studio.slug, event.invoice.number]),
                ),
                by=_who(event.by, event.operator_id),
                difference=[event.text] if event.text else [],
                key=("invoice", event.invoice_id),
            )
            for event in rows
        }


def _who(by: Any, operator: int | None) -> str:
    if by is not None:
        return who_words(by, "")
    return _("the operator") if operator else _("by itself")


class PayoutLog(Source):
    """What was told about payouts."""

    word = "payout"
    moment = "recorded_at"

    def things(self) -> Mapping[str, Words]:
        return {"payout": lazy("Payout")}

    def kinds(self) -> Mapping[str, Words]:
        return dict(PayoutEvent.Kind.choices)

    def rows(self, asked: Asked, reader: Reader) -> "QuerySet[Any] | None":
        if asked.thing not in ("", "payout", "invoice") or not _may_see(reader):
            return None
        rows = PayoutEvent.objects.filter(studio=reader.studio)
        if asked.thing == "invoice":
            if asked.thing_id is None:
                return None
            rows = rows.filter(payout__invoice=asked.thing_id)
        elif asked.thing_id is not None:
            rows = rows.filter(payout=asked.thing_id)
        found = _by_whom(rows, asked, has_login=False)
        return None if found is None else found.select_related("operator", "payout__invoice")

    def lines(self, rows: Sequence[Any], reader: Reader) -> Mapping[int, Line]:
        return {event.pk: self._line(event, reader) for event in rows}

    def _line(self, event: PayoutEvent, reader: Reader) -> Line:
        payout = event.payout
        said = [day_words(event.on)]
        if event.amount is not None:
            said.append(money_words(event.amount, payout.currency))
        said += [text for text in (event.reference, event.note) if text]
        return Line(
            what=_("payout: %(what)s") % {"what": event.get_kind_display()},
            thing=_("Payout"),
            about=Named(
                f"{payout.invoice.number}, {month_words(payout.invoice.month)}",
                reverse("invoicing:invoice", args=[reader.studio.slug, payout.invoice.number]),
            ),
            by=_who(None, event.operator_id),
            difference=[" · ".join(said)],
            key=("invoice", payout.invoice_id),
        )


class StatementLog(Source):
    """Lines of marketplaces' statements that somebody accepted or claimed."""

    word = "statement"
    moment = "given_at"

    def things(self) -> Mapping[str, Words]:
        return {"statement": lazy("Statement")}

    def kinds(self) -> Mapping[str, Words]:
        return dict(StatementAnswer.Kind.choices)

    def rows(self, asked: Asked, reader: Reader) -> "QuerySet[Any] | None":
        if asked.thing not in ("", "statement") or not _may_see(reader):
            return None
        if asked.person and not asked.person.isdecimal():
            return None
        rows = StatementAnswer.objects.filter(studio=reader.studio)
        if asked.person:
            rows = rows.filter(by=int(asked.person))
        if asked.thing_id is not None:
            rows = rows.filter(statement=asked.thing_id)
        return rows.select_related("by__user", "undone_by__user", "statement__connection__marketplace")

    def lines(self, rows: Sequence[Any], reader: Reader) -> Mapping[int, Line]:
        return {answer.pk: self._line(answer, reader) for answer in rows}

    def _line(self, answer: StatementAnswer, reader: Reader) -> Line:
        slug, stated = reader.studio.slug, answer.statement
        name = stated.connection.marketplace.name
        undo = Undo(reverse("invoicing:statement_undo", args=[slug, stated.pk, answer.pk]))
        if answer.undone_at is not None:
            undo = Undo(why_not=_("It was taken back already."))
        return Line(
            what=_("lines of the statement: %(what)s") % {"what": answer.get_kind_display()},
            thing=_("Statement"),
            about=Named(
                f"{name}, {month_words(stated.month)}" if stated.month else name,
                reverse("invoicing:statement", args=[slug, stated.pk]),
            ),
            by=who_words(answer.by, ""),
            difference=[_("Lines: %(number)d") % {"number": answer.number}],
            undo=undo,
            key=("statement", stated.pk),
        )


def _undo_signed(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    """A signature is taken back until the month is issued. Two queries."""
    signed = [one for one in changes if one.kind == "signed"]
    if not signed or Right.CLOSE_MONTHS not in reader.login.rights:
        return {}
    standing = dict(MonthClosing.objects.filter(studio=reader.studio).values_list("pk", "month"))
    first = Invoice.objects.filter(studio=reader.studio, month__in=standing.values(), corrects=None)
    issued, found = set(first.values_list("month", flat=True)), dict[int, Undo]()
    for one in signed:
        month = standing.get(one.subject_id)
        if month is None:
            found[one.pk] = Undo(why_not=_("It was taken back already."))
        elif month in issued:
            found[one.pk] = Undo(why_not=_("Too late: the month is issued."))
        else:
            found[one.pk] = Undo(reverse("invoicing:close_take_back", args=[reader.studio.slug, month]))
    return found


def _signatures(studio: Any, keys: Any) -> Mapping[int, Named]:
    rows = MonthClosing.objects.filter(studio=studio, pk__in=keys)
    return {row.pk: Named(month_words(row.month), _close_url(studio.slug, row.month)) for row in rows}


def _close_url(slug: str, month: date) -> str:
    return reverse("invoicing:close", args=[slug, month])


def register_log() -> None:
    for source in (InvoiceLog(), PayoutLog(), StatementLog()):
        register(source)
    register_subject(
        Subject(
            "monthclosing",
            lazy("Month"),
            {"signed": lazy("signed"), "signature_taken_back": lazy("signature taken back")},
            _signatures,
            fields={"month": lazy("Month"), "signed_at": lazy("Signed"), "name": lazy("By")},
            undo=_undo_signed,
        )
    )
    register_subject(
        Subject(
            "seller",
            lazy("Settings of invoices"),
            SET,
            named(lambda studio: Seller.objects.filter(studio=studio), one_page("invoicing:settings")),
            model=Seller,
        )
    )
    register_subject(
        Subject(
            "taxstatus",
            lazy("Tax status"),
            {"added": lazy("added"), "removed": lazy("removed")},
            named(
                lambda studio: TaxStatus.objects.filter(studio=studio),
                one_page("invoicing:settings"),
                lambda one: _("from %(day)s") % {"day": day_words(one.first_on)},
            ),
            model=TaxStatus,
        )
    )
    register_subject(
        Subject(
            "selfbillingagreement",
            lazy("Self-billing agreement"),
            {"signed": lazy("signed"), "ended": lazy("ended")},
            named(
                lambda studio: SelfBillingAgreement.objects.filter(studio=studio).select_related(
                    "contract__connection__marketplace"
                ),
                one_page("invoicing:settings"),
                lambda one: one.contract.connection.marketplace.name,
            ),
            model=SelfBillingAgreement,
        )
    )
