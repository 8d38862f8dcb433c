"""The mails about questions, as jobs send them: to who asked, and to the operator."""

from django.conf import settings
from django.urls import reverse

from portal import mail
from portal.models import Job, StaffLogin, Ticket, TicketMessage
from portal.roles import Preset


def send_opened(job: Job) -> None:
    """To who asked: the reference number, and where the question stands."""
    ticket = Ticket.objects.select_related("studio", "login__user").filter(pk=job.payload["ticket"]).first()
    if ticket is None or ticket.login is None:
        return
    mail.send(
        job,
        to=_address(ticket.login),
        studio=ticket.studio,
        template="portal/mail/ticket_opened.txt",
        context={"ticket": ticket, "name": ticket.login.user.get_short_name(), "link": _link(ticket)},
        language=ticket.login.user.language,
    )


def send_asked(job: Job) -> None:
    """To the operator: each message of a studio, with what it is about."""
    message = _message(job)
    if message is None:
        return
    ticket = message.ticket
    mail.send(
        job,
        to=mail.operator_address(),
        studio=ticket.studio,
        template="portal/mail/ticket_asked.txt",
        context={
            "ticket": ticket,
            "message": message,
            "by": message.by.user.name if message.by else "",
            "is_first": not ticket.messages.filter(pk__lt=message.pk).exists(),
            "files": [file.name for file in message.files.defer("content")],
            "link": settings.SITE_URL + reverse("admin:portal_ticket_change", args=[ticket.pk]),
        },
        language=mail.operator_language(),
    )


def send_answered(job: Job) -> None:
    """To who wrote last in it; if they cannot log in any more, to who asked, else to an owner."""
    message = _message(job)
    if message is None:
        return
    ticket = message.ticket
    last = (
        ticket.messages.filter(pk__lt=message.pk, by__isnull=False).select_related("by__user").order_by("-pk").first()
    )
    readers = (last.by if last else None, ticket.login, _owner(ticket))
    reader = next((one for one in readers if one and one.is_active and one.user.is_active), None)
    if reader is None:
        return
    mail.send(
        job,
        to=_address(reader),
        studio=ticket.studio,
        template="portal/mail/ticket_answered.txt",
        context={
            "ticket": ticket,
            "message": message,
            "name": reader.user.get_short_name(),
            "link": _link(ticket),
        },
        language=reader.user.language,
    )


def _message(job: Job) -> TicketMessage | None:
    found = TicketMessage.objects.select_related("ticket__studio", "ticket__login__user", "by__user")
    return found.filter(pk=job.payload["message"]).first()


def _owner(ticket: Ticket) -> StaffLogin | None:
    owners = ticket.studio.logins.filter(preset=Preset.OWNER, is_active=True, user__is_active=True)
    return owners.select_related("user").order_by("pk").first()


def _address(login: StaffLogin) -> str:
    return login.user.email if login.user.is_active else ""


def _link(ticket: Ticket) -> str:
    return settings.SITE_URL + reverse("portal:ticket", args=[ticket.studio.slug, ticket.reference])
