"""Mails that stay in the house, without a mail server and of practice studios: the operator reads them at `/mail/`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from portal.models import KeptMail, Studio

KEPT_FOR = timedelta(days=30)
MOST_WORDS = 8  # of a search


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


def kept_mails(words: str = "") -> QuerySet[KeptMail]:
    """Mails in which every one of the words stands, in an address, the studio's name or the subject; newest first."""
    found = KeptMail.objects.select_related("studio").defer("text", "html")
    for word in words.split()[:MOST_WORDS]:
        found = found.filter(
            Q(to__icontains=word)
            | Q(sender__icontains=word)
            | Q(subject__icontains=word)
            | Q(studio__name__icontains=word)
        )
    return found


def kept_mail(pk: int) -> KeptMail | None:
    return KeptMail.objects.select_related("studio").filter(pk=pk).first()


def forget_old(now: datetime, *, at_once: int) -> int:
    """Delete mails that were kept long enough, at most so many; how many."""
    old = KeptMail.objects.filter(sent_at__lt=now - KEPT_FOR).order_by("pk").values("pk")[:at_once]
    return KeptMail.objects.filter(pk__in=old).delete()[0]
