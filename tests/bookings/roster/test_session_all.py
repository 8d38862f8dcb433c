"""Everyone at once, the question after the end, and taking it back person by person."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from bookings import actions
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance
from bookings.selectors import roster as selector
from portal.models import Studio
from portal.roles import Preset
from tests.bookings.check_ins.counter import client_of, login, member, words
from tests.bookings.roster.reading import address, roster
from tests.bookings.scenes import at, booked

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(vinyasa: ScheduledSession) -> list[Reservation]:
    return [booked(vinyasa, member(vinyasa.studio, name)) for name in ("Ada Abel", "Bo Berg", "Cem Can")]


def all_of(client: Client, session: ScheduledSession, deed: str, batch: Any = None) -> Any:
    return client.post(address(session, "all/"), {"action_id": batch or uuid4(), "deed": deed})


def question(html: str) -> str:
    start = html.index('id="question"')
    return words(html[html.index(">", start) + 1 : html.index("</section>", start)])


def attendances() -> list[str]:
    return list(Reservation.objects.order_by("id").values_list("attendance", flat=True))


def test_tick_all_ticks_who_has_no_tick_and_each_can_be_taken_back(
    desk: Client, vinyasa: ScheduledSession, three: list[Reservation]
) -> None:
    actions.check_in(three[0], action_id=uuid4(), by=login(vinyasa.studio), now=at("18:00"))
    response = all_of(desk, vinyasa, "here")
    assert attendances() == [Attendance.CHECKED_IN] * 3
    html = desk.get(response.headers["Location"]).content.decode()
    assert "2 people are in." in html
    ticked = html[html.index('id="ticked"') :]
    ticked = ticked[: ticked.index("</section>")]
    assert "Ada Abel" not in ticked  # was in before
    events = ReservationEvent.objects.filter(kind="checked_in", reservation__in=three[1:])
    for event in events:
        assert f"/linden/events/{event.pk}/undo/" in ticked
    desk.post(f"/linden/events/{events[0].pk}/undo/", {"action_id": uuid4()})
    assert attendances() == [Attendance.CHECKED_IN, Attendance.UNKNOWN, Attendance.CHECKED_IN]


def test_the_same_tick_all_again_changes_nothing(
    desk: Client, vinyasa: ScheduledSession, three: list[Reservation]
) -> None:
    batch = uuid4()
    all_of(desk, vinyasa, "here", batch)
    before = ReservationEvent.objects.count()
    all_of(desk, vinyasa, "here", batch)
    assert ReservationEvent.objects.count() == before


def test_tick_all_leaves_out_who_was_said_not_to_have_come(
    desk: Client, vinyasa: ScheduledSession, three: list[Reservation]
) -> None:
    actions.mark_no_show(three[1], action_id=uuid4(), by=login(vinyasa.studio), now=at("18:05"))
    all_of(desk, vinyasa, "here")
    assert attendances() == [Attendance.CHECKED_IN, Attendance.NO_SHOW, Attendance.CHECKED_IN]


def test_nobody_is_ticked_on_the_day_before(desk: Client, vinyasa: ScheduledSession, three: Any, clock: Any) -> None:
    clock.move_to(at("18:00", days=-1))
    assert "Tick all" not in roster(desk, vinyasa)
    all_of(desk, vinyasa, "here")
    assert attendances() == [Attendance.UNKNOWN] * 3


def test_a_form_that_says_something_else_is_refused(desk: Client, vinyasa: ScheduledSession, three: Any) -> None:
    assert all_of(desk, vinyasa, "gone").status_code == 400
    assert desk.post(address(vinyasa, "all/"), {"deed": "here"}).status_code == 400


def test_after_the_end_the_roster_asks_who_was_here(
    desk: Client, vinyasa: ScheduledSession, three: list[Reservation], clock: Any
) -> None:
    actions.check_in(three[0], action_id=uuid4(), by=login(vinyasa.studio), now=at("18:00"))
    assert question(roster(desk, vinyasa)) == ""
    clock.move_to(at("19:00"))
    asked = question(roster(desk, vinyasa))
    assert asked.startswith("2 without a tick: were they here? Bo Berg")
    assert "Until Sat 13 Jun, 19:00" in asked


def test_the_clock_s_no_shows_are_asked_about_too_and_answers_end_the_question(
    desk: Client, vinyasa: ScheduledSession, three: list[Reservation], clock: Any
) -> None:
    clock.move_to(at("20:00"))
    actions.sweep_no_shows(now=at("19:30"))
    assert question(roster(desk, vinyasa)).startswith("3 without a tick")
    here, absent = (f"/linden/reservations/{one.pk}/" for one in three[:2])
    desk.post(f"{here}check-in/", {"action_id": uuid4()})
    desk.post(f"{absent}no-show/", {"action_id": uuid4()})
    assert question(roster(desk, vinyasa)).startswith("1 without a tick: was this person here? Cem Can")
    all_of(desk, vinyasa, "absent")
    assert question(roster(desk, vinyasa)) == ""
    assert attendances() == [Attendance.CHECKED_IN, Attendance.NO_SHOW, Attendance.NO_SHOW]
    assert ReservationEvent.objects.filter(kind="no_show", by__isnull=False).count() == 2


def test_after_the_limit_nothing_is_asked(desk: Client, vinyasa: ScheduledSession, three: Any, clock: Any) -> None:
    clock.move_to(at("19:01", days=3))
    assert question(roster(desk, vinyasa)) == ""
    assert "Tick all" not in roster(desk, vinyasa)


def test_view_only_is_not_asked(studio: Studio, vinyasa: ScheduledSession, three: Any, clock: Any) -> None:
    clock.move_to(at("20:00"))
    viewer = client_of(login(studio, Preset.VIEWER))
    assert question(roster(viewer, vinyasa)) == ""
    assert all_of(viewer, vinyasa, "here").status_code == 403


def test_more_than_one_request_can_do_are_done_in_turns(
    desk: Client, vinyasa: ScheduledSession, three: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.views.session.AT_ONCE", 2)
    response = all_of(desk, vinyasa, "here")
    assert "2 people are in. 1 is left: press again." in desk.get(response.headers["Location"]).content.decode()
    assert attendances().count(Attendance.CHECKED_IN) == 2


def test_numbers_for_reception_count_ended_classes_only(
    vinyasa: ScheduledSession, three: list[Reservation], clock: Any
) -> None:
    seen = selector.roster_of(vinyasa, now=at("18:30"))
    assert selector.unanswered_in([seen.meeting]) == {}
    later = selector.roster_of(vinyasa, now=at("19:30"))
    assert {pk: len(people) for pk, people in selector.unanswered_in([later.meeting]).items()} == {vinyasa.pk: 3}
