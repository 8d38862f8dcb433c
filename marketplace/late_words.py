"""What a late sync says to people: what happened, what is safe, what to do."""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.words import day_and_clock
from marketplace.models import Connection
from marketplace.rules import LateBecause, Lateness
from portal.models import Location


def late_headline(connection: Connection, late: Lateness, affected: int) -> str:
    """The fact in one line, for a subject and a banner: "Wellpass sync late by 25 min, 3 classes affected"."""
    words = {"marketplace": connection.marketplace.name, "time": span(late.by)}
    if not affected:
        return _("%(marketplace)s sync late by %(time)s") % words
    text = ngettext(
        "%(marketplace)s sync late by %(time)s, %(number)d class affected",
        "%(marketplace)s sync late by %(time)s, %(number)d classes affected",
        affected,
    )
    return text % {**words, "number": affected}


def late_because(connection: Connection, late: Lateness, place: Location) -> str:
    """Why, in a sentence, with the moment since when."""
    if late.since is None:
        return ""
    words = {"marketplace": connection.marketplace.name, "when": day_and_clock(late.since, place)}
    match late.reason:
        case LateBecause.NEVER_COMPARED:
            return _("Nothing was compared since the connection was activated, %(when)s.") % words
        case LateBecause.NOT_COMPARED:
            return _("The last full sync ended %(when)s.") % words
        case LateBecause.NOT_HEARD if connection.locked_out_at:
            return _("%(marketplace)s does not accept our credentials, and hears of no change since %(when)s.") % words
        case LateBecause.NOT_HEARD:
            return _("%(marketplace)s does not answer, and hears of no change since %(when)s.") % words
    return ""


def span(time: timedelta) -> str:
    """ "25 min", "3 h 5 min", "2 d 4 h": as much as helps."""
    minutes = max(int(time.total_seconds() // 60), 0)
    hours, days = minutes // 60, minutes // 1440
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours % 24}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes % 60}
    return _("%(minutes)d min") % {"minutes": minutes}
