"""Mails to people, sent by job handlers: the row that causes a mail is written first (docs/queue.md, docs/notices.md).

Each is text and HTML; a text template is the one source of both (`portal.mail_html`).
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from typing import Any

from anymail.message import attach_inline_image
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template import Context, engines
from django.utils import translation

from portal import mail_health
from portal.jobs import Away
from portal.mail_html import page_of
from portal.mail_refusals import NO_ANSWER, is_silence, meaning_of
from portal.mail_smtp import HASTY
from portal.mailbox import KeepingBackend
from portal.models import Job, Studio, User

KEEPING = "portal.mailbox.KeepingBackend"


@dataclass(frozen=True)
class Words:
    """A mail's subject, on one line, and its plain text."""

    subject: str
    body: str


def send(
    job: Job,
    *,
    to: str,
    studio: Studio,
    template: str,
    context: Mapping[str, Any],
    footer: str = "",
    unsubscribe: str = "",
    language: str = "",
) -> bool:
    """Send one mail as text and HTML; False when there is no address.

    `template` names a text: its first line is the subject, the rest after an empty line the body. `footer`: why the
    reader gets it and where to change that, translated; an address of ours on a line of its own is a link.
    `unsubscribe`: an address of ours that takes a POST of who wants no more of them (RFC 8058). `language`: of the
    reader; "": the studio's. A job that runs twice sends the same Message-ID twice, which mail programs show once.
    Raises GiveUp, Away or InDoubt as `deliver` does.
    """
    if not to:
        return False
    words = words_of(studio, template, context, language=language)
    return send_words(job, words, to=to, studio=studio, footer=footer, unsubscribe=unsubscribe, language=language)


def send_words(
    job: Job, words: Words, *, to: str, studio: Studio, footer: str = "", unsubscribe: str = "", language: str = ""
) -> bool:
    """The same of a mail whose text is there already."""
    if not to:
        return False
    mail = EmailMultiAlternatives(
        from_email=formataddr((" ".join(studio.name.split()), _sender())),
        to=[to],
        headers={"Message-ID": f"<{uuid.uuid5(uuid.NAMESPACE_OID, job.key)}@{sender_domain()}>"},
        # What a practice studio's made-up people are written stays in the house.
        connection=get_connection(KEEPING) if studio.is_practice else None,
    )
    if unsubscribe:
        mail.extra_headers |= {
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    origins = [str(job.payload.get("origin") or "")]
    with translation.override(language or studio.language):
        fill(mail, words.subject, words.body, studio=studio, footer=footer, origins=origins)
    deliver(mail)
    return True


def words_of(studio: Studio, template: str, context: Mapping[str, Any], *, language: str = "") -> Words:
    """What a mail says, in the reader's language ("": the studio's); the subject is the fact."""
    with translation.override(language or studio.language):
        text = _render(template, {"studio": studio, **context})
    subject, _, body = text.strip().partition("\n")
    return Words(" ".join(subject.split()), body.strip())


def fill(
    mail: EmailMultiAlternatives,
    subject: str,
    body: str,
    *,
    studio: Studio | None = None,
    footer: str = "",
    origins: Iterable[str] = (),
) -> None:
    """Give a mail its subject, text and HTML. `origins`: further beginnings of addresses that may be links, as
    "https://studio.example"; those of `SITE_URL` always may."""
    mail.subject = " ".join(subject.split())
    body = body.strip()
    mail.body = body + (f"\n\n--\n{footer.strip()}" if footer else "") + "\n"
    mail.extra_headers["Auto-Submitted"] = "auto-generated"  # no machine answers it (RFC 3834)
    if "postmark" in settings.EMAIL_BACKEND:
        mail.extra_headers["X-PM-KeepID"] = "true"  # else it gives a Message-ID of its own
    mail.kept_for = studio  # type: ignore[attr-defined]  # read by `portal.mailbox`
    ours = tuple(f"{origin.rstrip('/')}/" for origin in (settings.SITE_URL, *origins) if origin)
    page = page_of(mail.subject, body, ours=ours, studio=studio, logo=_attach_logo(mail, studio), footer=footer)
    mail.attach_alternative(page, "text/html")


def deliver(mail: EmailMultiAlternatives) -> None:
    """Send it. Raises GiveUp, Away or InDoubt with the reason and no address in it (`portal.mail_refusals`)."""
    if isinstance(mail.connection, KeepingBackend):
        mail.send()
        return
    with in_words():
        mail.send()


def in_haste() -> Any:
    """The connection for a mail that goes out while a page waits for it: eight seconds at most."""
    return get_connection(hasty=True, requests_timeout=HASTY.to_take)


@contextmanager
def in_words(*, hasty: bool = False) -> Iterator[None]:
    """Around handing a mail over: what is raised has words, and whether mails are taken is noted. `hasty`: by
    `in_haste`. Raises what `deliver` does."""
    if mail_health.is_left_alone(hasty=hasty):
        raise Away(NO_ANSWER)
    try:
        yield
    except Exception as error:
        meaning, is_of_server = meaning_of(error)
        if is_of_server:
            mail_health.note(mail_health.REFUSED)
        if is_silence(error):
            mail_health.note(mail_health.SLOW if hasty else mail_health.SILENT)
        if meaning is error:
            raise
        raise meaning from error
    mail_health.note(mail_health.SENT)


def sender_domain() -> str:
    return _sender().rpartition("@")[2]


def _sender() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def operator_address() -> str:
    """Where the operator of the installation reads mails: as the settings say, else at their login; "" for nobody."""
    if settings.OPERATOR_EMAIL:
        return str(settings.OPERATOR_EMAIL)
    operators = User.objects.filter(is_active=True, is_staff=True, is_superuser=True).order_by("pk")
    return operators.values_list("email", flat=True).first() or ""


def operator_language() -> str:
    """In which language the operator wants mails; "" where nobody chose one."""
    return language_at(operator_address())


def language_at(email: str) -> str:
    """The language that the person with this address chose for mails; "" for none, and for nobody."""
    return User.objects.filter(email__iexact=email).values_list("language", flat=True).first() or ""


def _attach_logo(mail: EmailMultiAlternatives, studio: Studio | None) -> str:
    """The Content-ID of the logo; "" without one. It comes along: mail programs fetch nothing unasked."""
    if studio is None or not studio.logo:
        return ""
    try:
        with studio.logo.open("rb") as file:
            content = file.read()
    except OSError:
        return ""
    mail.mixed_subtype = "related"  # type: ignore[attr-defined]
    return str(attach_inline_image(mail, content, filename="logo.png", subtype="png", domain="logo.invalid"))


def _render(template: str, context: Mapping[str, Any]) -> str:
    """Plain text: an ampersand in a name stays one."""
    engine = engines["django"].engine  # type: ignore[attr-defined]
    return str(engine.get_template(template).render(Context(dict(context), autoescape=False)))
