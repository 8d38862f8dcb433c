"""The strip of a connection's last half hours in words."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.selectors.health import HalfHour, Slot
from portal.models import Location

MOST_MISSING = 6  # are told by their clock


def slot_words(one: HalfHour, place: Location) -> str:
    return f"{local_clock(one.at, place)}: {_slot(one)}"


def _slot(one: HalfHour) -> str:
    match one.slot:
        case Slot.DIFFERED:
            return ngettext("%(number)d class told", "%(number)d classes told", one.differed) % {"number": one.differed}
        case Slot.SAME:
            return _("all as they know it")
        case Slot.MISSING:
            return _("no sync")
        case Slot.RUNNING:
            return _("not over yet")
    return _("not connected yet")


def summary(strip: tuple[HalfHour, ...], place: Location) -> str:
    """The strip in words, for those who do not see it."""
    over = [one for one in strip if one.slot not in {Slot.RUNNING, Slot.BEFORE}]
    missing = [one for one in over if one.slot is Slot.MISSING]
    if not over:
        return _("No half hour is over yet.")
    words = _("%(number)d of %(all)d half hours had a sync.") % {"number": len(over) - len(missing), "all": len(over)}
    if not missing:
        return words
    clocks = ", ".join(local_clock(one.at, place) for one in missing[-MOST_MISSING:])
    more = _(" and earlier") if len(missing) > MOST_MISSING else ""
    without = _("Without one: %(clocks)s") % {"clocks": clocks}
    return f"{words} {without}{more}."


def local_clock(moment: datetime, place: Location, *, seconds: bool = False) -> str:
    return date_format(moment.astimezone(place.tz), "H:i:s" if seconds else "H:i")
