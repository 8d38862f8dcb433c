"""The mail that tells a person what came of one kind within a minute: alone as it is, several as a list."""

from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from portal import mail
from portal.models import Job, Notice, StaffLogin
from portal.notices.footer import footer_of
from portal.notices.gathering import hold
from portal.notices.morning import Part, context_of, lines_of, mark_told
from portal.notices.registry import How, NoticeKind, kind_of
from portal.notices.saying import Said, ask
from portal.notices.telling import reader


def send_together(job: Job, *, now: datetime) -> bool:
    """What waits under this job's key, as it is and as the reader wants it by now; whether there was a mail.

    What its reader wants in the morning by now, or has become news of another kind, waits for the morning mail. A job
    that runs again after the mail went out finds nothing; one that was killed between mail and rows sends a mail about
    the same news under the same Message-ID.
    """
    login, kind = reader(job.payload["login"]), kind_of(job.payload["kind"])
    if login is None:
        Notice.objects.filter(together=job.key, sent_at=None).delete()
        return False
    with transaction.atomic():
        hold(login)
        waiting = list(Notice.objects.filter(login=login, together=job.key, sent_at=None).order_by("pk"))
    heard = ask(waiting)
    at_once = [said for _row, said in heard if said.how == How.AT_ONCE and said.kind == kind.word]
    later = [row.pk for row, said in heard if said not in at_once]
    if at_once:
        _send(job, login, kind, at_once)
    with transaction.atomic():
        Notice.objects.filter(pk__in=later).update(together="")
        mark_told([row.pk for row in waiting if row.pk not in later], at_once, now=now)
    return bool(at_once)


def _send(job: Job, login: StaffLogin, kind: NoticeKind, told: list[Said]) -> None:
    language = login.mail_language
    with translation.override(language):
        if len(told) == 1:
            words = told[0].words
        else:
            part = Part(fact=kind.fact_of(len(told)), heading=_("What happened"), lines=lines_of(told))
            context = {"name": login.user.get_short_name(), **context_of([part])}
            words = mail.words_of(login.studio, "portal/mail/morning.txt", context, language=language)
        footer = footer_of(login, kind)
    mail.send_words(job, words, to=login.user.email, studio=login.studio, footer=footer, language=language)
