"""What staff are told of classes by mail: the day in the morning mail, one's own classes the evening before."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.selectors.told import classes_on, own_classes_on, teachers_on, unsaid_yesterday
from bookings.selectors.upcoming import Booked
from bookings.words import clock, short_day
from portal.access import locations_for
from portal.models import DigestSent, Job, Location, StaffLogin, Teacher
from portal.notices.morning import Line, Part, register_part
from portal.notices.registry import USUAL_WAYS, How, NoticeKind, register
from portal.notices.rounds import due_at, key_of, write
from portal.notices.telling import notify, reader
from portal.roles import Preset, Right

TODAY, TOMORROW = "bookings.today", "bookings.tomorrow"
MAIL_EVENING = "bookings.mail_evening"
EVENING = "evening"
EVENING_AT = time(19)
MOST = 40  # classes in one mail; what is beyond is counted


def register_kinds() -> None:
    register(
        NoticeKind(
            word=TODAY,
            label=gettext_lazy("Today's classes"),
            about=gettext_lazy(
                "Places and newcomers of each class, which are low or full, and who of yesterday has no check-in."
            ),
            right=Right.VIEW_BOOKINGS,
            defaults={Preset.MANAGER: How.DIGEST},
            ways={way: USUAL_WAYS[way] for way in (How.OFF, How.DIGEST)},
        )
    )
    register(
        NoticeKind(
            word=TOMORROW,
            label=gettext_lazy("My classes of tomorrow"),
            about=gettext_lazy("How many are booked and new in each class that I teach; only when there is one."),
            right=Right.VIEW_TODAY,
            defaults={Preset.TEACHER: How.AT_ONCE},
            ways={How.OFF: USUAL_WAYS[How.OFF], How.AT_ONCE: gettext_lazy("The evening before, at 19:00")},
        )
    )
    register_part(TODAY, today_part)


def today_part(login: StaffLogin, now: datetime) -> list[Part]:
    """Today's classes and what yesterday left open, as this login may see them. Six queries."""
    places = locations_for(login)
    if not places:
        return []
    parts = []
    if booked := classes_on(login, places, offset=0, now=now):
        page = reverse("bookings:check_ins", args=[login.studio.slug])
        several = len(places) > 1
        lines = [Line(class_words(one, with_place=several), session_path(login, one)) for one in booked]
        heading = _("Today, %(day)s") % {"day": short_day(now, places[0])}
        parts.append(Part(fact=fact_of(booked), heading=heading, lines=_at_most(lines), path=page))
    if unsaid := unsaid_yesterday(login, places, now=now):
        number = sum(one.number for one in unsaid)
        said = ngettext(
            "%(number)d check-in of yesterday is open", "%(number)d check-ins of yesterday are open", number
        )
        lines = [
            Line(
                _("%(at)s %(name)s: %(number)d without a check-in")
                % {
                    "at": clock(one.session.starts_at, one.session.location),
                    "name": one.session.item.name,
                    "number": one.number,
                },
                reverse("bookings:session", args=[login.studio.slug, one.session.pk]),
            )
            for one in unsaid
        ]
        parts.append(Part(fact=said % {"number": number}, heading=_("Yesterday"), lines=_at_most(lines)))
    return parts


def fact_of(booked: list[Booked]) -> str:
    """ "12 classes, 87 booked, 3 new", for the subject."""
    people, new = sum(one.session.places_taken for one in booked), sum(one.newcomers for one in booked)
    words = [
        ngettext("%(number)d class", "%(number)d classes", len(booked)) % {"number": len(booked)},
        ngettext("%(number)d booked", "%(number)d booked", people) % {"number": people},
    ]
    if new:
        words.append(ngettext("%(number)d new", "%(number)d new", new) % {"number": new})
    return ", ".join(words)


def class_words(one: Booked, *, with_place: bool, with_teacher: bool = True) -> str:
    """ "18:00 Vinyasa, Centrum (Mira): 9 of 14, 2 new, full"."""
    session = one.session
    who = f" ({session.teacher.name})" if session.teacher and with_teacher else ""
    where = f", {session.location.name}" if with_place else ""
    words = {"taken": session.places_taken, "capacity": session.capacity}
    said = [_("%(taken)d of %(capacity)d") % words if session.capacity is not None else _("%(taken)d booked") % words]
    if one.newcomers:
        said.append(ngettext("%(number)d new", "%(number)d new", one.newcomers) % {"number": one.newcomers})
    if one.is_full:
        said.append(_("full"))
    elif one.is_low:
        said.append(_("low"))
    if one.waiting:
        said.append(ngettext("%(number)d waiting", "%(number)d waiting", one.waiting) % {"number": one.waiting})
    return f"{clock(session.starts_at, session.location)} {session.item.name}{where}{who}: {', '.join(said)}"


def session_path(login: StaffLogin, one: Booked) -> str:
    return reverse("bookings:session", args=[login.studio.slug, one.session.pk])


def _at_most(lines: list[Line]) -> list[Line]:
    more = len(lines) - MOST
    if more <= 0:
        return lines
    return [*lines[:MOST], Line(ngettext("and %(number)d more", "and %(number)d more", more) % {"number": more})]


def ask_for_evenings(*, now: datetime) -> int:
    """From 19:00 until midnight by the studio's clock: a job for each teacher who has classes tomorrow and was not told
    yet; how many. The same number of queries for any number of studios, but for one to write each studio's jobs."""
    due = due_at(now, opens=EVENING_AT, closes=None)
    if not due:
        return 0
    days = {studio: one.on + timedelta(days=1) for studio, one in due.items()}
    places = list(Location.objects.filter(studio__in=due))
    wanted: dict[int, dict[str, int]] = {}
    for studio, login in teachers_on(days, places):
        wanted.setdefault(studio, {})[key_of(MAIL_EVENING, login, due[studio].on)] = login
    return write(MAIL_EVENING, wanted, {studio: one.on for studio, one in due.items()})


def send_evening(job: Job, *, now: datetime) -> bool:
    """Tomorrow's own classes; whether there was a mail. Not after midnight, and never twice for a day."""
    login, on = reader(job.payload["login"]), date.fromisoformat(job.payload["on"])
    if login is None or DigestSent.objects.filter(login=login, kind=EVENING, on=on).exists():
        return False
    places, teacher = list(login.studio.locations.in_order()), Teacher.objects.filter(login=login).first()
    if teacher is None or not places or places[0].local_day(now) != on:
        return False
    booked = own_classes_on(teacher, places, offset=1, now=now)
    if not booked:
        return False
    with translation.override(login.mail_language):
        told = notify(
            job,
            login=login,
            kind=TOMORROW,
            template="bookings/mail/evening.txt",
            context=_evening(login, booked, several=len(places) > 1),
            path=reverse("bookings:bookings", args=[login.studio.slug]),
        )
    if told:
        DigestSent.objects.get_or_create(login=login, kind=EVENING, on=on, defaults={"sent_at": now})
    return told


def _evening(login: StaffLogin, booked: list[Booked], *, several: bool) -> dict[str, Any]:
    first = booked[0].session
    return {
        "day": short_day(first.starts_at, first.location),
        "at": clock(first.starts_at, first.location),
        "fact": fact_of(booked),
        "lines": [
            {
                "text": " ".join(class_words(one, with_place=several, with_teacher=False).split()),
                "link": settings.SITE_URL + session_path(login, one),
            }
            for one in booked
        ],
    }
