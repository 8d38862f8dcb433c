"""The mails between a studio and the operator about an invoice: what was asked, and what was answered."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from invoicing.mails import link_to, tell_owner
from invoicing.models import InvoiceEvent
from invoicing.rules.answers import WAITS
from invoicing.words import month_words
from packages.words import money_words
from portal import mail
from portal.models import Job
from portal.notices.telling import language_of


def send_asked(job: Job) -> None:
    """A question, an objection or the wish for a correction, to the operator."""
    event = _event(job)
    if event is None or event.kind not in WAITS:
        return
    link = settings.SITE_URL + reverse("admin:invoicing_invoice_answer", args=[event.invoice_id])
    mail.send(
        job,
        to=mail.operator_address(),
        studio=event.invoice.studio,
        template="invoicing/mails/asked.txt",
        context=_about(job, event) | {"link": link, "by": event.by.user.name if event.by else ""},
        language=mail.operator_language(),
    )


def send_replied(job: Job) -> None:
    """The operator's answer, to an owner."""
    event = _event(job)
    if event is not None:
        tell_owner(job, "replied", _about(job, event) | {"link": link_to(event.invoice)})


def _event(job: Job) -> InvoiceEvent | None:
    joined = "invoice__studio", "invoice__connection__marketplace", "by__user"
    return InvoiceEvent.objects.select_related(*joined).filter(pk=job.payload["event"]).first()


def _about(job: Job, event: InvoiceEvent) -> dict[str, Any]:
    invoice = event.invoice
    with translation.override(language_of(job, invoice.studio)):
        return {
            "kind": event.kind,
            "text": event.text,
            "number": invoice.number,
            "month": month_words(invoice.month),
            "marketplace": invoice.connection.marketplace.name,
            "gross": money_words(invoice.gross, invoice.currency),
        }
