"""The roster from outside: what it shows, to whom, and what it costs."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bookings import actions
from bookings.models import Reservation, ScheduledSession, WaitingEntry
from bookings.rules import CancelAs
from portal.models import Location, MemberNote, Studio
from portal.roles import Preset
from tests.bookings.check_ins.counter import client_of, login, member, rows
from tests.bookings.roster.reading import address, names, part, roster
from tests.bookings.scenes import at, booked, evening_class
from tests.factories import (
    LocationFactory,
    ReservationFactory,
    SessionFactory,
    StudioFactory,
    TeacherFactory,
)

pytestmark = pytest.mark.django_db


def cancelled(reservation: Reservation, outcome: CancelAs, when: str) -> None:
    by = login(reservation.session.studio, Preset.OWNER)
    actions.cancel(reservation, outcome=outcome, action_id=uuid4(), by=by, now=at(when))


def test_tabs_hold_who_is_expected_and_who_gave_up_with_their_numbers(desk: Client, vinyasa: ScheduledSession) -> None:
    booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    cancelled(booked(vinyasa, member(vinyasa.studio, "Ada Lindqvist")), CancelAs.LATE, "17:00")
    html = roster(desk, vinyasa)
    assert names(html) == ["Kim de Boer"]
    assert part(html, "tabs") == "Expected 1 Cancelled 1 Waiting list 0 Log"
    html = roster(desk, vinyasa, tab="cancelled")
    assert names(html) == ["Ada Lindqvist"]
    assert "Late cancel 17:00" in rows(html)["Ada Lindqvist"]


def test_a_row_says_until_when_it_can_be_given_up_and_who_says_so(
    desk: Client, vinyasa: ScheduledSession, clock: Any
) -> None:
    booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    clock.move_to(at("05:00"))
    assert "free until Wed 10 Jun, 06:00, set by the studio" in rows(roster(desk, vinyasa))["Kim de Boer"]
    clock.move_to(at("12:00"))
    assert "was free until Wed 10 Jun, 06:00, set by the studio" in rows(roster(desk, vinyasa))["Kim de Boer"]
    Reservation.objects.update(waived_until=at("17:30"))
    assert "free until Wed 10 Jun, 17:30, because the class was changed" in rows(roster(desk, vinyasa))["Kim de Boer"]


def test_the_head_says_when_where_by_whom_and_how_full(desk: Client, vinyasa: ScheduledSession) -> None:
    booked(vinyasa)
    html = roster(desk, vinyasa)
    assert part(html, f"head-{vinyasa.pk}") == ("18:00 to 19:00 Wed 10 Jun Mira Okafor · Centrum running 0 of 1 in")
    assert part(html, "places").startswith("1 of 16 places taken not offered to marketplaces")


def test_the_head_of_a_class_for_marketplaces_says_how_much_of_the_quota_is_sold(
    desk: Client, vinyasa: ScheduledSession
) -> None:
    vinyasa.item.allows_marketplaces, vinyasa.item.marketplace_quota = True, 4
    vinyasa.item.save()
    ReservationFactory(session=vinyasa, source="wellpass")
    ReservationFactory(session=vinyasa, source="desk")
    assert "1 / 4 through marketplaces" in part(roster(desk, vinyasa), "places")


def test_a_cancelled_class_says_since_when_and_why_and_has_nothing_to_tick(
    desk: Client, vinyasa: ScheduledSession
) -> None:
    booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    ScheduledSession.objects.update(cancelled_at=at("12:00"), cancelled_reason="the teacher is ill")
    html = roster(desk, vinyasa)
    assert "cancelled Wed 10 Jun, 12:00: the teacher is ill" in part(html, f"head-{vinyasa.pk}")
    assert "Class cancelled" in rows(html)["Kim de Boer"]
    assert "disabled" in html[html.index('aria-label="Check in Kim de Boer"') :][:200]
    assert "Tick all" not in html


def test_the_foot_counts_states_and_sources(desk: Client, vinyasa: ScheduledSession) -> None:
    ReservationFactory(session=vinyasa, source="wellpass")
    ReservationFactory(session=vinyasa, source="direct")
    cancelled(booked(vinyasa), CancelAs.EXCUSED, "17:00")
    assert part(roster(desk, vinyasa), "roster-foot") == ("2 No check-in yet 1 Excused By source 1 Wellpass 1 Direct")


def test_the_waiting_list_is_in_order_with_its_hold(desk: Client, vinyasa: ScheduledSession) -> None:
    later = evening_class(item=vinyasa.item, starts_at=at("18:00", days=1), capacity=1)
    booked(later)
    for name in ("Ada Lindqvist", "Bo Berg"):
        WaitingEntry.objects.create(
            studio=later.studio,
            session=later,
            member=member(later.studio, name),
            source="desk",
            joined_at=at("12:00"),
        )
    html = roster(desk, later, tab="waiting")
    assert names(html) == ["Ada Lindqvist", "Bo Berg"]
    assert "Wait list 1" in rows(html)["Ada Lindqvist"]
    assert "Book now" in html


def test_somebody_is_taken_off_the_waiting_list(desk: Client, vinyasa: ScheduledSession) -> None:
    later = evening_class(item=vinyasa.item, starts_at=at("18:00", days=1), capacity=1)
    booked(later)
    entry = actions.join_waiting(
        later, member(later.studio, "Bo Berg"), source="desk", action_id=uuid4(), by=None, now=at("18:00")
    ).entry
    url = f"/linden/bookings/waiting/{entry.pk}/"
    desk.post(url, {"action_id": uuid4(), "deed": "leave", "next": address(later, "?tab=waiting")})
    assert names(roster(desk, later, tab="waiting")) == []


def test_the_log_says_who_did_what_when_and_what_it_was_before(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    by = login(vinyasa.studio, Preset.OWNER)
    actions.check_in(kim, action_id=uuid4(), by=by, now=at("17:52"))
    html = roster(desk, vinyasa, tab="log")
    log = html[html.index("<tbody>") : html.index("</tbody>")]
    assert log.index("checked in") < log.index("booked")
    assert "before: no tick, after: Checked in" in log
    assert "Wed 10 Jun, 17:52" in log
    assert log.count("/undo/") == 1  # only the last change, until another follows


def test_after_the_limit_the_log_says_that_nothing_can_be_taken_back_and_who_can_change_that(
    owner: Client, vinyasa: ScheduledSession, clock: Any
) -> None:
    kim = booked(vinyasa)
    actions.check_in(kim, action_id=uuid4(), by=login(vinyasa.studio), now=at("18:00"))
    clock.move_to(at("19:01", days=3))
    html = roster(owner, vinyasa, tab="log")
    assert "could be corrected until Sat 13 Jun, 19:00" in html
    assert "An owner can set a longer correction limit for Centrum" in html
    assert "/undo/" not in html


def test_a_note_for_the_next_visit_stands_on_the_row_until_it_is_done(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    url = f"/linden/reservations/{kim.pk}/"
    assert desk.post(f"{url}note/", {"text": "Her mat is here"}).status_code == 302
    assert "Her mat is here" in rows(roster(desk, vinyasa))["Kim de Boer"]
    desk.post(f"{url}notes/{MemberNote.objects.get().pk}/done/")
    assert "Her mat is here" not in rows(roster(desk, vinyasa))["Kim de Boer"]
    assert MemberNote.objects.get().done_by.user.name == "Ana Vos"  # type: ignore[union-attr]


def test_a_note_that_is_kept_twice_stands_once_and_again_after_it_was_done(
    desk: Client, vinyasa: ScheduledSession
) -> None:
    url = f"/linden/reservations/{booked(vinyasa).pk}/"
    for _click in range(2):
        assert desk.post(f"{url}note/", {"text": "Her mat is here"}).status_code == 302
    desk.post(f"{url}notes/{MemberNote.objects.get().pk}/done/")
    desk.post(f"{url}note/", {"text": "Her mat is here"})
    assert MemberNote.objects.count() == 2


def test_an_empty_note_is_refused_in_its_form(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa)
    response = desk.post(f"/linden/reservations/{kim.pk}/note/", {"text": " "}, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert MemberNote.objects.count() == 0


def test_a_person_s_panel_writes_the_outcome_on_each_button(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    html = roster(desk, vinyasa, person=kim.pk)
    assert "Cancel late, the place counts as late" in html
    assert "Cancel, excused" in html
    url = f"/linden/reservations/{kim.pk}/give-up/"
    response = desk.post(url, {"action_id": uuid4(), "outcome": "late", "as": "roster"}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert "Late cancel 18:10" in response.content.decode()
    assert "/undo/" in response.content.decode()


def test_a_person_of_another_class_has_no_panel_here(desk: Client, vinyasa: ScheduledSession) -> None:
    other = booked(evening_class(item=vinyasa.item, starts_at=at("20:00")))
    assert desk.get(address(vinyasa), {"person": other.pk}).status_code == 404


def test_view_only_sees_no_tick_no_contact_no_note_and_no_files(studio: Studio, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(studio, "Kim de Boer", phone="+31 6 1234", email="kim@example.test"))
    MemberNote.objects.create(member=kim.member, text="Her mat", for_next_visit=True, written_at=at("12:00"))
    actions.check_in(kim, action_id=uuid4(), by=login(studio, Preset.OWNER), now=at("18:00"))
    viewer = client_of(login(studio, Preset.VIEWER))
    for query in ({}, {"person": str(kim.pk)}, {"tab": "log"}):
        html = roster(viewer, vinyasa, **query)
        assert "Kim de Boer" in html
        for hidden in ("1234", "kim@example", "Her mat", 'class="tick"', "/undo/", "roster.csv", "Add a person"):
            assert hidden not in html
    assert viewer.get(address(vinyasa, "roster.csv")).status_code == 403


def test_a_teacher_opens_the_own_roster_and_no_other(studio: Studio, vinyasa: ScheduledSession) -> None:
    teaching = login(studio, Preset.TEACHER)
    teacher = client_of(teaching)
    assert teacher.get(address(vinyasa)).status_code == 404
    vinyasa.teacher.login = teaching  # type: ignore[union-attr]
    vinyasa.teacher.save()  # type: ignore[union-attr]
    booked(vinyasa, member(studio, "Kim de Boer"))
    html = roster(teacher, vinyasa)
    assert names(html) == ["Kim de Boer"]
    assert 'class="tick"' in html
    other = evening_class(item=vinyasa.item, teacher=TeacherFactory(studio=studio))
    assert teacher.get(address(other)).status_code == 404


def test_a_pinned_login_opens_rosters_of_its_location_only(studio: Studio, vinyasa: ScheduledSession) -> None:
    pinned = login(studio)
    pinned.locations.add(LocationFactory(studio=studio, name="Noord"))
    assert client_of(pinned).get(address(vinyasa)).status_code == 404


def test_another_studio_s_roster_looks_like_none(vinyasa: ScheduledSession) -> None:
    stranger = client_of(login(StudioFactory(slug="other")))
    assert stranger.get(f"/other/sessions/{vinyasa.pk}/").status_code == 404


def test_history_needs_its_right(studio: Studio, vinyasa: ScheduledSession, clock: Any) -> None:
    viewer, desk = client_of(login(studio, Preset.VIEWER)), client_of(login(studio))
    clock.move_to(at("19:01", days=3))
    assert viewer.get(address(vinyasa)).status_code == 403
    assert desk.get(address(vinyasa)).status_code == 200


@pytest.mark.parametrize("tab", ["none", "expected '"])
def test_a_word_that_is_no_tab_is_not_found(desk: Client, vinyasa: ScheduledSession, tab: str) -> None:
    assert desk.get(address(vinyasa), {"tab": tab}).status_code == 404


def test_a_class_changed_since_the_series_says_in_what(desk: Client, vinyasa: ScheduledSession) -> None:
    ScheduledSession.objects.update(own=["teacher", "start"])
    assert "differs from its series: time, teacher" in part(roster(desk, vinyasa), f"head-{vinyasa.pk}")


def test_members_of_two_locations_keep_their_own_time(desk: Client, studio: Studio) -> None:
    lisbon = LocationFactory(studio=studio, name="Lisboa", zone="Europe/Lisbon")
    session = SessionFactory(item__location=lisbon, starts_at=at("18:00"))
    assert "17:00 to 18:00" in part(roster(desk, session), f"head-{session.pk}")


@pytest.mark.parametrize("tab", ["expected", "cancelled", "log"])
def test_one_row_and_thirty_cost_the_same_queries(
    desk: Client,
    centrum: Location,
    vinyasa: ScheduledSession,
    django_assert_num_queries: DjangoAssertNumQueries,
    tab: str,
) -> None:
    def fill(number: int) -> None:
        for at_ in range(number):
            one = booked(vinyasa, member(centrum.studio, f"Kim Number{at_}", number=f"{number}{at_}"))
            MemberNote.objects.create(member=one.member, text="note", for_next_visit=True, written_at=at("12:00"))
            if tab == "cancelled":
                cancelled(one, CancelAs.LATE, "17:00")

    ScheduledSession.objects.update(capacity=None)
    fill(1)
    roster(desk, vinyasa, tab=tab)  # the first request of a login writes when it was seen
    with django_assert_num_queries(15 if tab != "log" else 18, exact=False) as few:
        roster(desk, vinyasa, tab=tab)
    fill(30)
    with django_assert_num_queries(len(few.captured_queries)):
        roster(desk, vinyasa, tab=tab)


def test_the_page_comes_from_where_one_was(desk: Client, vinyasa: ScheduledSession, clock: Any) -> None:
    assert '<a href="/linden/check-ins/">Check-ins</a>' in roster(desk, vinyasa)
    clock.move_to(at("18:00", days=-2))
    assert '<a href="/linden/bookings/">Bookings</a>' in roster(desk, vinyasa)
    clock.move_to(at("12:00", days=1))
    assert "/linden/history/2026-06/" in roster(desk, vinyasa)


def test_changes_of_the_class_itself_load_the_page_anew(desk: Client, vinyasa: ScheduledSession) -> None:
    booked(vinyasa)
    asked = {"since": 0, "at": (at("18:10") - timedelta(seconds=2)).isoformat()}
    assert desk.get(address(vinyasa, "changes/"), asked).status_code == 200
    ScheduledSession.objects.update(version=1)
    assert desk.get(address(vinyasa, "changes/"), asked).status_code == 205
