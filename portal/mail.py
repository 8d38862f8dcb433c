"""Mails to people, sent by job handlers: the row that causes a mail is written first (docs/queue.md)."""

import uuid
from collections.abc import Mapping
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template import Context, engines
from django.utils import translation

from portal.models import Job, Studio, User


def send(job: Job, *, to: str, studio: Studio, template: str, context: Mapping[str, Any]) -> bool:
    """Send one mail in the studio's language; False when there is no address.

    `template` names a text: its first line is the subject, the rest after an empty line the body. A job that runs
    twice sends the same Message-ID twice, which mail programs show once. Raises what the mail server's refusal raises,
    so that the queue tries again.
    """
    if not to:
        return False
    with translation.override(studio.language):
        text = _render(template, {"studio": studio, **context})
    subject, _, body = text.strip().partition("\n")
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    mail = EmailMessage(
        subject=" ".join(subject.split()),
        body=body.strip() + "\n",
        from_email=formataddr((studio.name, sender)),
        to=[to],
        headers={"Message-ID": f"<{uuid.uuid5(uuid.NAMESPACE_OID, job.key)}@{sender.rpartition('@')[2]}>"},
    )
    mail.send()
    return True


def subject_of(studio: Studio, template: str, context: Mapping[str, Any]) -> str:
    """The subject that the mail would have: the fact, in the studio's language."""
    with translation.override(studio.language):
        text = _render(template, {"studio": studio, **context})
    return " ".join(text.strip().partition("\n")[0].split())


def operator_address() -> str:
    """Where the operator of the installation reads mails: as the settings say, else at their login; "" for nobody."""
    if settings.OPERATOR_EMAIL:
        return str(settings.OPERATOR_EMAIL)
    operators = User.objects.filter(is_active=True, is_staff=True, is_superuser=True).order_by("pk")
    return operators.values_list("email", flat=True).first() or ""


def _render(template: str, context: Mapping[str, Any]) -> str:
    """Plain text: an ampersand in a name stays one."""
    engine = engines["django"].engine  # type: ignore[attr-defined]
    return str(engine.get_template(template).render(Context(dict(context), autoescape=False)))
