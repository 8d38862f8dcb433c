"""What two sides say differently, as cards at the counter, and what follows from what a person says of it (Q11)."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from bookings import actions as bookings
from bookings.models import Pulse, Reservation, ScheduledSession
from bookings.rules import Attendance
from marketplace import actions
from marketplace.actions.conflicts import open_conflict
from marketplace.models import Conflict, Connection, Visit
from portal.models import StaffLogin
from portal.roles import Preset
from tests.factories import CalendarItemFactory, LocationFactory, SessionFactory
from tests.marketplace.scenes import connected, item_of
from tests.marketplace.test_risk import (
    END,
    HOUR,
    MINUTE,
    MOMENT,
    START,
    guest_booked,
    login_of,
    shown_pass,
    strip,
    ticked,
    told,
)


@pytest.fixture
def there(db: None) -> Connection:
    return connected()


@pytest.fixture
def session(there: Connection) -> ScheduledSession:
    return SessionFactory(item=item_of(there, name="Vinyasa Flow"), starts_at=START)


def in_conflict(there: Connection, session: ScheduledSession, by: StaffLogin) -> Conflict:
    """Ticked by a person at 18:02, cancelled by the marketplace at 18:15."""
    visit = guest_booked(there, session)
    ticked(visit, by, now=START + 2 * MINUTE)
    assert visit.guest is not None
    with pytest.raises(bookings.Refused):
        actions.cancel(there, session, visit.guest, action_id=uuid4(), now=START + 15 * MINUTE)
    return Conflict.objects.get()


def settle(login: StaffLogin, conflict: Conflict, verdict: str, **headers: str) -> Any:
    client = Client()
    with time_machine.travel(MOMENT, tick=False):
        client.force_login(login.user)
        url = reverse("marketplace:conflict_settle", args=[login.studio.slug, conflict.pk])
        return client.post(url, {"verdict": verdict}, headers=headers)


def test_a_conflict_is_a_card_with_both_sides_and_marks_the_row(
    there: Connection, session: ScheduledSession, client: Client
) -> None:
    ana = login_of(there, Preset.DESK, user__name="Ana Silva")
    conflict = in_conflict(there, session, ana)
    html = told(strip(ana))
    assert "1 conflict: who was here?" in html
    assert "cancelled by Fitpass One 18:15, checked in 18:02 by Ana" in html
    assert reverse("marketplace:conflict_settle", args=[there.studio.slug, conflict.pk]) in html
    assert "will not be paid" not in html  # told once
    assert "All visits of today are safe" not in html
    with time_machine.travel(MOMENT, tick=False):
        client.force_login(ana.user)
        for name, args in (("check_ins", []), ("session", [session.pk])):
            page = client.get(reverse(f"bookings:{name}", args=[there.studio.slug, *args])).content.decode()
            assert "state-conflict" in page[page.index(f'id="reservation-{conflict.visit.reservation_id}"') :]


def test_the_next_news_mark_the_row_in_open_tabs(there: Connection, session: ScheduledSession, client: Client) -> None:
    owner = login_of(there, Preset.OWNER)
    conflict = in_conflict(there, session, owner)
    assert conflict.visit is not None
    since = Pulse.objects.get(studio=there.studio).version  # what a tab saw that knows of no conflict yet
    guest_booked(there, session, "Ada Abel")
    with time_machine.travel(MOMENT, tick=False):
        client.force_login(owner.user)
        for name, args in (("check_ins_changes", []), ("session_changes", [session.pk])):
            url = reverse(f"bookings:{name}", args=[there.studio.slug, *args])
            news = client.get(url, {"since": since, "at": MOMENT.isoformat()}).content.decode()
            assert f'id="reservation-{conflict.visit.reservation_id}"' in news
            assert "state-conflict" in news


@pytest.mark.parametrize(
    ("verdict", "attendance"), [("was_here", Attendance.CHECKED_IN), ("was_not_here", Attendance.UNKNOWN)]
)
def test_a_person_settles_it(
    there: Connection, session: ScheduledSession, verdict: str, attendance: Attendance
) -> None:
    owner = login_of(there, Preset.OWNER)
    conflict = in_conflict(there, session, owner)
    answer = settle(owner, conflict, verdict, **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (200, "true")
    assert "who was here?" not in told(strip(owner))
    conflict.refresh_from_db()
    assert (conflict.verdict, conflict.settled_by) == (verdict, owner)
    reservation = Reservation.objects.get()
    assert (reservation.attendance, reservation.flagged) == (attendance, "")
    # A second tab's press changes nothing and says so.
    again = settle(owner, conflict, "disputed")
    assert again.headers["Location"] == reverse("marketplace:at_risk", args=[there.studio.slug])
    assert [str(one) for one in get_messages(again.wsgi_request)] == ["Nothing was changed: somebody said so before."]
    conflict.refresh_from_db()
    assert conflict.verdict == verdict


def test_was_here_without_a_booking_says_what_is_left_to_do(there: Connection, session: ScheduledSession) -> None:
    owner, place = login_of(there, Preset.OWNER), session.location
    guest, _is_new = actions.welcome(there, external_id="w-1", first_name="Kim", last_name="Jansen", now=START)
    for at in (START - 3 * HOUR, START + 3 * HOUR):
        SessionFactory(item=session.item, starts_at=at)
    elsewhere = LocationFactory(studio=there.studio)
    SessionFactory(item=CalendarItemFactory(location=elsewhere), starts_at=START)
    conflict = Conflict.objects.create(
        studio=there.studio,
        connection=there,
        location=place,
        guest=guest,
        kind=Conflict.Kind.CHECK_IN_WITHOUT_BOOKING,
        about=START - 10 * MINUTE,
        opened_at=START,
    )
    answer = settle(owner, conflict, "was_here")
    (message,) = get_messages(answer.wsgi_request)
    said = str(message)
    roster = reverse("bookings:session", args=[there.studio.slug, session.pk])
    assert message.level_tag == "warning"
    assert said == (
        "Kim Jansen was here, but this check-in has no booking: book and tick the guest in the class. "
        f'<a href="{roster}">18:00 Vinyasa Flow</a>'
    )
    conflict.refresh_from_db()
    assert conflict.verdict == "was_here"
    # The class that was named, whenever the check-in came.
    Conflict.objects.update(session=session, about=START - 9 * HOUR, settled_at=None, verdict="")
    assert f'<a href="{roster}"><span class="full">Kim Jansen' in told(strip(owner))
    (said,) = [str(one) for one in get_messages(settle(owner, conflict, "was_here").wsgi_request)]
    assert "18:00 Vinyasa Flow" in said
    # Nothing ran then that this login could see: only said.
    late = Conflict.objects.create(
        studio=there.studio,
        connection=there,
        guest=guest,
        kind=Conflict.Kind.CHECK_IN_WITHOUT_BOOKING,
        about=START + 9 * HOUR,
        opened_at=START,
    )
    (said,) = [str(one) for one in get_messages(settle(owner, late, "was_here").wsgi_request)]
    assert "book and tick the guest" in said
    assert "<a" not in said


def test_a_refused_verdict_leaves_the_conflict_open_with_the_reason(
    there: Connection, session: ScheduledSession
) -> None:
    owner = login_of(there, Preset.OWNER)
    conflict = in_conflict(there, session, owner)
    client = Client()
    late = END + 80 * HOUR
    with time_machine.travel(late, tick=False):
        client.force_login(owner.user)
        url = reverse("marketplace:conflict_settle", args=[there.studio.slug, conflict.pk])
        answer = client.post(url, {"verdict": "was_not_here"}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "Nothing was changed" in told(answer)
    conflict.refresh_from_db()
    assert conflict.settled_at is None


def test_who_only_looks_settles_nothing(there: Connection, session: ScheduledSession) -> None:
    conflict = in_conflict(there, session, login_of(there, Preset.OWNER))
    viewer = login_of(there, Preset.VIEWER)
    assert strip(viewer).status_code == 403
    assert settle(viewer, conflict, "disputed").status_code == 403


@pytest.mark.parametrize(("cancelled_at", "settlement"), [(None, "disputed"), (START + 9 * MINUTE, "not_payable")])
def test_was_not_here_of_a_conflict_is_an_answer(
    there: Connection, session: ScheduledSession, cancelled_at: datetime | None, settlement: str
) -> None:
    visit, owner = guest_booked(there, session), login_of(there, Preset.OWNER)
    Visit.objects.filter(pk=visit.pk).update(confirmed_at=START, cancelled_at=cancelled_at)
    visit.refresh_from_db()
    conflict, _is_new = open_conflict(visit, Conflict.Kind.CHECK_IN_NOT_TAKEN, about=START, now=MOMENT)
    settle(owner, conflict, "was_not_here")
    assert "Kim Jansen" not in told(strip(owner))
    # Cancelled there after all: both sides say the same.
    assert shown_pass(visit, MOMENT).settlement == settlement
