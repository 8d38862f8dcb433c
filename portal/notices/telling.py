"""Telling one person one thing, as they want it: not at all, by mail at once, or in their next morning mail."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import translation

from portal import mail
from portal.models import Job, NoticeChoice, StaffLogin, Studio
from portal.notices import gathering, saying
from portal.notices.footer import footer_of
from portal.notices.gathering import gather, keep
from portal.notices.registry import How, NoticeKind, default_of, kind_of, kinds_for, may_get

# What is told later than this after it happened (nothing ran meanwhile) waits for the morning mail: one, not forty.
FRESH_FOR = timedelta(hours=24)


def how(login: StaffLogin, kind: str | NoticeKind) -> NoticeChoice.How:
    """How this login hears of a kind: its own choice, else the kind's default for its preset; off without the right.
    Two queries at most."""
    found = kind_of(kind) if isinstance(kind, str) else kind
    if not may_get(login, found):
        return How.OFF
    chosen = NoticeChoice.objects.filter(login=login, kind=found.word).values_list("how", flat=True).first()
    return way_of(login, found, chosen)


def hows(logins: Iterable[StaffLogin], kind: str | NoticeKind) -> dict[int, NoticeChoice.How]:
    """The same of many logins by their key, in one query. They come with `is_pinned` (`logins_of`)."""
    found = kind_of(kind) if isinstance(kind, str) else kind
    people = {login.pk: login for login in logins}
    chosen = dict(NoticeChoice.objects.filter(login__in=people, kind=found.word).values_list("login", "how"))
    return {
        key: way_of(login, found, chosen.get(key)) if may_get(login, found) else How.OFF
        for key, login in people.items()
    }


def hows_of(login: StaffLogin) -> dict[str, NoticeChoice.How]:
    """How one login hears of each kind that it may get, in the kinds' order. Two queries at most."""
    chosen = dict(NoticeChoice.objects.filter(login=login).values_list("kind", "how"))
    return {kind.word: way_of(login, kind, chosen.get(kind.word)) for kind in kinds_for(login)}


def way_of(login: StaffLogin, kind: NoticeKind, chosen: str | None) -> NoticeChoice.How:
    """What a choice (None: there is none) makes of a kind that the login may get. One that the kind does not offer any
    more is none."""
    if kind.fixed:
        return How.AT_ONCE
    return How(chosen) if chosen and chosen in kind.ways else default_of(login, kind)


def logins_of(studio: Studio) -> list[StaffLogin]:
    """Everybody who can log in at the studio, with user and `is_pinned`. One query."""
    pins = StaffLogin.locations.through.objects.filter(stafflogin=OuterRef("pk"))
    found = StaffLogin.objects.filter(studio=studio, is_active=True, user__is_active=True)
    logins: list[StaffLogin] = []
    for login in found.select_related("user", "studio").annotate(has_pins=Exists(pins)).order_by("pk"):
        login.is_pinned = login.has_pins
        logins.append(login)
    return logins


def readers(studio: Studio, kind: str | NoticeKind) -> list[StaffLogin]:
    """Who is told of this kind at the studio, at once or in the morning: one job for each of them. Two queries."""
    logins = logins_of(studio)
    wanted = hows(logins, kind)
    return [login for login in logins if wanted[login.pk] != How.OFF]


def reader(pk: int) -> StaffLogin | None:
    """The login of a job's payload, read afresh; None when nobody can log in with it any more. One query."""
    found = StaffLogin.objects.filter(pk=pk, is_active=True, user__is_active=True)
    return found.select_related("user", "studio").first()


def language_of(job: Job, studio: Studio) -> str:
    """In which language the reader of a job's payload hears of the studio; without one the operator does."""
    if "login" not in job.payload:
        return mail.operator_language() or studio.language
    login = reader(job.payload["login"])
    return login.mail_language if login else studio.language


def notify(
    job: Job,
    *,
    login: StaffLogin,
    kind: str,
    template: str,
    context: Mapping[str, Any],
    path: str,
    now: datetime | None = None,
    when_out: Callable[[], Any] = lambda: None,
) -> bool:
    """Tell one person, as they want it and in their language; whether they hear of it at all, at once (a kind that is
    counted: with what else comes of it within a minute) or in the morning.

    For handlers of jobs that are not transactional, one job for each reader. `template` as for `portal.mail.send`; it
    gets `name` and `link` besides, unless `context` says otherwise. `path`: where it is to be seen, from the root of
    the site. `now`: given, what happened over a day before waits for the morning mail. `when_out`: called when a mail
    that tells it went out, perhaps twice.

    What waits for a mail is asked for its words when that goes out: the handler runs again then, under its job, and
    what it says here is part of that mail (`portal.notices.saying`).
    """
    wanted, found = how(login, kind), kind_of(kind)
    if wanted == How.OFF or not login.user.is_active:
        return False
    if not saying.is_asked():
        if wanted == How.AT_ONCE and now is not None and now - job.created_at > FRESH_FOR:
            wanted = How.AT_ONCE if found.fixed else How.DIGEST
        if wanted == How.DIGEST:
            keep(job, login, kind)
            return True
        if found.counted and gathering.WINDOW:
            gather(job, login, kind)
            return bool(login.user.email)
    language = login.mail_language
    given = {"name": login.user.get_short_name(), "link": settings.SITE_URL + path, **context}
    words = mail.words_of(login.studio, template, given, language=language)
    if saying.is_asked():
        saying.say(saying.Said(kind, wanted, words, path, when_out))
        return True
    with translation.override(language):
        footer = footer_of(login, found)
    went = mail.send_words(job, words, to=login.user.email, studio=login.studio, footer=footer, language=language)
    if went:
        when_out()
    return went
