"""Mails that stay in the house, without a mail server and of practice studios: the operator reads them at `/mail/`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models.functions import Now

from portal.models import KeptMail, Studio


def mails_go_out() -> bool:
    """Whether this installation hands its mails to a server; else they are kept."""
    return not str(settings.EMAIL_BACKEND).startswith(KeepingBackend.__module__)


class KeepingBackend(BaseEmailBackend):
    """Writes each mail as a row: web and worker may be on two machines, and files would be on one of them."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        KeptMail.objects.bulk_create(_kept(mail) for mail in email_messages if mail.recipients())
        return len(email_messages)


def _kept(mail: EmailMessage) -> KeptMail:
    html = next((str(part) for part, kind in getattr(mail, "alternatives", []) if kind == "text/html"), "")
    studio: Studio | None = getattr(mail, "kept_for", None)
    values: dict[str, Any] = {
        "message_id": str(mail.extra_headers.get("Message-ID", ""))[:200],
        "sender": mail.from_email[:300],
        "to": ", ".join(mail.recipients()),
        "subject": " ".join(str(mail.subject).split())[:500],
        "text": str(mail.body).replace("\0", ""),
        "html": html.replace("\0", ""),
        "studio": studio,
        "sent_at": Now(),
    }
    return KeptMail(**values)
