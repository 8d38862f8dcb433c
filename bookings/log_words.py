"""What became of a reservation, in the words of its two axes, for every log that tells of it."""

from django.utils.translation import gettext as _

from bookings.models import ReservationEvent
from bookings.rules import Attendance, Booking


def axes_words(event: ReservationEvent) -> list[str]:
    """What the reservation was and became, in the words of its two axes."""
    said = []
    for name, choices in (("booking", _booking_words()), ("attendance", _attendance_words())):
        was, became = event.before.get(name), event.after.get(name)
        if was and became and was != became:
            said.append(before_and_after(choices[was], choices[became]))
    was, became = event.before.get("spot"), event.after.get("spot")
    if was != became and became:
        said.append(
            before_and_after(_("spot %(spot)s") % {"spot": was or _("none")}, _("spot %(spot)s") % {"spot": became})
        )
    return said


def before_and_after(was: str, became: str) -> str:
    return _("before: %(was)s, after: %(became)s") % {"was": was, "became": became}


def _booking_words() -> dict[str, str]:
    return {
        Booking.BOOKED: _("Booked"),
        Booking.CANCELLED: _("Cancelled"),
        Booking.LATE_CANCELLED: _("Late cancel"),
    }


def _attendance_words() -> dict[str, str]:
    return {
        Attendance.UNKNOWN: _("no tick"),
        Attendance.CHECKED_IN: _("Checked in"),
        Attendance.NO_SHOW: _("No-show"),
    }
