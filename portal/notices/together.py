"""The mail that tells a person what came of one kind within a minute: alone as it is, several as a list."""

from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from portal import mail
from portal.models import Job, Notice, StaffLogin
from portal.notices.footer import footer_of
from portal.notices.gathering import hold
from portal.notices.morning import Part, context_of, lines_of
from portal.notices.registry import How, NoticeKind, kind_of
from portal.notices.telling import how, reader


def send_together(job: Job, *, now: datetime) -> bool:
    """What waits under this job's key, as the reader wants the kind by now; whether there was a mail.

    A job that runs again after the mail went out finds nothing; one that was killed between mail and rows sends the
    same mail under the same Message-ID.
    """
    login, kind = reader(job.payload["login"]), kind_of(job.payload["kind"])
    if login is None:
        Notice.objects.filter(together=job.key, sent_at=None).delete()
        return False
    with transaction.atomic():
        hold(login)
        waiting = list(Notice.objects.filter(login=login, together=job.key, sent_at=None).order_by("pk"))
    found, wanted = Notice.objects.filter(pk__in=[one.pk for one in waiting]), how(login, kind)
    if wanted == How.DIGEST:
        found.update(together="", body="")
        return False
    told = bool(waiting) and wanted == How.AT_ONCE
    if told:
        _send(job, login, kind, waiting)
    found.update(sent_at=now, body="")
    return told


def _send(job: Job, login: StaffLogin, kind: NoticeKind, waiting: list[Notice]) -> None:
    language = login.mail_language
    with translation.override(language):
        if len(waiting) == 1:
            words = mail.Words(waiting[0].text, waiting[0].body)
        else:
            part = Part(fact=kind.fact_of(len(waiting)), heading=_("What happened"), lines=lines_of(waiting))
            context = {"name": login.user.get_short_name(), **context_of([part])}
            words = mail.words_of(login.studio, "portal/mail/morning.txt", context, language=language)
        footer = footer_of(login, kind)
    mail.send_words(job, words, to=login.user.email, studio=login.studio, footer=footer, language=language)
