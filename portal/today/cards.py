"""What the ground floor itself tells the home page: requests for logins, answers of support, work that was given up."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.models import Job, Location, StaffLogin, Ticket
from portal.roles import Right
from portal.support import status
from portal.today.registry import HEALTH, Card, register


def wishes(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """Logins that a manager asked for and the owner has not decided about. One query."""
    if Right.MANAGE_LOGINS not in login.rights:
        return
    if number := login.studio.login_wishes.filter(decided_at=None).count():
        yield Card(
            "logins",
            _("Logins asked for"),
            str(number),
            _("A manager asks for it; you approve or decline."),
            reverse("portal:staff", args=[login.studio.slug]),
        )


def tickets(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """Questions to the operator that were answered and are not closed. One query."""
    answered = Ticket.objects.open().filter(studio=login.studio_id, answered_at__isnull=False).order_by("-answered_at")
    found = list(answered.values_list("reference", "subject")[:20])
    if found:
        words = ", ".join(f"{reference} {subject}" for reference, subject in found[:2])
        yield Card(
            "tickets",
            _("Answers from support"),
            str(len(found)),
            words if len(found) <= 2 else _("%(first)s and others") % {"first": words},
            reverse("portal:support", args=[login.studio.slug]),
        )


def given_up(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """Work that failed too often to be tried again by itself. One query."""
    if Right.MANAGE_SETTINGS not in login.rights:
        return
    if number := Job.objects.dead().filter(studio=login.studio_id).count():
        yield Card(
            "given_up",
            _("Given up"),
            str(number),
            ngettext(
                "A task in the background, such as a mail, failed too often. The operator sees it and can restart it.",
                "Tasks in the background, such as mails, failed too often. The operator sees them and can"
                " restart them.",
                number,
            ),
            kind="error",
            group=HEALTH,
        )


def backup(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """When the data was copied last, where that is known. No query."""
    if Right.MANAGE_SETTINGS not in login.rights:
        return
    part = status.backup(now)
    if part.is_well is not None:
        url = reverse("portal:support_status", args=[login.studio.slug])
        kind = "" if part.is_well else "error"
        yield Card(part.word, part.label, part.number, part.words, url, kind, group=HEALTH)


def register_today() -> None:
    register(wishes, place=40)
    register(tickets, place=70)
    register(given_up, place=90)
    register(backup, place=95)
