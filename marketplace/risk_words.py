"""What the counter says of visits that may not be paid, and of what two sides say differently."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.words import clock, day_and_clock
from marketplace.models import Conflict
from marketplace.rules.risk import Act
from marketplace.selectors.at_risk import AtRisk
from portal.models import Location

Kind = Conflict.Kind


def what_to_do(one: AtRisk) -> str:
    """What saves this visit, to whoever stands at the counter."""
    words = {"marketplace": one.visit.connection.marketplace.name}
    return {
        Act.TICK: _("Checked in at %(marketplace)s, no tick here: tick it, if the guest was here."),
        Act.CONFIRM: _("Ticked here, not at %(marketplace)s: ask the guest to check in there with the app."),
        Act.REPORT: _("Ticked here, not at %(marketplace)s: have %(marketplace)s correct it."),
        Act.ANSWER: _("No tick here, no check-in at %(marketplace)s: say whether the guest was here."),
    }[one.risk.act] % words


def time_left(until: datetime, place: Location, *, now: datetime) -> str:
    """ "18 min left", "5 h left", then the moment: "until Fri 4 Dec, 19:00"."""
    minutes = max(0, int((until - now).total_seconds()) // 60)
    if minutes < 120:
        return ngettext("%(number)d min left", "%(number)d min left", minutes) % {"number": minutes}
    hours = minutes // 60
    if hours < 24:
        return ngettext("%(number)d h left", "%(number)d h left", hours) % {"number": hours}
    return _("until %(moment)s") % {"moment": day_and_clock(until, place)}


def conflict_words(conflict: Conflict, *, now: datetime) -> str:
    """Both sides in a line: "cancelled by Wellpass 19:40, checked in 18:02 by Ana" (Q11)."""
    place = place_of(conflict)
    reservation = conflict.visit.reservation if conflict.visit else None
    words = {"marketplace": conflict.connection.marketplace.name, "at": _told(conflict.about, place, now)}
    if conflict.kind == Kind.CANCELLED_AFTER_CHECK_IN and reservation and reservation.checked_in_at:
        words["in"] = _told(reservation.checked_in_at, place, now)
        by = reservation.checked_in_by
        if by is not None:
            words["by"] = by.user.get_short_name()
            return _("cancelled by %(marketplace)s %(at)s, checked in %(in)s by %(by)s") % words
        return _("cancelled by %(marketplace)s %(at)s, checked in %(in)s") % words
    if conflict.kind == Kind.CHECK_IN_AFTER_CANCEL and reservation and reservation.cancelled_at:
        words["off"] = _told(reservation.cancelled_at, place, now)
        return _("checked in by %(marketplace)s %(at)s, cancelled %(off)s") % words
    return {
        Kind.CANCELLED_AFTER_CHECK_IN: _("cancelled by %(marketplace)s %(at)s, after the check-in"),
        Kind.CHECK_IN_AFTER_CANCEL: _("checked in by %(marketplace)s %(at)s, although it was cancelled"),
        Kind.CHECK_IN_NOT_TAKEN: _("checked in by %(marketplace)s %(at)s, no tick here"),
        Kind.CHECK_IN_WITHOUT_BOOKING: _("checked in by %(marketplace)s %(at)s, without a booking here"),
        Kind.CANCELLED_TOO_LATE: _("cancelled by %(marketplace)s %(at)s, after the start"),
    }[Kind(conflict.kind)] % words


def place_of(conflict: Conflict) -> Location | None:
    if conflict.visit and conflict.visit.session:
        return conflict.visit.session.location
    return conflict.location


def _told(moment: datetime, place: Location | None, now: datetime) -> str:
    if place is None:
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    is_today = place.local_day(moment) == place.local_day(now)
    return clock(moment, place) if is_today else day_and_clock(moment, place)
