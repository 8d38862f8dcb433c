"""What the member's page asks and answers."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from bookings.models import Reservation
from bookings.words import day_and_clock
from reviews.links import open_until
from reviews.rules import Criterion, Refusal

QUESTIONS: Mapping[Criterion, Promise] = {
    Criterion.CLASS: gettext_lazy("How was the class?"),
    Criterion.TEACHER: gettext_lazy("How was the teacher?"),
    Criterion.PLACE: gettext_lazy("How was the place?"),
    Criterion.WELCOME: gettext_lazy("How was the welcome?"),
}
NAMES: Mapping[Criterion, Promise] = {
    Criterion.CLASS: pgettext_lazy("criterion of a review", "Class"),
    Criterion.TEACHER: pgettext_lazy("criterion of a review", "Teacher"),
    Criterion.PLACE: pgettext_lazy("criterion of a review", "Place"),
    Criterion.WELCOME: pgettext_lazy("criterion of a review", "Welcome"),
}
MARKS: Mapping[int, Promise] = {
    1: pgettext_lazy("marks of a review", "poor"),
    2: pgettext_lazy("marks of a review", "fair"),
    3: pgettext_lazy("marks of a review", "good"),
    4: pgettext_lazy("marks of a review", "very good"),
    5: pgettext_lazy("marks of a review", "excellent"),
}


def refusal_words(refusal: Refusal, reservation: Reservation) -> str:
    """Why this visit cannot be reviewed now, and what can be done."""
    place = reservation.location
    if refusal is Refusal.TOO_LATE:
        return too_late_words(reservation)
    if reservation.session.cancelled_at is not None:
        return _("This class was cancelled, so there is no visit to review.")
    if refusal is Refusal.NOT_OVER:
        end = day_and_clock(reservation.ends_at, place)
        return _("The class ends %(moment)s. You can write about it from then on; this link stays good.") % {
            "moment": end
        }
    return _(
        "Reviews are for visits with a check-in, and the studio has none of you here. If you were there, please ask"
        " at the desk: once they have corrected it, this link works, until %(moment)s."
    ) % {"moment": day_and_clock(open_until(reservation), place)}


def stale_words() -> str:
    return _("Nothing can be written with this link. Please use the one of the mail that asked you for a review.")


def too_late_words(reservation: Reservation) -> str:
    return _("This review could be written until %(moment)s, 14 days after the class. That time is over.") % {
        "moment": day_and_clock(open_until(reservation), reservation.location)
    }
