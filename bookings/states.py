"""The states' words for filters and files (on screens, `components/state.html`), and which star an avatar bears."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.imports.rules import Flag
from bookings.models import Reservation
from bookings.rules import State

STATE_WORDS: dict[State, str | Promise] = {
    State.BOOKED: _("Booked"),
    State.CHECKED_IN: _("Checked in"),
    State.NO_CHECK_IN: _("No check-in yet"),
    State.NO_SHOW: _("No-show"),
    State.LATE_CANCELLED: _("Late cancel"),
    State.CANCELLED: _("Cancelled"),
    State.EXCUSED: _("Excused"),
    State.SESSION_CANCELLED: _("Class cancelled"),
}

FLAG_WORDS: dict[str, str | Promise] = {
    Flag.CANCELLED_AND_CHECKED_IN: _("cancelled and checked in"),
    Flag.CHECKED_IN_ON_ANOTHER_DAY: _("checked in on another day"),
    Flag.BOOKED_AFTER_THE_START: _("booked after the start"),
    Flag.STATUS_SAYS_OTHERWISE: _("the status says otherwise"),
    Reservation.CONFLICT: _("the marketplace says otherwise"),
}


def flag_words(flagged: str) -> str:
    """What `Reservation.flagged` asks a person to look at, in their language; empty for nothing."""
    return "; ".join(str(FLAG_WORDS.get(flag, flag)) for flag in flagged.split("; ")) if flagged else ""


def star_of(reservation: Reservation) -> str:
    """Which star the avatar bears, of a row from `with_first_visit`: "here", "elsewhere" or none (Q14)."""
    if not reservation.first_here:  # type: ignore[attr-defined]
        return ""
    return "elsewhere" if reservation.visits_elsewhere else "here"  # type: ignore[attr-defined]
