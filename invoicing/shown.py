"""What the screens and files of bookings show of invoices: the answers to what `bookings.invoices` asks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import invoices as asked
from bookings.invoices import Billed, ExtraColumn, ExtraColumns, MonthBilled, Settled
from invoicing import rules
from invoicing.rules import Because
from invoicing.selectors import shown as selectors
from invoicing.selectors.figures import FIGURES
from invoicing.selectors.following import Becomes, after_issue
from invoicing.selectors.income import income
from invoicing.selectors.shown import How, Month
from invoicing.selectors.statements import stated
from invoicing.words import BECAUSE_WORDS, NO_LINE_WORDS, month_words, terms_words
from marketplace.models import ContractTerms
from portal.downloads import separator
from portal.models import Location, Studio

HOW_WORDS: Mapping[How, Promise] = {
    How.OPEN: gettext_lazy("open"),
    How.CLOSING: gettext_lazy("closing"),
    How.ISSUED: gettext_lazy("issued"),
    How.NOTHING: gettext_lazy("nothing to bill"),
}

# What statement and payout say of a visit (`selectors.statements.stated`), as why.
_SETTLED: Mapping[str, Promise] = {
    "on_statement": gettext_lazy("listed there, and not with less than here"),
    "matched": gettext_lazy("listed there with the same amount"),
    "short_paid": gettext_lazy("listed there with less than here, or not at all"),
    "disputed": gettext_lazy("you claim the difference from the marketplace"),
    "paid": gettext_lazy("the money of invoice %(number)s came"),
}
_OF_INVOICE = {"paid"}

# The row that a visit stands billed by, found by its key.
_BILLED = """
    LEFT JOIN marketplace_visit market ON market.reservation_id = r.id
    LEFT JOIN LATERAL (
      SELECT row.because, row.terms_id, row.amount, invoice.number
        FROM invoicing_billedvisit row JOIN invoicing_invoice invoice ON invoice.id = row.invoice_id
       WHERE row.visit_id = market.id AND market.id IS NOT NULL AND row.reverses_id IS NULL
         AND NOT EXISTS (SELECT FROM invoicing_billedvisit back WHERE back.reverses_id = row.id)
       LIMIT 1
    ) billed ON true
"""
# Of a month that is not issued: what the visit is worth as things are.
_WORTH = f"""
    LEFT JOIN ({FIGURES}
      SELECT visit, because, terms, CASE WHEN because <> 'to_come' THEN amount END AS amount FROM figures
    ) worth ON worth.visit = market.id
"""  # noqa: S608 - put together from texts of ours


class Answers(asked.Invoices):
    """Queries and words; what is shown where is decided by the screens."""

    def months(
        self, studio: Studio, locations: Collection[Location], first: date, after: date, *, now: datetime
    ) -> dict[date, MonthBilled] | None:
        found = selectors.months(studio, locations, first, after, now=now)
        if found is None:
            return None
        return {
            month: MonthBilled(one.additional, one.amounts, one.how, str(HOW_WORDS[one.how]), _url(studio, month, one))
            for month, one in found.items()
        }

    def income(
        self, studio: Studio, locations: Collection[Location], spans: Sequence[tuple[date, date]], *, now: datetime
    ) -> list[dict[str, dict[str, Decimal]]] | None:
        return income(studio, locations, spans, now=now)

    def are_shown(self, studio: Studio) -> bool:
        return studio.contracts.exists()

    def headings(self, studio: Studio) -> list[ExtraColumn]:
        if not self.are_shown(studio):
            return []
        return [
            ExtraColumn(_("Contract rule"), ""),
            ExtraColumn(_("Amount, net"), "", kind="amount"),
            ExtraColumn(_("Invoice number"), ""),
        ]

    def columns(self, location: Location, month: date, *, now: datetime) -> ExtraColumns:
        if not (headings := self.headings(location.studio)):
            return ExtraColumns()
        rule, amount, number = headings
        connections = list(location.studio.connections.values_list("pk", flat=True))
        joins, facts = _BILLED, _rule_facts(location.studio)
        because, terms, worth = "billed.because", "billed.terms_id", "billed.amount"
        if not selectors.all_issued(location.studio, month):
            joins += _WORTH
            because, terms = f"coalesce({because}, worth.because)", f"coalesce({terms}, worth.terms)"
            worth = f"coalesce({worth}, worth.amount)"
            facts |= {"connections": connections, "first": month, "after": rules.next_month(month), "now": now}
        versions = [key.removeprefix("terms_") for key in facts if key.startswith("terms_")]
        named = " ".join(f"WHEN {key} THEN %(terms_{key})s" for key in versions)
        rules_named = " ".join(f"WHEN '{one}' THEN %(because_{one})s" for one in Because)
        told = f"CASE {because} {rules_named} END"
        clause = f"CASE {terms} {named} END" if named else "NULL"
        text = f"replace({worth}::text, '.', ',')" if separator() == ";" else f"{worth}::text"
        return ExtraColumns(
            [
                ExtraColumn(rule.heading, f"nullif(concat_ws(', ', {told}, {clause}), '')"),
                ExtraColumn(amount.heading, text, amount.kind),
                ExtraColumn(number.heading, "billed.number"),
            ],
            joins,
            facts,
        )

    def billed(self, studio: Studio, reservations: Collection[int]) -> dict[int, Billed]:
        found = selectors.standing(studio, reservations)
        return {key: Billed(number, _invoice_url(studio, number)) for key, number in found.items()}

    def settled(self, studio: Studio, reservations: Collection[int]) -> dict[int, Settled]:
        visits = selectors.visits_of(studio, reservations)
        said = stated([one.visit for one in visits if not one.is_unpaid])
        found = {one.reservation: _settled(said[one.visit], one.number) for one in visits if one.visit in said}
        unpaid = (one for one in visits if one.is_unpaid)
        return found | {
            one.reservation: Settled("not_payable", str(BECAUSE_WORDS[Because(one.because)])) for one in unpaid
        }

    def after_issue(self, studio: Studio, location: Location, day: date, source: str = "") -> str:
        found = after_issue(studio, day, source)
        if found is None:
            return ""
        month = rules.month_of(day)
        if found.becomes is not Becomes.LINE:
            return f"{month_words(month)}: {NO_LINE_WORDS[found.becomes]}"
        return _("%(month)s is issued; a correction becomes a line on %(next)s.") % {
            "month": _month_word(month), "next": _month_word(found.month),
        }  # fmt: skip


def _settled(word: str, number: str) -> Settled:
    why = _SETTLED[word] if number or word not in _OF_INVOICE else ""
    return Settled(word, str(why) % {"number": number})


def _month_word(month: date) -> str:
    return date_format(month, "F")


def _rule_facts(studio: Studio) -> dict[str, Any]:
    """Of a file's words: each clause, and each version of the studio's contracts by its key."""
    facts: dict[str, Any] = {f"because_{one}": str(BECAUSE_WORDS[one]) for one in Because}
    number: dict[int, int] = {}
    versions = ContractTerms.objects.filter(studio=studio).order_by("contract", "first_on", "id")
    for one in versions:
        number[one.contract_id] = number.get(one.contract_id, 0) + 1
        facts[f"terms_{one.pk}"] = terms_words(number[one.contract_id], one.first_on)
    return facts


def _url(studio: Studio, month: date, found: Month) -> str:
    """The month's one invoice, else the list; of what is being closed its checklist."""
    if found.how is How.CLOSING:
        return reverse("invoicing:close", args=[studio.slug, month])
    if found.how is How.NOTHING:
        return ""
    if len(found.numbers) == 1:
        return _invoice_url(studio, found.numbers[0])
    return reverse("invoicing:invoices", args=[studio.slug])


def _invoice_url(studio: Studio, number: str) -> str:
    return reverse("invoicing:invoice", args=[studio.slug, number])


asked.register(Answers())
