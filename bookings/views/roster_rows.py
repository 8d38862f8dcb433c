"""A roster's lines, ready to be written: `templates/bookings/session.html`, partial `row`."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import uuid4

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bookings.models import Reservation
from bookings.rules import Booking, State
from bookings.selectors.reception import Meeting, Person, plain
from bookings.selectors.roster import Place
from bookings.sources import is_own, source_name
from bookings.states import flag_words
from bookings.views.addresses import address_of
from bookings.views.check_ins import Viewer, star_text, uses_of
from bookings.views.paid_rows import PaidRow
from bookings.words import clock, day_and_clock
from portal.models import Location
from portal.people import brief, hue, initials

# What a form says in `as`, so that the answer holds the roster's row and not the counter's.
ROSTER = "roster"
ROSTER_TEMPLATE = "bookings/session.html"
_EXPECTED, _CANCELLED = SafeString("expected"), SafeString("cancelled")


@dataclass(frozen=True)
class RosterRow:
    """One line. `tick_url` is empty where nothing can be ticked; `tab` is the one that it belongs to.

    What is a `SafeString` is escaped once here, for it stands several times in the row or needs no escaping.
    """

    place: Place
    person: Person
    name: SafeString
    # Numbers as they stand in the page: a template would ask for each how the reader's language writes it.
    key: SafeString
    session: SafeString
    brief: str
    initials: str
    hue: SafeString
    star_text: SafeString
    policy: str
    # Before the start, and of those who gave up; later it only fills the row.
    is_policy_news: bool
    look_at: str
    state: SafeString
    source: SafeString
    tick_url: str
    photo: str
    find: str
    tab: SafeString
    more_words: str
    tick_words: str
    uses: PaidRow | None
    why_url: str
    # Made here for browsers without script; a script makes its own (Q17).
    action_id: SafeString


def roster_row(place: Place, meeting: Meeting, viewer: Viewer) -> RosterRow:
    person, location = place.person, meeting.location
    name = person.name
    moment = person.checked_in_at if person.is_in else person.cancelled_at
    language = get_language() or ""
    more, tick = _row_words(language)
    return RosterRow(
        place=place,
        person=person,
        name=escape(name),
        key=SafeString(person.id),
        session=SafeString(person.session_id),
        brief=brief(name),
        initials=initials(name),
        hue=SafeString(hue(name)),
        star_text=escape(star_text(person)),
        policy=policy_words(place, location, now=meeting.now),
        is_policy_news=meeting.now < meeting.session.starts_at or person.booking is not Booking.BOOKED,
        look_at=flag_words(person.flagged),
        state=_state(person.state, _told(moment, meeting), language),
        source=_source(person.source, "" if is_own(person.source) else source_name(person.source), language),
        tick_url=_tick_url(person, meeting, viewer),
        photo=address_of("reservation_photo", viewer.studio, person.id) if person.has_photo else "",
        find=_find(person, viewer),
        tab=_EXPECTED if person.booking is Booking.BOOKED else _CANCELLED,
        more_words=more % {"name": name},
        tick_words=tick % {"name": name},
        uses=uses_of(person, viewer),
        why_url=address_of("why", viewer.studio, person.id) if viewer.sees_packages else "",
        action_id=SafeString(uuid4()),
    )


def policy_words(place: Place, location: Location, *, now: datetime) -> str:
    """Until when it could be given up free of charge, and who says so (Q20): "free until Tue 10:00, by the studio"."""
    until, who = day_and_clock(place.free_until, location), "" if place.is_waived else place.deadline_from
    return _policy_words(until, who, now > place.free_until, get_language() or "")


@lru_cache(maxsize=512)
def _policy_words(until: str, deadline_from: str, is_over: bool, language: str) -> str:
    """`deadline_from` empty: a change of the class gave more time. A long roster has few different ones."""
    who = Reservation.Deadline(deadline_from).label if deadline_from else _("because the class was changed")
    words = _("was free until %(moment)s, %(who)s") if is_over else _("free until %(moment)s, %(who)s")
    return words % {"moment": until, "who": who}


@lru_cache(maxsize=16)
def _row_words(language: str) -> tuple[str, str]:
    """What is said of each row's button and tick."""
    return _("More about %(name)s"), _("Check in %(name)s")


def _told(moment: datetime | None, meeting: Meeting) -> str:
    if moment is None:
        return ""
    if meeting.location.local_day(moment) == meeting.location.local_day(meeting.session.starts_at):
        return clock(moment, meeting.location)
    return day_and_clock(moment, meeting.location)


def _tick_url(person: Person, meeting: Meeting, viewer: Viewer) -> str:
    if not meeting.is_open_to_change or person.booking is not Booking.BOOKED:
        return ""
    if person.is_in:
        return address_of("revert_check_in", viewer.studio, person.id) if viewer.can_revert else ""
    may_tick = viewer.can_tick and meeting.has_come and person.state is not State.SESSION_CANCELLED
    return address_of("check_in", viewer.studio, person.id) if may_tick else ""


def _find(person: Person, viewer: Viewer) -> str:
    words = [person.name, person.number, str(person.id)]
    if viewer.sees_contact:
        words += [person.email, person.phone, "".join(filter(str.isdigit, person.phone))]
    return plain(" ".join(word for word in words if word))


@lru_cache(maxsize=4096)
def _state(state: State, time: str, language: str) -> SafeString:
    """The chip; a long roster has few different ones. `language` is there to tell them apart."""
    return render_to_string("components/state.html", {"state": state, "time": time})


@lru_cache(maxsize=512)
def _source(source: str, name: str, language: str) -> SafeString:
    """The badge; `name` is there because the operator may change it."""
    return render_to_string("components/source.html", {"source": source})
