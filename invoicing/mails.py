"""The mails about invoices and payouts, as jobs send them: the rows are read as they are when a mail goes out."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from invoicing import rules
from invoicing.actions import tell
from invoicing.models import Invoice, InvoiceEvent, IssueAttempt, PayoutEvent
from invoicing.notices import OF_TEMPLATE
from invoicing.payout_words import payout_words
from invoicing.plans.obstacles import has_something
from invoicing.rules import Obstacle
from invoicing.selectors.closing import checklist
from invoicing.selectors.payouts import standing_of
from invoicing.words import OBSTACLE_WORDS, month_words
from marketplace.models import Contract
from marketplace.selectors.connecting import today_of
from packages.words import day_words, money_words
from portal import mail
from portal.models import Change, Job, Location, Studio
from portal.notices.telling import language_of, notify, reader

# What is issued long after the fact (a demo's past, months issued by hand) is no news.
NEWS_FOR = timedelta(days=7)


def send_issued(job: Job, *, now: datetime) -> None:
    """The month's invoice is there, and when its money comes."""
    invoice = _invoices().filter(pk=job.payload["invoice"]).first()
    if invoice is None or now - invoice.issued_at > NEWS_FOR:
        return
    with translation.override(language_of(job, invoice.studio)):
        context = {
            "invoice": invoice,
            "month": month_words(invoice.month),
            "marketplace": invoice.connection.marketplace.name,
            "counts": counts(invoice),
            "net": money_words(invoice.net, invoice.currency),
            "tax": money_words(invoice.tax, invoice.currency),
            "gross": money_words(invoice.gross, invoice.currency),
            "due": day_words(invoice.due_on) if invoice.gross > 0 and not invoice.is_credit else "",
            "corrected": invoice.corrects.number if invoice.corrects else "",
            "replaced": invoice.replaces.number if invoice.replaces else "",
            "link": link_to(invoice),
        }

    def note() -> None:
        if not InvoiceEvent.objects.filter(invoice=invoice, kind=InvoiceEvent.Kind.MAILED).exists():
            tell(invoice, InvoiceEvent.Kind.MAILED, now=now)

    _send(job, invoice.studio, "issued", context, when_out=note)


def counts(invoice: Invoice) -> list[tuple[str, int]]:
    """What the invoice states (P9): check-ins, and where they apply additional workouts, no-shows, late cancels."""
    found = [
        (_("Check-ins"), invoice.check_ins),
        (_("Additional workouts"), invoice.additional),
        (_("No-shows"), invoice.no_shows),
        (_("Late cancels"), invoice.late_cancels),
    ]
    return [(word, number) for at, (word, number) in enumerate(found) if number or at == 0]


def send_payout(job: Job, *, now: datetime) -> None:
    """What was just told about a payout, unless it was taken back meanwhile."""
    event = _payout_events().filter(pk=job.payload["event"], taken_back_by=None).first()
    if event is None or now - event.recorded_at > NEWS_FOR:
        return
    _send(job, event.studio, f"payout_{event.kind}", _about_payout(job, event, now=now))


def send_payout_late(job: Job, *, now: datetime) -> None:
    """It should have come: to the owners and to the operator. Not once somebody has told something about it."""
    event = _payout_events().filter(pk=job.payload["event"]).first()
    if event is None:
        return
    context = _about_payout(job, event, now=now)
    if context["state"] == rules.PayoutState.LATE:
        _send(job, event.studio, "payout_late", context)


def _about_payout(job: Job, event: PayoutEvent, *, now: datetime) -> dict[str, Any]:
    payout, invoice = event.payout, event.payout.invoice
    standing = standing_of(payout, today=today_of(event.studio, now=now))
    with translation.override(language_of(job, event.studio)):
        return {
            "event": event,
            "state": standing.state,
            "words": payout_words(standing),
            "amount": money_words(event.amount or Decimal(0), payout.currency),
            "expected": money_words(standing.expected, payout.currency),
            "day": day_words(event.on),
            "expected_on": day_words(payout.expected_on),
            "number": invoice.number,
            "month": month_words(invoice.month),
            "marketplace": invoice.connection.marketplace.name,
            "link": link_to(invoice),
            "settings": settings.SITE_URL + reverse("invoicing:settings", args=[event.studio.slug]),
        }


def send_month_to_close(job: Job, *, now: datetime) -> None:
    """The month is over and will be invoiced: only where there is something, and nobody has signed it yet."""
    studio, month = job.studio, date.fromisoformat(job.payload["month"])
    if studio is None:
        return
    contracts = Contract.objects.filter(studio=studio).exclude(connection__activated_at=None)
    found = checklist(studio, month, now=now)
    if found.closing or found.issued or not any(has_something(one, month, now=now) for one in contracts):
        return
    place = Location.objects.filter(studio=studio).in_order()[0]
    with translation.override(language_of(job, studio)):
        context = {
            "month": month_words(month),
            "open": found.open_points,
            "closes": day_words(rules.closes_at(month, place.tz)),
            "issued": day_words(rules.issue_at(month, place.tz)),
            "link": settings.SITE_URL + reverse("invoicing:close", args=[studio.slug, month]),
        }
    _send(job, studio, "month_to_close", context)


def send_not_issued(job: Job, *, now: datetime) -> None:
    """No invoice yet, and why; not if it is there by now."""
    contract = Contract.objects.select_related("studio", "connection__marketplace").get(pk=job.payload["contract"])
    attempt = IssueAttempt.objects.filter(contract=contract, month=job.payload["month"]).first()
    if attempt is None or not attempt.obstacles:
        return
    studio = contract.studio
    with translation.override(language_of(job, studio)):
        context = {
            "month": month_words(attempt.month),
            "marketplace": contract.connection.marketplace.name,
            "why": [OBSTACLE_WORDS[Obstacle(one)] for one in attempt.obstacles],
            # The operator mends who pays; a studio's pages are not theirs.
            "link": settings.SITE_URL
            + (
                reverse("invoicing:invoices", args=[studio.slug])
                if "login" in job.payload
                else reverse("admin:invoicing_payer_changelist")
            ),
        }
    _send(job, studio, "not_issued", context)


def send_bank_changed(job: Job) -> None:
    """To every owner, whoever did it: a thief would not tell."""
    change = Change.objects.select_related("studio", "by__user").filter(pk=job.payload["change"]).first()
    if change is None:
        return
    place = Location.objects.filter(studio=change.studio).in_order().first()
    with translation.override(language_of(job, change.studio)):
        context = {
            "by": change.by.user.name if change.by else _("somebody"),
            "email": change.by.user.email if change.by else "",
            "day": day_words(change.occurred_at.astimezone(place.tz) if place else change.occurred_at),
            "before": last_signs(change.before.get("iban")),
            "after": last_signs(change.after.get("iban")),
            "link": settings.SITE_URL + reverse("invoicing:settings", args=[change.studio.slug]),
        }
    _send(job, change.studio, "bank_changed", context)


def last_signs(iban: str | None) -> str:
    """As much as one knows an account by: "…4300"; a mail travels open."""
    return f"…{iban[-4:]}" if iban else ""


def link_to(invoice: Invoice) -> str:
    return str(settings.SITE_URL) + reverse("invoicing:invoice", args=[invoice.studio.slug, invoice.number])


def _send(
    job: Job, studio: Studio, template: str, context: dict[str, Any], *, when_out: Callable[[], None] = lambda: None
) -> None:
    """To an owner as they want it, or to the operator, who has no login here and no name. `when_out`: called when a
    mail that says it went out."""
    name = f"invoicing/mails/{template}.txt"
    if "login" not in job.payload:
        with translation.override(language_of(job, studio)):
            context = {**context, "name": _("operator"), "to_operator": True}
        to, language = mail.operator_address(), mail.operator_language()
        if mail.send(job, to=to, studio=studio, template=name, context=context, language=language):
            when_out()
        return
    tell_owner(job, template, {**context, "to_operator": False}, when_out=when_out)


def tell_owner(
    job: Job, template: str, context: dict[str, Any], *, when_out: Callable[[], None] = lambda: None
) -> None:
    """The login of the payload, unless it is gone or may not see invoices any more."""
    login = reader(job.payload["login"])
    if login is None:
        return
    notify(
        job,
        login=login,
        kind=OF_TEMPLATE[template],
        template=f"invoicing/mails/{template}.txt",
        context=context,
        path=context["link"].removeprefix(settings.SITE_URL),
        when_out=when_out,
    )


def _invoices() -> Any:
    return Invoice.objects.select_related("studio", "connection__marketplace", "corrects", "replaces")


def _payout_events() -> Any:
    return PayoutEvent.objects.select_related("studio", "payout__invoice__connection__marketplace", "payout__studio")
