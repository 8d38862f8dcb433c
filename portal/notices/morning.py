"""The morning mail: what apps have to say about the day, and the news that waited for it.

register_part("bookings.today", today_part)     # in AppConfig.ready; the kind offers `How.DIGEST`
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, TypeAlias

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import mail
from portal.models import DigestSent, Job, Location, Notice, StaffLogin
from portal.notices.footer import footer_of
from portal.notices.registry import How
from portal.notices.saying import Said, ask
from portal.notices.telling import hows_of, reader

MORNING = "morning"
OPENS, CLOSES = time(7), time(12)  # by the clock of the studio's first location
MOST_NEWS = 50  # rows in one mail; what is beyond is counted


@dataclass(frozen=True)
class Line:
    text: str
    path: str = ""


@dataclass(frozen=True)
class Part:
    """What an app says: a heading, lines, where to look (paths from the root of the site), and the fact of it all, for
    the mail's subject."""

    fact: str
    heading: str
    lines: list[Line]
    path: str = ""


Provider: TypeAlias = Callable[[StaffLogin, datetime], list[Part]]

_parts: dict[str, Provider] = {}


def register_part(kind: str, provider: Provider) -> None:
    """Add what the morning mail says of a kind; it looks at the login's locations and own classes itself, and costs the
    same number of queries however much there is."""
    _parts[kind] = provider


def part_kinds() -> list[str]:
    return list(_parts)


def send_morning(job: Job, *, now: datetime) -> bool:
    """One person's mail of the day in the payload; whether there was one. Nothing to say: none.

    From 07:00 until noon by the studio's clock; what came after 07:00 waits for the next morning. A job that runs again
    after the mail went out sends nothing.
    """
    login, on = reader(job.payload["login"]), date.fromisoformat(job.payload["on"])
    place = Location.objects.filter(studio=login.studio).in_order().first() if login else None
    if login is None or place is None:
        return False
    since, until = (datetime.combine(on, clock, place.tz) for clock in (OPENS, CLOSES))
    if not since <= now < until or DigestSent.objects.filter(login=login, kind=MORNING, on=on).exists():
        return False
    news = Notice.objects.filter(login=login, together="", sent_at=None, occurred_at__lt=since)
    waiting, language = list(news.order_by("pk")), login.mail_language
    told = [said for _row, said in ask(waiting)]
    with translation.override(language):
        hears = hows_of(login)
        parts = [part for kind, give in _parts.items() if hears.get(kind) == How.DIGEST for part in give(login, now)]
        parts += _news(told)
        if parts:
            context = {"name": login.user.get_short_name(), **context_of(parts)}
            footer = footer_of(login)
            mail.send(
                job,
                to=login.user.email,
                studio=login.studio,
                template="portal/mail/morning.txt",
                context=context,
                footer=footer,
                language=language,
            )
    with transaction.atomic():
        mark_told([row.pk for row in waiting], told, now=now)
        if parts:
            DigestSent.objects.get_or_create(login=login, kind=MORNING, on=on, defaults={"sent_at": now})
    return bool(parts)


def mark_told(rows: list[int], told: Sequence[Said], *, now: datetime) -> None:
    """That these rows wait no longer, and that a mail with what they said went out. Inside a transaction."""
    Notice.objects.filter(pk__in=rows).update(sent_at=now)
    for said in told:
        said.when_out()


def _news(found: list[Said]) -> list[Part]:
    """What waited, as far as this person may still hear of it and has not turned it off since."""
    if not found:
        return []
    fact = found[0].fact if len(found) == 1 else _count(len(found))
    return [Part(fact=fact, heading=_("What happened"), lines=lines_of(found))]


def lines_of(news: list[Said]) -> list[Line]:
    """A line for each, and one that counts what is beyond the most that a mail has."""
    shown = [Line(one.fact, one.path) for one in news[:MOST_NEWS]]
    if more := len(news) - len(shown):
        shown.append(Line(ngettext("and %(number)d more", "and %(number)d more", more) % {"number": more}))
    return shown


def _count(number: int) -> str:
    return ngettext("%(number)d piece of news", "%(number)d pieces of news", number) % {"number": number}


def context_of(parts: list[Part]) -> dict[str, Any]:
    """Each piece of text on one line: names come from outside."""
    return {
        "subject": " · ".join(part.fact for part in parts),
        "parts": [
            {
                "heading": one_line(part.heading),
                "link": settings.SITE_URL + part.path if part.path else "",
                "lines": [
                    {"text": one_line(line.text), "link": settings.SITE_URL + line.path if line.path else ""}
                    for line in part.lines
                ],
            }
            for part in parts
        ],
    }


def one_line(text: str) -> str:
    return " ".join(text.split())
