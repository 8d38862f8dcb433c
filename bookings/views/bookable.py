"""May this member book this class? The path of the answer, and the buttons that follow from it (X1)."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from bookings import actions
from bookings.forms import BookForm
from bookings.models import CalendarItem, ScheduledSession
from bookings.selectors.bookable import Bookable, explain
from bookings.selectors.upcoming import for_login
from bookings.views.whom import Deleted, whom
from bookings.words import Line, day_and_clock, path_words, refusal_words, warning_words
from portal.access import StudioRequest, locations_for, studio_view
from portal.members.photos import photo_url
from portal.members.search import search
from portal.models import Member
from portal.roles import Right
from portal.views import came_from, own_path

PANEL = "bookings/add_person.html#bookable"
FOUND = 10


@dataclass(frozen=True)
class Panel:
    """The path for one member and one session, with what can be done."""

    bookable: Bookable
    photo: str
    when: str
    # Of booking, and, where that is refused, of waiting.
    booking: list[Line]
    waiting: list[Line]
    action_id: UUID

    @property
    def is_course(self) -> bool:
        return self.bookable.session.item.kind == CalendarItem.Kind.COURSE

    @property
    def evenings(self) -> int:
        return len(self.bookable.sessions)


@studio_view(Right.BOOK)
@require_safe
def bookable(request: StudioRequest, session: int) -> HttpResponse:
    """The fragment for any dialog: `?member=<id>` and this session; books nothing."""
    found = _session(request, session)
    member, refused = _asked_for(request)
    context = _context(request, found, member) | {"refused": refused}
    return render(request, PANEL, context, status=_status(request, refused))


@studio_view(Right.BOOK)
@require_safe
def add_person(request: StudioRequest, session: int) -> HttpResponse:
    """Find someone, see whether they can book, book or put them on the list."""
    found, text = _session(request, session), request.GET.get("q", "")[:100]
    member, refused = _asked_for(request)
    context = _context(request, found, member) | {
        "refused": refused,
        "text": text,
        "members": [(one, photo_url(request.studio, one)) for one in search(request.studio, text, limit=FOUND)],
        "as_links": False,
        "crumbs": [(_("Bookings"), _next(request, found))],
        "with_contact": request.may(Right.SEE_CONTACT),
    }
    return render(request, "bookings/add_person.html", context, status=_status(request, refused))


@studio_view(Right.BOOK)
@require_POST
def book(request: StudioRequest, session: int) -> HttpResponse:
    """Book, or join the waiting list: what stood on the button. A course is booked whole."""
    found, form, now = _session(request, session), BookForm(request.POST), timezone.now()
    if not form.is_valid():
        words = _("Nothing was booked: the form was not complete. Please load the page again.")
        return _answer(request, found, None, refused=words)
    try:
        member = whom(request, form.cleaned_data["member"])
    except Deleted as deleted:
        return _answer(request, found, None, refused=str(deleted))
    given = {
        "source": "desk",
        "action_id": form.cleaned_data["action_id"],
        "by": request.login,
        "now": now,
    }
    try:
        said = _deed(form.cleaned_data["deed"], found, member, given)
    except actions.RefusedFor as refused:
        words = refusal_words(refused.decision, found.location)
        if refused.session:
            words = f"{day_and_clock(refused.session.starts_at, found.location)}: {words}"
        return _answer(request, found, member, refused=words)
    except actions.Refused as refused:
        return _answer(request, found, member, refused=refusal_words(refused.decision, found.location))
    except actions.ActionIdReused:
        words = _("Nothing was booked: this button was used already. Please load the page again.")
        return _answer(request, found, member, refused=words)
    return _answer(request, found, member, said=said)


def _deed(deed: str, session: ScheduledSession, member: Member, given: dict[str, Any]) -> str:
    """What was done, in words. Raises Refused."""
    who = {"name": member.name, "class": session.item.name}
    if deed == BookForm.WAIT:
        actions.join_waiting(session, member, **given)
        return _("%(name)s waits for a place in %(class)s.") % who
    if session.item.kind == CalendarItem.Kind.COURSE:
        course = actions.reserve_course(session.item, member, **given)
        return ngettext(
            "%(name)s has a place in %(class)s, %(number)d evening.",
            "%(name)s has a place in %(class)s, %(number)d evenings.",
            len(course.done),
        ) % {**who, "number": len(course.done)}
    done = actions.reserve(session, member, **given)
    said = _("%(name)s is booked for %(class)s.") % who
    return " ".join([said, *warning_words(done.decision, session.location)])


def _answer(
    request: StudioRequest, session: ScheduledSession, member: Member | None, *, said: str = "", refused: str = ""
) -> HttpResponse:
    """To htmx the panel as it is now, and news for the page around it; else back to where the form came from."""
    if request.htmx:
        context = _context(request, session, member) | {"said": said, "refused": refused}
        status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
        answer = render(request, PANEL, context, status=status)
        answer["HX-Trigger"] = "tresen:poll"
        return answer
    messages.add_message(request, messages.ERROR if refused else messages.SUCCESS, refused or said)
    return redirect(came_from(request, default=_back(request, session)))


def _context(request: StudioRequest, session: ScheduledSession, member: Member | None) -> dict[str, Any]:
    now = timezone.now()
    return {
        "session": session,
        "when": day_and_clock(session.starts_at, session.location),
        "panel": _panel(request, session, member, now=now) if member else None,
        "next": _next(request, session),
        # What is shown after a deed; none is done here.
        "said": "",
        "refused": "",
    }


def _panel(request: StudioRequest, session: ScheduledSession, member: Member, *, now: datetime) -> Panel:
    found = explain(session, member, by_staff=True, now=now)
    return Panel(
        bookable=found,
        photo=photo_url(request.studio, member),
        when=day_and_clock(found.session.starts_at, found.session.location),
        booking=path_words(found.booking, found.session.location),
        waiting=[] if found.may_book else path_words(found.waiting, found.session.location),
        action_id=uuid4(),
    )


def _next(request: StudioRequest, session: ScheduledSession) -> str:
    asked = request.GET.get("next") or request.POST.get("next") or ""
    return own_path(asked) or _back(request, session)


def _back(request: StudioRequest, session: ScheduledSession) -> str:
    return f"{reverse('bookings:bookings', args=[request.studio.slug])}?open={session.pk}#session-{session.pk}"


def _session(request: StudioRequest, pk: int) -> ScheduledSession:
    """The session, if this login may see it. Raises Http404."""
    sessions = for_login(request.login, locations_for(request.login))
    return get_object_or_404(sessions.select_related("studio", "item", "location", "teacher", "room"), pk=pk)


def _status(request: StudioRequest, refused: str) -> HTTPStatus:
    """Of a page about somebody who cannot be booked at all; the one that htmx puts into the dialog."""
    if not refused:
        return HTTPStatus.OK
    return HTTPStatus.UNPROCESSABLE_ENTITY if request.htmx else HTTPStatus.CONFLICT


def _asked_for(request: StudioRequest) -> tuple[Member | None, str]:
    """The member that the address names, if any, or why nobody can be shown. Raises Http404 for another studio's."""
    text = request.GET.get("member", "")
    if not text.isdecimal() or len(text) > 18:
        return None, ""
    try:
        return whom(request, int(text)), ""
    except Deleted as deleted:
        return None, str(deleted)
