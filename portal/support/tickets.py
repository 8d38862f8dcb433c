"""Questions of studios to the operator: opened, answered, replied to, closed, opened again (P14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.models import Prefetch, Q, QuerySet

from portal.changes import record_change
from portal.jobs import enqueue
from portal.models import StaffLogin, Studio, Ticket, TicketFile, TicketMessage, User
from portal.roles import Right
from portal.support.files import clean_name

MAIL_OPENED, MAIL_ASKED, MAIL_ANSWERED = "portal.ticket_opened", "portal.ticket_asked", "portal.ticket_answered"
#: What one studio can open, and write in all its tickets, in an hour: more is no person asking.
TICKETS_AN_HOUR, MESSAGES_AN_HOUR = 20, 60
HOUR = timedelta(hours=1)
FIRST_NUMBER = 1000
# Without I, O and U, which are taken for 1, 0 and V. 23 is prime: it notices each wrong digit and each swapped pair.
_LETTERS = "ABCDEFGHJKLMNPQRSTVWXYZ"


class TooMany(Exception):
    """The studio has asked as much in this hour as it can. Nothing was written."""


@dataclass(frozen=True)
class About:
    """What a question is about, as the page said that it was asked from."""

    page: str = ""
    month: date | None = None
    member_number: str = ""
    log_reference: str = ""


def visible_to(login: StaffLogin) -> "QuerySet[Ticket]":
    """Owners and managers see the studio's questions, everybody else their own."""
    found = Ticket.objects.filter(studio=login.studio)
    return found if Right.MANAGE_SETTINGS in login.rights else found.filter(login=login)


def unread(login: StaffLogin) -> "QuerySet[Ticket]":
    """Answered questions of this login whose answer nobody has opened."""
    return Ticket.objects.filter(login=login, answered_at__isnull=False, seen_at=None)


def thread(ticket: Ticket) -> "QuerySet[TicketMessage]":
    """Its messages with who wrote them and the names of their files. Two queries."""
    written = ticket.messages.select_related("by__user", "operator")
    return written.prefetch_related(Prefetch("files", TicketFile.objects.defer("content")))


def file_of(ticket: Ticket, pk: int) -> TicketFile | None:
    """One of the files that were attached to it."""
    return TicketFile.objects.filter(pk=pk, message__ticket=ticket).first()


def open_ticket(
    login: StaffLogin, *, subject: str, text: str, about: About, files: Sequence[UploadedFile] = (), now: datetime
) -> Ticket:
    """Open a question with its first message; mails to the person and to the operator. Raises TooMany."""
    with transaction.atomic():
        _hold(login.studio)
        if Ticket.objects.filter(studio=login.studio, opened_at__gt=now - HOUR).count() >= TICKETS_AN_HOUR:
            raise TooMany
        ticket = Ticket.objects.create(
            studio=login.studio,
            reference=uuid4().hex[:20],
            login=login,
            subject=subject,
            opened_at=now,
            page=about.page,
            month=about.month,
            member_number=about.member_number,
            log_reference=about.log_reference,
        )
        ticket.reference = reference_of(ticket.pk)
        ticket.save(update_fields=["reference"])
        message = _write(ticket, text, files, by=login, now=now)
        _record(ticket, "opened", by=login, now=now)
        enqueue(MAIL_OPENED, key=f"{MAIL_OPENED} {ticket.pk}", payload={"ticket": ticket.pk}, studio=ticket.studio)
        _tell_operator(message)
    return ticket


def reply(
    ticket: Ticket, *, login: StaffLogin, text: str, files: Sequence[UploadedFile] = (), now: datetime
) -> TicketMessage:
    """The studio writes again: the question waits for the operator, and is open if it was closed. Raises TooMany."""
    with transaction.atomic():
        _hold(login.studio)
        written = TicketMessage.objects.filter(ticket__studio=login.studio, written_at__gt=now - HOUR)
        if written.filter(by_operator=False).count() >= MESSAGES_AN_HOUR:
            raise TooMany
        locked = _lock(ticket)
        message = _write(locked, text, files, by=login, now=now)
        _note(locked, answered_at=None, closed_at=None, seen_at=None)
        _record(locked, "replied", by=login, now=now)
        _tell_operator(message)
    return message


def answer_ticket(ticket: Ticket, text: str, *, operator: User, now: datetime, close: bool = False) -> TicketMessage:
    """The operator answers: by mail and on screen; twice is once. `close`: nothing more is expected."""
    with transaction.atomic():
        locked = _lock(ticket)
        last = locked.messages.order_by("-pk").first()
        if last is not None and last.by_operator and last.text == text:
            return last
        message = TicketMessage.objects.create(
            ticket=locked, text=text, operator=operator, by_operator=True, written_at=now
        )
        _note(locked, answered_at=now, seen_at=None, closed_at=now if close else None)
        _record(locked, "answered", by=None, now=now, by_word="operator")
        key = f"{MAIL_ANSWERED} {message.pk}"
        enqueue(MAIL_ANSWERED, key=key, payload={"message": message.pk}, studio=locked.studio)
    return message


def close(ticket: Ticket, *, by: StaffLogin | None, now: datetime) -> bool:
    """Whether it was open. `by` None: the operator."""
    return _switch(ticket, by=by, now=now, is_open=False)


def reopen(ticket: Ticket, *, by: StaffLogin | None, now: datetime) -> bool:
    """Whether it was closed; it waits for the operator again. `by` None: the operator."""
    return _switch(ticket, by=by, now=now, is_open=True)


def note_read(ticket: Ticket, *, now: datetime) -> None:
    """The thread was opened by someone of the studio. Only the answer that stood there by then is read."""
    if ticket.answered_at is not None and ticket.seen_at is None:
        Ticket.objects.filter(pk=ticket.pk, answered_at=ticket.answered_at, seen_at=None).update(seen_at=now)


def reference_of(pk: int) -> str:
    """ "T-1042-K": the letter notices a digit that was heard wrongly on the telephone."""
    number = FIRST_NUMBER + pk
    return f"T-{number}-{_LETTERS[number % len(_LETTERS)]}"


def _switch(ticket: Ticket, *, by: StaffLogin | None, now: datetime, is_open: bool) -> bool:
    with transaction.atomic():
        locked = _lock(ticket)
        if (locked.closed_at is None) is is_open:
            return False
        if is_open:
            _note(locked, closed_at=None, answered_at=None, seen_at=None)
        else:
            _note(locked, closed_at=now)
        kind = "reopened" if is_open else "closed"
        _record(locked, kind, by=by, now=now, by_word="" if by else "operator")
    return True


def _hold(studio: Studio) -> None:
    """What counts the questions of an hour counts one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"tickets {studio.pk}"])


def _lock(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_for_update(of=("self",)).select_related("studio").get(pk=ticket.pk)


def _note(ticket: Ticket, **values: datetime | None) -> None:
    for name, value in values.items():
        setattr(ticket, name, value)
    ticket.save(update_fields=list(values))


def _record(ticket: Ticket, kind: str, *, by: StaffLogin | None, now: datetime, by_word: str = "") -> None:
    """Without the subject: the log cannot forget a name that stood in it."""
    after = {"reference": ticket.reference}
    record_change(ticket, kind, studio=ticket.studio, by=by, now=now, after=after, by_word=by_word)


def _write(ticket: Ticket, text: str, files: Sequence[UploadedFile], *, by: StaffLogin, now: datetime) -> TicketMessage:
    message = TicketMessage.objects.create(ticket=ticket, text=text, by=by, written_at=now)
    TicketFile.objects.bulk_create(
        TicketFile(
            message=message,
            name=clean_name(file.name or ""),
            size=file.size or 0,
            content=file.read(),
        )
        for file in files
    )
    return message


def _tell_operator(message: TicketMessage) -> None:
    key = f"{MAIL_ASKED} {message.pk}"
    enqueue(MAIL_ASKED, key=key, payload={"message": message.pk}, studio=message.ticket.studio)


def of_member(studio: Studio, numbers: Sequence[str]) -> "QuerySet[Ticket]":
    """Questions that were asked from a page of the member with one of these numbers."""
    return Ticket.objects.filter(Q(member_number__in=[number for number in numbers if number]), studio=studio)
