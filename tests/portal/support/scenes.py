"""Questions to the operator, as people ask them."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from portal.models import StaffLogin, Ticket
from portal.support import tickets
from portal.support.tickets import About

ASK, LISTED = "/one/support/ask/", "/one/support/questions/"
ASKED = {"subject": "Two invoices", "text": "Which one is <b>right</b>?"}
PDF = b"%PDF-1.7 x"


def as_(login: StaffLogin) -> Client:
    client = Client()
    client.force_login(login.user)
    return client


def asked(login: StaffLogin, **more: Any) -> Ticket:
    given = {"subject": "Why?", "text": "Please.", "about": About(), "now": timezone.now()}
    return tickets.open_ticket(login, **(given | more))


def files(*pairs: tuple[str, bytes]) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name, content) for name, content in pairs]
