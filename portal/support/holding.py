"""Questions to the operator that were asked from a member's page: they hold that member's number, and perhaps words."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import unquote_plus

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.members.holdings import Exported, People, Preview
from portal.members.masking import GONE, whole_words
from portal.members.own import Owned
from portal.models import Member, StaffLogin, Studio, Ticket, TicketFile, TicketMessage
from portal.support.tickets import of_member


class Tickets(Owned):
    """They stay with the number that they were asked under: a merged profile still leads to the kept one."""

    key, label, position = "tickets", gettext_lazy("Questions to the operator"), 210

    def preview(self, merged: Member, kept: Member) -> Preview:
        return Preview(str(self.label), 0)

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        return None

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        found = of_member(members[0].studio, [one.number for one in members]).order_by("id")
        columns = (("opened_at", _("When")), ("reference", _("Reference")), ("subject", _("About")))
        return [Exported("tickets", columns, [(one.opened_at, one.reference, one.subject) for one in found])]

    def scrub(self, people: People, *, now: datetime) -> None:
        """The number goes, with what was attached under it, and every word in questions that tells who it was."""
        studio = people.members[0].studio
        about = list(of_member(studio, [one.number for one in people.members]).values_list("pk", flat=True))
        TicketFile.objects.filter(message__ticket__in=about).delete()
        Ticket.objects.filter(pk__in=about).update(member_number="", page="")
        if people.words:
            _take_out(studio, people.words)


def _take_out(studio: Studio, words: Sequence[str]) -> None:
    """Of all questions of the studio; files that name the person go, and those beside words that did."""
    wanted, named = whole_words(words), set()
    for ticket in Ticket.objects.filter(studio=studio):
        before = ticket.subject, ticket.page, ticket.log_reference
        ticket.subject, ticket.log_reference = (wanted.sub(GONE, text) for text in (before[0], before[2]))
        if wanted.search(unquote_plus(ticket.page)):
            ticket.page = ""
        if before != (ticket.subject, ticket.page, ticket.log_reference):
            ticket.save(update_fields=["subject", "page", "log_reference"])
            named.add(ticket.pk)
    for message in TicketMessage.objects.filter(_any("text", words), ticket__studio=studio):
        text = wanted.sub(GONE, message.text)
        if text != message.text:
            message.text = text
            message.save(update_fields=["text"])
            named.add(message.ticket_id)
    TicketFile.objects.filter(message__ticket__in=named).delete()
    for file in TicketFile.objects.filter(message__ticket__studio=studio).iterator(chunk_size=5):
        if wanted.search(f"{file.name}\n{bytes(file.content).decode(errors='replace')}"):
            file.delete()


def _any(field: str, words: Sequence[str]) -> Q:
    return reduce(or_, (Q(**{f"{field}__icontains": word}) for word in words))
