"""What the studio says to an invoice: accepted, questioned, objected to, to be corrected; and the operator's answer."""

from datetime import datetime

from django.db import transaction

from invoicing.actions.correcting import correct, locked
from invoicing.actions.telling import tell
from invoicing.models import Invoice, InvoiceEvent
from invoicing.rules.answers import Answer, Stand, possible, stand
from portal.jobs import enqueue
from portal.models import StaffLogin, User
from portal.roles import Preset

MAIL_ASKED = "invoicing.mail_asked"
MAIL_REPLIED = "invoicing.mail_replied"
_KINDS = {
    Answer.ACCEPT: InvoiceEvent.Kind.ACCEPTED,
    Answer.QUESTION: InvoiceEvent.Kind.QUESTIONED,
    Answer.OBJECT: InvoiceEvent.Kind.OBJECTED,
    Answer.CORRECTION: InvoiceEvent.Kind.CORRECTION_WANTED,
}


class NotPossible(Exception):
    """It cannot be answered like this any more; `stand` says how the matter stands."""

    def __init__(self, now: Stand) -> None:
        super().__init__(now)
        self.stand = now


def stand_of(invoice: Invoice) -> Stand:
    """How the matter stands. One query."""
    return stand(list(InvoiceEvent.objects.filter(invoice=invoice).order_by("id").values_list("kind", flat=True)))


def answers_to(invoice: Invoice, now: Stand) -> tuple[Answer, ...]:
    return possible(now, is_self_billed=invoice.is_self_billed, is_credit=invoice.is_credit)


def answer(
    invoice: Invoice, given: Answer, *, by: StaffLogin, now: datetime, text: str = ""
) -> tuple[Invoice, Invoice | None] | None:
    """Append what the studio says. Accepting again, or the same words again, changes nothing.

    A question, an objection and the wish to have a self-billed invoice corrected go to the operator by mail. An invoice
    that the studio issued itself is corrected at once: then the credit and its replacement are returned. Raises
    NotPossible, and what `correct` raises.
    """
    with transaction.atomic():
        locked(invoice)
        stands = stand_of(invoice)
        if given is Answer.ACCEPT and stands is Stand.ACCEPTED:
            return None
        if str(stands) == str(_KINDS[given]) and _last_text(invoice, _KINDS[given]) == text:
            return None
        if given not in answers_to(invoice, stands):
            raise NotPossible(stands)
        if given is Answer.CORRECTION and not invoice.is_self_billed:
            return correct(invoice, now=now, by=by, text=text)
        event = tell(invoice, _KINDS[given], now=now, by=by, text=text)
        if given is not Answer.ACCEPT:
            enqueue(MAIL_ASKED, key=f"invoice asked {event.pk}", payload={"event": event.pk}, studio=invoice.studio)
    return None


def reply(invoice: Invoice, text: str, *, operator: User, now: datetime) -> InvoiceEvent:
    """The operator's answer, which the owners get by mail. Raises NotPossible where nobody waits for one."""
    with transaction.atomic():
        locked(invoice)
        stands = stand_of(invoice)
        if stands not in {Stand.QUESTIONED, Stand.OBJECTED, Stand.CORRECTION_WANTED}:
            raise NotPossible(stands)
        event = tell(invoice, InvoiceEvent.Kind.ANSWERED, now=now, operator=operator, text=text)
        owners = StaffLogin.objects.filter(studio=invoice.studio_id, is_active=True, preset=Preset.OWNER)
        for login in owners.values_list("pk", flat=True):
            enqueue(
                MAIL_REPLIED,
                key=f"invoice replied {event.pk} {login}",
                payload={"event": event.pk, "login": login},
                studio=invoice.studio,
            )
    return event


def _last_text(invoice: Invoice, kind: str) -> str | None:
    return (
        InvoiceEvent.objects.filter(invoice=invoice, kind=kind).order_by("-id").values_list("text", flat=True).first()
    )
