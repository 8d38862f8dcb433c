"""What check-ins say of rosters: the way there, notes, open questions, classes that change while the tab is open."""

import re
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bookings import actions
from bookings.actions import schedule
from bookings.models import Pulse, ScheduledSession
from bookings.plans import Scope, SessionValues
from portal.models import MemberNote, Studio
from portal.roles import Preset
from tests.bookings.check_ins.counter import changes, client_of, login, member, page, rows, tick, words
from tests.bookings.scenes import at, booked
from tests.factories import LocationFactory, SessionFactory

pytestmark = pytest.mark.django_db


def note(reservation: Any, text: str) -> None:
    MemberNote.objects.create(member=reservation.member, text=text, for_next_visit=True, written_at=at("12:00"))


def questions(html: str) -> str:
    start = html.index('id="questions"')
    return words(html[html.index(">", start) + 1 : html.index("</div>", start)])


def test_a_class_leads_to_its_roster_and_a_walk_in_is_one_key_away(desk: Client, vinyasa: ScheduledSession) -> None:
    html = page(desk)
    assert f'<a href="/linden/sessions/{vinyasa.pk}/">Vinyasa Flow</a>' in html
    assert 'href="/linden/walk-in/" data-dialog data-key="n"' in html


def test_who_may_not_book_is_offered_no_walk_in(studio: Studio, vinyasa: ScheduledSession) -> None:
    assert "walk-in/" not in page(client_of(login(studio, Preset.VIEWER)))


def test_a_note_stands_on_the_row_and_on_the_answer_to_its_tick(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    note(kim, "Her mat is here")
    assert "Her mat is here" in rows(page(desk))["Kim de Boer"]
    assert "Her mat is here" in tick(desk, kim).content.decode()


def test_view_only_reads_no_notes(studio: Studio, vinyasa: ScheduledSession) -> None:
    note(booked(vinyasa), "Her mat is here")
    assert "Her mat" not in page(client_of(login(studio, Preset.VIEWER)))


def test_a_note_that_is_written_reaches_the_other_tabs(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    since = str(Pulse.objects.get().version)
    assert changes(desk, since, at("18:10") - timedelta(seconds=2)).status_code == 204
    desk.post(f"/linden/reservations/{kim.pk}/note/", {"text": "Her mat is here"})
    news = changes(desk, since, at("18:10") - timedelta(seconds=2))
    assert "Her mat is here" in rows(news.content.decode())["Kim de Boer"]


def test_ended_classes_with_somebody_without_a_tick_lead_to_their_question(
    desk: Client, vinyasa: ScheduledSession, ten_past_six: Any
) -> None:
    for name in ("Kim de Boer", "Ada Abel"):
        booked(vinyasa, member(vinyasa.studio, name))
    assert questions(page(desk)) == ""
    ten_past_six.move_to(at("19:05"))
    asked = questions(page(desk))
    assert asked.startswith("18:00 Vinyasa Flow: 2 without a tick. Were they here?")
    assert "Kim de Boer" in asked
    assert (asked.count("Was here"), asked.count("Did not come")) == (2, 2)
    assert f"/linden/sessions/{vinyasa.pk}/#question" in page(desk)
    for reservation in vinyasa.reservations.all():
        actions.check_in(reservation, action_id=uuid4(), by=login(vinyasa.studio), now=at("19:05"))
    assert questions(page(desk)) == ""


def test_an_answer_at_the_counter_is_the_end_of_the_question_also_after_the_clocks_no_show(
    desk: Client, vinyasa: ScheduledSession, ten_past_six: Any
) -> None:
    kim, ada = (booked(vinyasa, member(vinyasa.studio, name)) for name in ("Kim de Boer", "Ada Abel"))
    ten_past_six.move_to(at("19:40"))  # past the grace: both are no-shows, and still can be here
    for reservation, deed in ((kim, "check-in"), (ada, "no-show")):
        assert f"/linden/reservations/{reservation.pk}/{deed}/" in page(desk)
        desk.post(f"/linden/reservations/{reservation.pk}/{deed}/", {"action_id": uuid4()})
        assert reservation.member.name not in questions(page(desk))
    kim.refresh_from_db()
    assert kim.attendance == "checked_in"


def test_several_classes_are_one_strip_and_a_class_that_nobody_ticked_is_answered_on_its_roster(
    desk: Client, vinyasa: ScheduledSession, ten_past_six: Any
) -> None:
    other = SessionFactory(item=vinyasa.item, starts_at=at("17:00"), capacity=20)
    booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    for _ in range(7):
        booked(other, member(vinyasa.studio, "Ada Abel"))
    ten_past_six.move_to(at("19:05"))
    asked = questions(page(desk))
    assert asked.startswith("8 without a tick in 2 classes. Were they here?")
    assert "Kim de Boer" in asked
    assert "Ada Abel" not in asked


def test_the_notes_and_questions_of_thirty_people_are_read_at_once(
    desk: Client, vinyasa: ScheduledSession, ten_past_six: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ScheduledSession.objects.update(capacity=None)
    ten_past_six.move_to(at("19:05"))
    note(booked(vinyasa, now=at("12:00")), "one")
    page(desk)
    with django_assert_num_queries(14, exact=False) as few:
        page(desk)
    for _ in range(30):
        note(booked(vinyasa, now=at("12:00")), "one of many")
    with django_assert_num_queries(len(few.captured_queries)):
        page(desk)


def shown(desk: Client, **query: str) -> str:
    """What an open tab says that it shows."""
    (word,) = re.findall(r"&amp;day=(\w+)", desk.get("/linden/check-ins/", query).content.decode())
    return str(word)


def asked(desk: Client, day: str, since: str, **query: str) -> int:
    return changes(desk, since, at("18:10") - timedelta(seconds=2), day=day, **query).status_code


def version() -> str:
    return str(Pulse.objects.get().version)


def test_a_class_that_is_cancelled_meanwhile_sends_the_day_anew(desk: Client, vinyasa: ScheduledSession) -> None:
    booked(vinyasa)
    since, day = version(), shown(desk)
    assert asked(desk, day, "0") == 200
    schedule.cancel_sessions([vinyasa], reason="storm", by=None, now=at("18:10"))
    assert asked(desk, day, since) == 205
    assert asked(desk, shown(desk), version()) == 204


def test_a_class_that_is_made_moved_away_or_removed_sends_the_day_anew(desk: Client, vinyasa: ScheduledSession) -> None:
    booked(vinyasa)
    since, day = version(), shown(desk)
    values = replace(SessionValues.of(vinyasa), local_start=time(21))
    schedule.create_session(vinyasa.item, values, by=None, now=at("18:10"))
    assert asked(desk, day, since) == 205
    made = ScheduledSession.objects.get(starts_at=at("21:00"))
    since, day = version(), shown(desk)
    schedule.edit_session(
        made, replace(values, day=values.day + timedelta(days=1)), Scope.ONE, by=None, now=at("18:10")
    )
    assert asked(desk, day, since) == 205
    made.refresh_from_db()
    schedule.edit_session(made, values, Scope.ONE, by=None, now=at("18:10"))
    made.refresh_from_db()
    since, day = version(), shown(desk)
    schedule.remove_session(made, by=None, now=at("18:10"))
    assert asked(desk, day, since) == 205


def test_a_change_of_another_day_sends_nothing_anew(desk: Client, vinyasa: ScheduledSession) -> None:
    booked(vinyasa)
    since, day = version(), shown(desk)
    values = replace(SessionValues.of(vinyasa), day=date(2026, 6, 25))
    schedule.create_session(vinyasa.item, values, by=None, now=at("18:10"))
    far = ScheduledSession.objects.get(starts_at__gt=at("23:00"))
    schedule.cancel_sessions([far], reason="storm", by=None, now=at("18:10"))
    assert asked(desk, day, since) == 200


def test_a_change_at_a_location_that_is_not_shown_sends_nothing_anew(
    desk: Client, vinyasa: ScheduledSession, studio: Studio
) -> None:
    other = SessionFactory(item__location=LocationFactory(studio=studio, slug="noord"))
    booked(vinyasa)
    since, day = version(), shown(desk, location="centrum")
    schedule.cancel_sessions([other], reason="storm", by=None, now=at("18:10"))
    assert asked(desk, day, since, location="centrum") == 200
