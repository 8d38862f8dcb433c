"""Statements as pages read them: their groups, what an invoice shows of them, and how far a visit's money is (X2)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, Min, Q, QuerySet, Sum, When
from django.db.models.functions import Concat

from invoicing.models import BilledVisit, Invoice, Statement, StatementAnswer, StatementLine
from invoicing.rules.matching import OURS_TO_MEND, Reason, Verdict
from invoicing.selectors.payouts import expected

ZERO = Decimal(0)
# Below so many of its lines with a visit here a file is taken for another one; of fewer lines nothing is concluded.
FEWEST_FOUND, FEWEST_LINES = Decimal("0.05"), 5
DISPUTED, ACCEPTED = StatementAnswer.Kind.DISPUTED, StatementAnswer.Kind.ACCEPTED
# In the order in which somebody should look at them.
VERDICTS = (Verdict.MISSING_THERE, Verdict.OTHER_PRICE, Verdict.TWICE, Verdict.MISSING_HERE, Verdict.MATCHED)

_MATCHED_LAST = Case(When(verdict=Verdict.MATCHED, then=1), default=0)


@dataclass(frozen=True)
class Group:
    """Rows of one verdict and reason. `difference`: what they state above what we say."""

    verdict: Verdict
    reason: Reason
    number: int
    theirs: Decimal
    ours: Decimal
    accepted: int
    disputed: int

    @property
    def difference(self) -> Decimal:
        return self.theirs - self.ours

    @property
    def open(self) -> int:
        return 0 if self.verdict is Verdict.MATCHED else self.number - self.accepted - self.disputed


@dataclass(frozen=True)
class Summary:
    """A statement in a few numbers; `claimed` is what was asked for, above zero."""

    statement: Statement
    groups: list[Group]

    def _number(self, *verdicts: Verdict) -> int:
        return sum(group.number for group in self.groups if group.verdict in verdicts)

    @property
    def matched(self) -> int:
        return self._number(Verdict.MATCHED)

    @property
    def differing(self) -> int:
        return self._number(*VERDICTS) - self.matched

    @property
    def open(self) -> int:
        return sum(group.open for group in self.groups)

    @property
    def disputed(self) -> int:
        return sum(group.disputed for group in self.groups)

    @property
    def accepted(self) -> int:
        return sum(group.accepted for group in self.groups)

    @property
    def difference(self) -> Decimal:
        return self.statement.theirs - self.statement.ours

    def by_verdict(self) -> list[tuple[Verdict, int, Decimal]]:
        """Number and difference of each verdict that there is."""
        found = []
        for verdict in VERDICTS:
            groups = [group for group in self.groups if group.verdict is verdict]
            if groups:
                found.append(
                    (verdict, sum(one.number for one in groups), sum((one.difference for one in groups), ZERO))
                )
        return found


def summary_of(statement: Statement) -> Summary:
    """One query, however many lines there are."""
    rows = (
        statement.lines.exclude(verdict="")
        .values_list("verdict", "reason")
        .annotate(
            number=Count("pk"),
            theirs=Sum("theirs", filter=Q(currency__in=["", statement.currency])),
            ours=Sum("ours"),
            accepted=Count("pk", filter=Q(answer__kind=ACCEPTED)),
            disputed=Count("pk", filter=Q(answer__kind=DISPUTED)),
        )
        .order_by()
    )
    groups = [
        Group(Verdict(verdict), Reason(reason), number, theirs or ZERO, ours or ZERO, accepted, disputed)
        for verdict, reason, number, theirs, ours, accepted, disputed in rows
    ]
    groups.sort(key=lambda group: (VERDICTS.index(group.verdict), -abs(group.difference), group.reason))
    return Summary(statement, groups)


def lines_of(statement: Statement, *, verdict: str = "", reason: str = "", answer: str = "") -> QuerySet[StatementLine]:
    """What a page shows: what differs first, in the order of the file; what stands on no line after its lines."""
    found = statement.lines.exclude(verdict="")
    if verdict:
        found = found.filter(verdict=verdict)
    if reason:
        found = found.filter(reason=reason)
    if answer == "open":
        found = found.exclude(verdict=Verdict.MATCHED).filter(answer=None)
    elif answer:
        found = found.filter(answer__kind=answer)
    return found.select_related(
        "answer", "visit__guest__member", "visit__session__item", "visit__session__location", "visit__reservation"
    ).order_by(_MATCHED_LAST, F("line").asc(nulls_last=True), "pk")


def answers_of(statement: Statement) -> QuerySet[StatementAnswer]:
    """Those that lines hold, the latest first: `held` lines; `verdict` and `reason` of all, where `kinds` is 1."""
    found = statement.answers_given.filter(undone_at=None).select_related("by__user")
    return found.annotate(
        held=Count("lines"),
        line=Min("lines__line"),
        verdict=Min("lines__verdict"),
        reason=Min("lines__reason"),
        kinds=Count(Concat("lines__verdict", "lines__reason"), distinct=True),
    ).filter(held__gt=0)


def next_open(line: StatementLine, *, verdict: str, reason: str, answer: str) -> tuple[int, int] | None:
    """The line behind this one that waits for an answer, and how many stand before it, in the order of `lines_of`."""
    listed = lines_of(line.statement, verdict=verdict, reason=reason, answer=answer).exclude(verdict=Verdict.MATCHED)
    behind = Q(line=None, pk__gt=line.pk) if line.line is None else Q(line__gt=line.line) | Q(line=None)
    found = listed.filter(behind, answer=None).first()
    if found is None:
        return None
    before = Q(line__isnull=False) | Q(pk__lt=found.pk) if found.line is None else Q(line__lt=found.line)
    return found.pk, listed.filter(before).count()


def foreign_sums(statement: Statement) -> list[tuple[str, Decimal]]:
    """What is stated in other currencies than the contract's, and is in no sum."""
    lines = statement.lines.read().exclude(currency__in=["", statement.currency]).order_by("currency")
    return list(lines.values("currency").annotate(sum=Sum("theirs")).values_list("currency", "sum"))


def finds_nothing(statement: Statement) -> bool:
    """Almost no line leads to a visit of the month: it is another marketplace's file, or another month's."""
    lines = statement.lines.read().exclude(line=None).exclude(event__in=["correction", "flat", "nothing"]).order_by()
    found = lines.aggregate(all=Count("pk"), strange=Count("pk", filter=Q(verdict=Verdict.MISSING_HERE)))
    return found["all"] >= FEWEST_LINES and found["all"] - found["strange"] < FEWEST_FOUND * found["all"]


def statements_of(invoice: Invoice) -> list[Summary]:
    """The standing statements of the invoice's marketplace and month, for its page: one, or one for each location."""
    found = invoice.connection.statements.standing().filter(month=invoice.month)
    return [summary_of(statement) for statement in found.select_related("connection__marketplace")]


def stated(visits: Collection[int]) -> dict[int, str]:
    """How far the money of visits is, where a statement or a payout says it; the others are left out. Three queries.

    A word for each: "disputed" (claimed), "short_paid" (less than we say, or not on it, and not accepted), "paid" (all
    that was expected of its invoice's month came), "matched", "on_statement" (there, and not less).
    """
    keys = list(visits)
    found: dict[int, str] = {}
    contested: set[int] = set()
    rows = (
        StatementLine.objects.filter(visit__in=keys, statement__state="matched", statement__replaced_by=None)
        .exclude(verdict__in=["", Verdict.TWICE])
        .order_by("statement__month", "pk")
        .exclude(verdict=Verdict.MISSING_THERE, reason=Reason.CORRECTED_SINCE)
        .values_list("visit", "verdict", "reason", "theirs", "ours", "answer__kind")
    )
    for visit, verdict, reason, theirs, ours, answer in rows:
        found[visit] = "on_statement" if reason in OURS_TO_MEND else _state(verdict, theirs, ours, answer)
        if _is_contested(found[visit], answer):
            contested.add(visit)
        else:
            contested.discard(visit)  # the latest statement decides
    return found | {visit: "paid" for visit in _paid(keys) if visit not in contested}


def _state(verdict: str, theirs: Decimal | None, ours: Decimal | None, answer: str | None) -> str:
    if answer == DISPUTED:
        return "disputed"
    if verdict == Verdict.MATCHED:
        return "matched"
    return "short_paid" if (theirs or ZERO) < (ours or ZERO) else "on_statement"


def _is_contested(state: str, answer: str | None) -> bool:
    """Money that came does not settle it."""
    return state == "disputed" or (state == "short_paid" and answer != ACCEPTED)


def _paid(visits: Iterable[int]) -> list[Any]:
    """Those on an invoice of whose contract and month all came that was expected."""
    billed = BilledVisit.objects.standing().filter(visit__in=list(visits)).exclude(amount=0)
    rows = list(billed.values_list("visit", "invoice__contract", "invoice__month"))
    covered = expected().filter(
        # A month of which all is set off has come, too: with what came too much before.
        Q(("came__gt", 0)) | Q(("own__gt", 0)),
        Q(("came__gte", F("due"))),
        invoice__contract__in={contract for _visit, contract, _month in rows},
        invoice__month__in={month for _visit, _contract, month in rows},
    )
    months = set(covered.values_list("invoice__contract", "invoice__month"))
    return [visit for visit, contract, month in rows if (contract, month) in months]
