"""The bookings of the next 14 days (P2, P3, Q12), and cancelling with its outcome (Q11)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from bookings import actions, rules
from bookings.forms import ActionForm, CancelForm
from bookings.models import CalendarItem, Reservation, ScheduledSession
from bookings.rules import Booking, CancelAs, State
from bookings.selectors.paid import Paid, paid_by_row
from bookings.selectors.upcoming import (
    CALLED_OFF,
    CANCELLED,
    Booked,
    Group,
    evenings_of,
    for_login,
    people_of,
    upcoming,
    with_counts,
)
from bookings.selectors.waiting import OnList, on_list
from bookings.states import star_of
from bookings.views.paid_rows import PaidRow, paid_row
from bookings.words import clock, day_and_clock, refusal_words
from portal.access import StudioRequest, locations_for, studio_view
from portal.locations import location_choice
from portal.roles import Right
from portal.saved_views import saved_views
from portal.views import came_from


@dataclass(frozen=True)
class Filters:
    """The filters as the address says them; empty means all. A word that fits nothing shows nothing."""

    source: str
    teacher: str
    kind: str
    fill: str  # "low" or "full"
    new: bool
    unpaid: bool
    cancelled: bool

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        return cls(
            source=query.get("source", ""),
            teacher=query.get("teacher", ""),
            kind=query.get("kind", ""),
            fill=query.get("fill", ""),
            new=query.get("new") == "1",
            unpaid=query.get("unpaid") == "1",
            cancelled=query.get("cancelled") == "1",
        )

    @property
    def any(self) -> bool:
        return bool(self.source or self.teacher or self.kind or self.fill or self.new or self.unpaid)

    def show(self, booked: Booked) -> bool:
        session = booked.session
        return (
            (not self.source or bool(booked.sources[self.source]))
            and (not self.teacher or str(session.teacher_id) == self.teacher)
            and (not self.kind or session.item.kind == self.kind)
            and (not self.new or bool(booked.newcomers))
            and (not self.unpaid or bool(booked.unpaid))
            and (not self.fill or (self.fill == "low" and booked.is_low) or (self.fill == "full" and booked.is_full))
        )

    def show_person(self, reservation: Reservation, *, now: datetime) -> bool:
        """Cancelled people only when asked for; late cancels of a class that has begun always (P3)."""
        state = State(reservation.state_word)  # type: ignore[attr-defined]
        group = Group(
            reservation.source,
            state,
            reservation.first_here,  # type: ignore[attr-defined]
            reservation.is_unpaid and state not in CALLED_OFF,
        )
        return self._shows(group, has_begun=reservation.starts_at <= now)

    def people_in(self, booked: Booked, *, now: datetime) -> int:
        """How many people of this class are shown when it is open."""
        has_begun = booked.session.starts_at <= now
        return sum(number for group, number in booked.groups.items() if self._shows(group, has_begun=has_begun))

    def _shows(self, group: Group, *, has_begun: bool) -> bool:
        outstanding = group.state is State.LATE_CANCELLED and has_begun
        return (
            (self.cancelled or outstanding or group.state not in CANCELLED)
            and (not self.source or group.source == self.source)
            and (not self.new or group.is_first)
            and (not self.unpaid or group.is_unpaid)
        )


@dataclass(frozen=True)
class Person:
    """One row of an opened class."""

    reservation: Reservation
    star: str
    time: str
    booked_at: str
    free_until: str
    ways: list[tuple[CancelAs, str]]
    can_reinstate: bool
    action_id: UUID
    # What pays for it, for who may see that.
    uses: PaidRow | None
    # Evenings of the course that this is one of; 0: it is no course.
    evenings: int = 0
    # The outcome with which all that is still to come of it can be given up, and its words; None: not all, or not now.
    course_ways: list[tuple[CancelAs, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Wait:
    """One row of the waiting list of an opened class."""

    place: OnList
    joined_at: str
    held_until: str
    can_promote: bool
    action_id: UUID


@dataclass(frozen=True)
class Day:
    day: date
    classes: list[Booked]

    @property
    def expected(self) -> int:
        return sum(booked.expected for booked in self.classes)


@studio_view(Right.VIEW_BOOKINGS)
@require_safe
def bookings(request: StudioRequest) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    filters, sees_packages = Filters.of(request.GET), request.may(Right.CHECK_IN)
    if not sees_packages:
        filters = replace(filters, unpaid=False)  # who is not told what pays cannot ask for it either
    classes = upcoming(request.login, choice.shown, now=now)
    opened = next((booked for booked in classes if str(booked.session.pk) == request.GET.get("open")), None)
    context = {
        "filters": filters,
        "now": now,
        "opened": opened,
        "people": _people(request, opened, filters, now=now) if opened else [],
        "waits": _waits(request, opened, now=now) if opened else [],
        "next": _address_with_open(request, opened),
        "may_book": request.may(Right.BOOK),
    }
    if request.htmx and not request.htmx.boosted:
        if opened is None:
            raise Http404
        return render(request, "bookings/bookings.html#people", context | {"booked": opened})
    today = {place.pk: place.local_day(now) for place in choice.visible}
    shown = [booked for booked in classes if filters.show(booked)]
    context |= {
        "days": _days(shown),
        "today": min(today.values(), default=now.date()),
        "tomorrow": min(today.values(), default=now.date()) + timedelta(days=1),
        "show_places": len(choice.shown) > 1,
        "classes": classes,
        "choices": _choices(classes, sees_packages=sees_packages),
        "may_export": request.may(Right.EXPORT),
        # The lines of the file, which `people_listed` writes.
        "listed": sum(filters.people_in(booked, now=now) for booked in shown),
        "views": saved_views(request, "bookings"),
    }
    return render(request, "bookings/bookings.html", context)


def people_listed(
    request: StudioRequest, classes: list[Booked], filters: Filters, *, now: datetime
) -> QuerySet[Reservation]:
    """Everyone whom the page would show if all these classes were open; the twin of `Filters.show_person`."""
    sessions = [booked.session.pk for booked in classes if filters.show(booked)]
    found: Any = request.studio.reservations.filter(session__in=sessions).with_state(now)
    if not filters.cancelled:
        found = found.filter(~Q(state_word__in=CANCELLED) | Q(state_word=State.LATE_CANCELLED, starts_at__lte=now))
    if filters.source:
        found = found.filter(source=filters.source)
    if filters.unpaid:
        found = found.unpaid().exclude(state_word__in=CALLED_OFF)
    if filters.new:
        found = found.with_first_visit().filter(first_here=True)
    return found.select_related("session__item", "session__teacher", "location", "member").order_by(
        "starts_at", "session_id", "member__first_name", "member__last_name", "id"
    )


@studio_view(Right.BOOK)
@require_POST
def cancel(request: StudioRequest, reservation: int) -> HttpResponse:
    """Give the place up with the outcome that stood on the button (Q11)."""
    form = CancelForm(request.POST)
    found = _reservation(request, reservation)

    def act(now: datetime) -> str:
        outcome = form.cleaned_data["outcome"]
        actions.cancel(found, outcome=outcome, action_id=form.cleaned_data["action_id"], by=request.login, now=now)
        done = {
            CancelAs.IN_TIME: _("%(name)s: cancelled in time."),
            CancelAs.LATE: _("%(name)s: late cancel."),
            CancelAs.EXCUSED: _("%(name)s: cancelled, excused."),
        }
        return done[outcome] % {"name": found.member.name}

    return _answer(request, found, form, act, undo="bookings:reinstate")


@studio_view(Right.BOOK)
@require_POST
def reinstate(request: StudioRequest, reservation: int) -> HttpResponse:
    """Take a cancellation back."""
    form = ActionForm(request.POST)
    found = _reservation(request, reservation)

    def act(now: datetime) -> str:
        actions.reinstate(found, action_id=form.cleaned_data["action_id"], by=request.login, now=now)
        return _("%(name)s is booked again.") % {"name": found.member.name}

    return _answer(request, found, form, act)


@studio_view(Right.BOOK)
@require_POST
def cancel_course(request: StudioRequest, reservation: int) -> HttpResponse:
    """Give up all evenings of the course that are still to come; the outcome is that of the next one."""
    form, found = CancelForm(request.POST), _reservation(request, reservation)
    back, now = came_from(request, default=reverse("bookings:bookings", args=[request.studio.slug])), timezone.now()
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: the form was not complete. Please load the page again."))
        return redirect(back)
    try:
        done = actions.cancel_course(
            found.session.item,
            found.member,
            outcome=form.cleaned_data["outcome"],
            action_id=form.cleaned_data["action_id"],
            by=request.login,
            now=now,
        )
    except actions.Refused as refusal:
        messages.error(request, refusal_words(refusal.decision, found.location))
    except actions.ActionIdReused:
        messages.error(request, _("Nothing was changed: this button was used already. Please load the page again."))
    else:
        words = ngettext(
            "%(name)s: %(number)d evening of the course cancelled.",
            "%(name)s: %(number)d evenings of the course cancelled.",
            len(done.done),
        )
        messages.success(request, words % {"name": found.member.name, "number": len(done.done)})
    return redirect(back)


def _reservation(request: StudioRequest, pk: int) -> Reservation:
    """The reservation, if this login may see its session; raises Http404."""
    sessions = for_login(request.login, locations_for(request.login))
    return get_object_or_404(
        request.studio.reservations.select_related("member", "session__item", "location"), pk=pk, session__in=sessions
    )


def _answer(
    request: StudioRequest,
    reservation: Reservation,
    form: ActionForm,
    act: Callable[[datetime], str],
    *,
    undo: str = "",
) -> HttpResponse:
    """Do it, and say what happened: to htmx with the changed row, else on the page that the form came from."""
    now, said, refused = timezone.now(), "", ""
    if not form.is_valid():
        refused = _("Nothing was changed: the form was not complete. Please load the page again.")
    else:
        try:
            said = act(now)
        except actions.Refused as refusal:
            refused = refusal_words(refusal.decision, reservation.location)
        except actions.ActionIdReused:
            refused = _("Nothing was changed: this button was used already. Please load the page again.")
    back = came_from(request, default=reverse("bookings:bookings", args=[request.studio.slug]))
    if not request.htmx:
        messages.add_message(request, messages.ERROR if refused else messages.SUCCESS, refused or said)
        return redirect(back)
    changed = people_of(reservation.session, now=now).get(pk=reservation.pk)
    session = for_login(request.login, [reservation.location]).select_related("item", "location")
    booked = with_counts([session.get(pk=reservation.session_id)], now=now)[0]
    context = {
        "person": _row(request, changed, now=now),
        "booked": booked,
        # A place that was given up may have been offered, one that was taken back is not free any more.
        "waits": _waits(request, booked, now=now),
        "may_book": request.may(Right.BOOK),
        "now": now,
        "next": back,
        "said": refused or said,
        "undo_url": reverse(undo, args=[request.studio.slug, reservation.pk]) if undo and not refused else "",
        "undo_fields": {"action_id": uuid4(), "next": back},
    }
    return render(request, "bookings/bookings.html#changed", context, status=422 if refused else 200)


def _people(request: StudioRequest, booked: Booked, filters: Filters, *, now: datetime) -> list[Person]:
    shown = [one for one in people_of(booked.session, now=now) if filters.show_person(one, now=now)]
    people = _persons(request, shown, now=now)
    return _with_course(booked.session, people)


def _row(request: StudioRequest, reservation: Reservation, *, now: datetime) -> Person:
    return _with_course(reservation.session, _persons(request, [reservation], now=now))[0]


def _persons(request: StudioRequest, reservations: list[Reservation], *, now: datetime) -> list[Person]:
    """What pays is asked once for all, and only for who may see it."""
    paid = paid_by_row(reservations, now=now) if request.may(Right.CHECK_IN) else {}
    return [_person(request, one, paid.get(one.pk), now=now) for one in reservations]


def _with_course(session: ScheduledSession, people: list[Person]) -> list[Person]:
    """The same people, with how many evenings of the course they have booked, if this is one."""
    if session.item.kind != CalendarItem.Kind.COURSE:
        return people
    evenings = evenings_of(session)
    return [_of_course(one, evenings.get(one.reservation.member_id, 0)) for one in people]


def _of_course(person: Person, evenings: int) -> Person:
    words = {
        CancelAs.IN_TIME: _("Cancel the whole course, in time"),
        CancelAs.LATE: _("Cancel the whole course, this evening late"),
        CancelAs.EXCUSED: _("Cancel the whole course, excused"),
    }
    ways = [(way, words[way]) for way, _words in person.ways]
    return replace(person, evenings=evenings, course_ways=ways)


def _waits(request: StudioRequest, booked: Booked, *, now: datetime) -> list[Wait]:
    """The waiting list of the opened class; it is over when the class begins."""
    session = booked.session
    if session.cancelled_at or now >= session.starts_at or not booked.waiting:
        return []
    free = session.capacity is None or session.places_taken + session.places_held < session.capacity
    return [
        Wait(
            place=one,
            joined_at=day_and_clock(one.entry.joined_at, session.location),
            held_until=day_and_clock(one.held_until, session.location) if one.held_until else "",
            can_promote=free or one.is_offered,
            action_id=uuid4(),
        )
        for one in on_list(session, now=now)
    ]


def _person(request: StudioRequest, reservation: Reservation, paid: Paid | None, *, now: datetime) -> Person:
    place, is_off = reservation.location, reservation.session.cancelled_at is not None
    sell_url = reverse("bookings:sell_for", args=[request.studio.slug, reservation.pk])
    may_change = request.may(Right.BOOK) and now <= reservation.correction_until
    return Person(
        reservation=reservation,
        star=star_of(reservation),
        time=clock(reservation.checked_in_at, place) if reservation.checked_in_at else "",
        booked_at=day_and_clock(reservation.booked_at, place) if reservation.booked_at else "",
        free_until=day_and_clock(reservation.free_until, place),
        ways=ways_words(request, reservation, now=now),
        can_reinstate=may_change and reservation.booking != Booking.BOOKED,
        action_id=uuid4(),
        uses=paid_row(
            paid,
            source=reservation.source,
            is_expected=reservation.booking == Booking.BOOKED and not is_off,
            sell_url=sell_url if request.may(Right.SELL) else "",
        ),
    )


def ways_words(request: StudioRequest, reservation: Reservation, *, now: datetime) -> list[tuple[CancelAs, str]]:
    """The outcomes with which this login can cancel it now, each as it stands on its button (Q11)."""
    if not request.may(Right.BOOK) or now > reservation.correction_until:
        return []
    facts = actions.cancel_facts(reservation, by_staff=True)
    words = {
        CancelAs.IN_TIME: _("Cancel, in time"),
        CancelAs.LATE: _("Cancel late, the place counts as late"),
        CancelAs.EXCUSED: _("Cancel, excused"),
    }
    return [(way, words[way]) for way in CancelAs if rules.may_cancel(facts, outcome=way, now=now).allowed]


def _days(classes: list[Booked]) -> list[Day]:
    """The classes under the local day of each location, both in order (Q15)."""
    days: dict[date, list[Booked]] = {}
    for booked in classes:
        days.setdefault(booked.day, []).append(booked)
    return [Day(day, days[day]) for day in sorted(days)]


def _choices(classes: list[Booked], *, sees_packages: bool) -> dict[str, Any]:
    """What can be filtered by: only what the 14 days hold."""
    kinds = {booked.session.item.kind for booked in classes}
    return {
        "sources": sorted({source for booked in classes for source in booked.sources}),
        "teachers": sorted({booked.session.teacher for booked in classes if booked.session.teacher}, key=str),
        "unpaid": sees_packages and any(booked.unpaid for booked in classes),
        "kinds": [kind for kind in CalendarItem.Kind if kind.value in kinds],
    }


def _address_with_open(request: StudioRequest, opened: Booked | None) -> str:
    """Where a form of an opened class leads back to: this address, the class open, cancelled people shown."""
    query = request.GET.copy()
    if opened:
        query["open"], query["cancelled"] = str(opened.session.pk), "1"
    return f"{request.path}?{query.urlencode()}" if query else request.path
