"""What another setting would have meant last month, in words; the counting is in `bookings.selectors.judged`."""

from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.rules import Origin
from bookings.selectors import judged
from bookings.selectors.local_days import next_month
from portal.models import ClosingDays
from portal.preferences.registry import Preview, Scope, register_preview


def last_month(scope: Scope, now: datetime) -> date:
    """The first day of the month before this one, where it is latest."""
    return next_month(max(place.local_day(now) for place in scope.locations).replace(day=1), step=-1)


def _told(facts: dict[str, Any]) -> dict[str, Any]:
    """Numbers as they are written in the reader's language."""
    return {
        name: number_format(fact, force_grouping=True) if isinstance(fact, int) else fact
        for name, fact in facts.items()
    }


def _month(month: date) -> str:
    return date_format(month, "YEAR_MONTH_FORMAT")


def grace(scope: Scope, minutes: int | None, now: datetime) -> Preview | None:
    """ "With 15 min grace, 6 of October's 41 no-shows would have been attended." """
    if scope.location is None or minutes is None:
        return None
    month, place = last_month(scope, now), scope.location
    found = judged.no_shows_by_grace(place, month, grace=timedelta(minutes=minutes), at=now)
    facts = {"minutes": minutes, "month": _month(month), "all": found.now, "then": found.then, "still": found.still}
    facts["saved"] = place.grace_minutes
    if not found.now and not found.then:
        return Preview(_("%(month)s: nobody was a no-show here, so there is nothing to judge by.") % _told(facts))
    if minutes > place.grace_minutes:
        number = facts["number"] = found.now - found.then
        words = ngettext(
            "With %(minutes)s min grace, %(number)s of the %(all)s no-shows of %(month)s would have been attended.",
            "With %(minutes)s min grace, %(number)s of the %(all)s no-shows of %(month)s would have been attended.",
            number,
        )
    elif minutes < place.grace_minutes:
        number = facts["number"] = found.then - found.now
        words = ngettext(
            "With %(minutes)s min grace, %(month)s would have had %(number)s no-show more: %(then)s, not %(all)s.",
            "With %(minutes)s min grace, %(month)s would have had %(number)s no-shows more: %(then)s, not %(all)s.",
            number,
        )
    else:
        words = ngettext("%(month)s had %(all)s no-show here.", "%(month)s had %(all)s no-shows here.", found.now)
    counted = _(
        "No-show: booked, and no tick %(saved)s minutes after the end, as set now. Attended: ticked after that, "
        "but within the grace typed. %(still)s of the %(all)s have no tick to this day."
    )
    return Preview(words % _told(facts), counted % _told(facts))


def correction_limit(scope: Scope, hours: int | None, now: datetime) -> Preview | None:
    if scope.location is None or hours is None:
        return None
    month = last_month(scope, now)
    made, late = judged.corrections_by_limit(scope.location, month, limit=timedelta(hours=hours))
    facts = {"hours": hours, "month": _month(month), "made": made, "late": late}
    if not made:
        return Preview(
            _("No class of %(month)s was corrected after its end, so there is nothing to judge by.") % _told(facts)
        )
    words = ngettext(
        "With %(hours)s hours, %(late)s of %(made)s correction to classes of %(month)s would have been refused.",
        "With %(hours)s hours, %(late)s of %(made)s corrections to classes of %(month)s would have been refused.",
        made,
    )
    counted = _(
        "Correction: what a person of the staff booked, ticked, marked or cancelled after the end of the class."
    )
    return Preview(words % _told(facts), counted)


def cancel_deadline(scope: Scope, hours: int | None, now: datetime) -> Preview | None:
    """Judges those whose deadline came from the rule that is being set, or from the one that it replaces."""
    if not scope.locations or (hours is None and scope.location is None):
        return None
    hours = scope.studio.cancel_hours if hours is None else hours
    origins = (Origin.LOCATION, Origin.STUDIO) if scope.location else (Origin.STUDIO,)
    month = last_month(scope, now)
    found = judged.cancellations_by_deadline(scope.locations, month, hours=hours, origins=origins)
    facts = {
        "hours": hours, "month": _month(month), "late": found.late, "saved": found.late_in_time,
        "in_time": found.in_time, "lost": found.in_time_late,
    }  # fmt: skip
    if not found.late and not found.in_time:
        return Preview(
            _("%(month)s: nobody cancelled under this rule, so there is nothing to judge by.") % _told(facts)
        )
    words = [
        ngettext(
            "With %(hours)s hours, %(saved)s of %(late)s late cancel of %(month)s would have been in time.",
            "With %(hours)s hours, %(saved)s of %(late)s late cancels of %(month)s would have been in time.",
            found.late,
        )
    ]
    if found.in_time_late:
        words.append(
            ngettext(
                "%(lost)s of %(in_time)s in time would have been late.",
                "%(lost)s of %(in_time)s in time would have been late.",
                found.in_time,
            )
        )
    counted = _(
        "Counted are cancellations whose deadline this rule set; classes and contracts with their own rule, and "
        "excused ones, are left out. Nobody knows who would have come or cancelled earlier under another rule."
    )
    return Preview(" ".join(words) % _told(facts), counted)


def _outside(scope: Scope, name: str, value: int | None, now: datetime) -> Preview | None:
    places = scope.locations if scope.location else [one for one in scope.locations if getattr(one, name) is None]
    if scope.location and value is None:
        value = getattr(scope.studio, name)
    if value is None or not places:
        return None
    month, opening = last_month(scope, now), name == "opens_hours"
    made, outside = judged.bookings_outside(
        places,
        month,
        opens=timedelta(hours=value) if opening else None,
        closes=None if opening else timedelta(minutes=value),
    )
    facts = {"month": _month(month), "made": made, "outside": outside}
    if not made:
        return Preview(
            _("No member booked a class of %(month)s under this rule, so there is nothing to judge by.") % _told(facts)
        )
    words = (
        ngettext(
            "%(outside)s of %(made)s booking that members made for %(month)s came before that.",
            "%(outside)s of %(made)s bookings that members made for %(month)s came before that.",
            made,
        )
        if opening
        else ngettext(
            "%(outside)s of %(made)s booking that members made for %(month)s came after that.",
            "%(outside)s of %(made)s bookings that members made for %(month)s came after that.",
            made,
        )
    )
    counted = _("Bookings by the desk and imported ones are left out, and classes with a time of their own.")
    return Preview(words % _told(facts), counted)


def opens(scope: Scope, hours: int | None, now: datetime) -> Preview | None:
    return _outside(scope, "opens_hours", hours, now)


def closes(scope: Scope, minutes: int | None, now: datetime) -> Preview | None:
    return _outside(scope, "closes_minutes", minutes, now)


def zone(scope: Scope, name: str | None, now: datetime) -> Preview | None:
    """What moves when a location gets another zone."""
    if scope.location is None or not scope.location.pk or not name or name == scope.location.zone:
        return None
    sessions, places = judged.sessions_to_come(scope.location, now=now)
    words = ngettext(
        "%(number)s session to come, %(places)s places booked, keeps its clock time: it happens at another moment.",
        "%(number)s sessions to come, %(places)s places booked, keep their clock time: they happen at other moments.",
        sessions,
    )
    return Preview(words % _told({"number": sessions, "places": places}), _("What has been stays when it was."))


def closing_days(scope: Scope, closing: ClosingDays | None, now: datetime) -> Preview | None:
    """Which classes already stand on these days."""
    if closing is None:
        return None
    sessions = judged.sessions_on(closing, scope.locations, now=now)
    if not sessions:
        return Preview(_("No class stands on these days."))
    booked = sum(session.places_taken for session in sessions)
    words = ngettext(
        "%(number)s class stands on these days, with %(places)s places booked. Closing does not cancel it.",
        "%(number)s classes stand on these days, with %(places)s places booked. Closing does not cancel them.",
        len(sessions),
    )
    rows = []
    for session in sessions:
        start = timezone.localtime(session.starts_at, session.location.tz)
        label = _("%(day)s, %(time)s %(name)s, %(place)s: %(number)d booked") % {
            "day": date_format(start, _("D j M")),
            "time": f"{start:%H:%M}",
            "name": session.item.name,
            "place": session.location.name,
            "number": session.places_taken,
        }
        rows.append((label, reverse("bookings:bookings", args=[scope.studio.slug])))
    return Preview(words % _told({"number": len(sessions), "places": booked}), rows=tuple(rows))


def register_previews() -> None:
    register_preview("location.grace_minutes", grace)
    register_preview("location.correction_hours", correction_limit)
    for row in ("studio", "location"):
        register_preview(f"{row}.cancel_hours", cancel_deadline)
        register_preview(f"{row}.opens_hours", opens)
        register_preview(f"{row}.closes_minutes", closes)
    register_preview("location.zone", zone)
    register_preview("closing_days", closing_days)
