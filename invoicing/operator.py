"""What the operator sees of money: payouts that have not come, questions, invoices that could not be issued."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Max, Min, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invoicing.models import Invoice, InvoiceEvent, IssueAttempt
from invoicing.rules.answers import WAITS
from invoicing.rules.payouts import PayoutState
from invoicing.selectors.answers import with_stand
from invoicing.selectors.payouts import with_state
from invoicing.words import OBSTACLE_WORDS, month_words
from packages.words import money_words
from portal.models import Studio
from portal.operator import needs, parts
from portal.operator.needs import Need
from portal.operator.parts import Line, Part

OVERDUE = (PayoutState.LATE, PayoutState.SHORT, PayoutState.FAILED)


def payouts(now: datetime) -> Iterable[Need]:
    """Late, short or failed, in one query."""
    waiting: Any = with_state(now.date()).filter(
        Q(("state__in", [str(state) for state in OVERDUE])), studio__practice_of=None
    )
    found: Any = waiting.order_by().values("state")
    found = found.annotate(count=Count("pk"), oldest=Min("expected_on"))
    by_state = {row["state"]: row for row in found}
    labels = {
        PayoutState.FAILED: gettext_lazy("Payouts that failed"),
        PayoutState.SHORT: gettext_lazy("Payouts that came short"),
        PayoutState.LATE: gettext_lazy("Payouts that are late"),
    }
    url = reverse("admin:invoicing_payout_changelist")
    for state, label in labels.items():
        row = by_state.get(str(state))
        yield Need(
            word=f"payouts_{state}",
            label=label,
            count=row["count"] if row else 0,
            oldest=datetime.combine(row["oldest"], datetime.min.time(), UTC) if row else None,
            url=f"{url}?state={state}",
            urgent=True,
        )


def questions(now: datetime) -> Iterable[Need]:
    """Questions, objections and wishes for a correction that nobody has answered."""
    asked = InvoiceEvent.objects.filter(invoice=OuterRef("pk"), kind__in=[*WAITS]).order_by("-pk")
    waiting = with_stand(Invoice.objects.all()).filter(Q(("stands__in", [*WAITS])), studio__practice_of=None)
    found = waiting.annotate(asked_at=Subquery(asked.values("occurred_at")[:1]))
    yield Need(
        word="questions",
        label=gettext_lazy("Questions and objections about invoices"),
        url=f"{reverse('admin:invoicing_invoice_changelist')}?waits=1",
        urgent=True,
        **found.aggregate(count=Count("pk"), oldest=Min("asked_at")),
    )


def obstructed(now: datetime) -> Iterable[Need]:
    """Months that nothing could be issued for, because something is missing."""
    found = (
        IssueAttempt.objects.filter(studio__practice_of=None)
        .exclude(obstacles=[])
        .aggregate(count=Count("pk"), oldest=Min("tried_at"))
    )
    yield Need(
        word="obstructed",
        label=gettext_lazy("Invoices that cannot be issued"),
        note=gettext_lazy("Something is missing for them; the owners were told what."),
        url=reverse("admin:invoicing_issueattempt_changelist"),
        **found,
    )


def money(studio: Studio, now: datetime) -> Part:
    """What is open with this studio. Three queries."""
    lines = []
    waiting: Any = with_state(now.date()).filter(Q(("state__in", [str(state) for state in OVERDUE])), studio=studio)
    for one in waiting.select_related("invoice"):
        words = f"{money_words(one.due, one.currency)}, {PayoutState(one.state)}"
        lines.append(Line(one.invoice.number, words, reverse("admin:invoicing_payout_change", args=[one.pk])))
    for attempt in IssueAttempt.objects.exclude(obstacles=[]).filter(studio=studio):
        why = ", ".join(str(OBSTACLE_WORDS[one]) for one in attempt.obstacles)
        lines.append(Line(month_words(attempt.month), why))
    last = studio.invoices.aggregate(count=Count("pk"), last=Max("month"))
    if last["count"]:
        url = f"{reverse('admin:invoicing_invoice_changelist')}?q={studio.slug}"
        lines.append(Line(_("Invoices"), f"{last['count']}, {month_words(last['last'])}", url))
    return Part("money", _("Money"), lines, empty=_("No invoice yet."))


def register() -> None:
    needs.register(questions, place=40)
    needs.register(payouts, place=50)
    needs.register(obstructed, place=60)
    parts.register(money, place=50)
