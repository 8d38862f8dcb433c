"""The screen *Check-ins* from outside: what it shows, and what it costs."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from bookings import actions
from bookings.models import ScheduledSession
from bookings.rules import CancelAs
from bookings.selectors.reception import plain
from portal.models import Location
from portal.roles import Preset
from tests.bookings.check_ins.counter import counts, login, member, page, rows, tick, words
from tests.bookings.scenes import at, booked, evening_class
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    ReservationFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


def test_the_day_is_shown_with_its_classes_people_and_counts(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim de Boer", number="4711"))
    booked(vinyasa, member(vinyasa.studio, "Ada Lindqvist"))
    actions.check_in(kim, action_id=uuid4(), by=login(vinyasa.studio, Preset.OWNER), now=at("17:52"))
    html = page(desk)
    found = rows(html)
    assert list(found) == ["Ada Lindqvist", "Kim de Boer"]
    assert "Checked in 17:52" in found["Kim de Boer"]
    assert "No check-in yet" in found["Ada Lindqvist"]
    assert counts(html) == "1 in 2 expected 1 no check-in 2 first visits"
    head = words(re.findall(r"<header class=\"session-head\".*?</header>", html, re.DOTALL)[0])
    assert head == "18:00 to 19:00 Vinyasa Flow Mira Okafor running 1 of 2 in"
    assert "<title>(1) Check-ins - Centrum" in html
    assert "Kim de Boer K. d. B. checked in Ana" in words(html)


def test_other_days_other_studios_and_other_locations_are_not_shown(desk: Client, vinyasa: ScheduledSession) -> None:
    noord = LocationFactory(studio=vinyasa.studio, slug="noord", name="Noord")
    booked(evening_class(item__location=noord), member(vinyasa.studio, "Nora Noord"))
    booked(evening_class(item__location=vinyasa.location, starts_at=at("18:00", days=1)), now=at("12:00"))
    booked(evening_class())
    booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    assert list(rows(page(desk, location="centrum"))) == ["Kim de Boer"]
    html = page(desk, location="all")
    assert set(rows(html)) == {"Kim de Boer", "Nora Noord"}
    assert "Noord" in words(html)


def test_today_is_the_day_of_each_location(desk: Client, vinyasa: ScheduledSession, ten_past_six: Any) -> None:
    """At 00:30 in Amsterdam it is still yesterday in Lisbon, and each shows its own day (Q15)."""
    lisbon = LocationFactory(studio=vinyasa.studio, slug="lisboa", name="Lisboa", zone="Europe/Lisbon")
    booked(evening_class(item__location=lisbon, starts_at=at("20:00")), member(vinyasa.studio, "Lia"))
    booked(vinyasa, member(vinyasa.studio, "Kim"))
    ten_past_six.move_to(at("00:30", days=1))
    assert list(rows(page(desk, location="all"))) == ["Lia"]


def test_a_class_that_runs_over_midnight_stays_until_it_ends(
    desk: Client, centrum: Location, ten_past_six: Any
) -> None:
    late = evening_class(item__location=centrum, starts_at=at("23:30"))
    booked(late, member(centrum.studio, "Kim"))
    ten_past_six.move_to(at("00:10", days=1))
    assert list(rows(page(desk))) == ["Kim"]
    ten_past_six.move_to(at("00:30", days=1))
    assert list(rows(page(desk))) == []


def test_the_star_is_filled_or_outlined_with_its_words(desk: Client, vinyasa: ScheduledSession) -> None:
    noord = LocationFactory(studio=vinyasa.studio, name="Noord")
    known = member(vinyasa.studio, "Known Elsewhere")
    for day in (3, 5):
        past = evening_class(item__location=noord, starts_at=at("18:00", days=-day))
        ReservationFactory(session=past, member=known, attendance="checked_in", checked_in_at=past.starts_at)
    booked(vinyasa, known)
    booked(vinyasa, member(vinyasa.studio, "New Here"))
    found = rows(page(desk, location="centrum"))
    assert "new here, 2 visits at Noord" in found["Known Elsewhere"]
    assert "First visit here" in found["New Here"]


def test_the_outlined_star_names_the_other_location_after_the_tick_too(desk: Client, vinyasa: ScheduledSession) -> None:
    noord = LocationFactory(studio=vinyasa.studio, name="Noord")
    known = member(vinyasa.studio, "Known Elsewhere")
    past = evening_class(item__location=noord, starts_at=at("18:00", days=-3))
    ReservationFactory(session=past, member=known, attendance="checked_in", checked_in_at=past.starts_at)
    tick(desk, booked(vinyasa, known))
    assert "new here, 1 visit at Noord" in rows(page(desk, location="centrum"))["Known Elsewhere"]


def test_who_cancelled_in_time_is_found_only_by_searching(desk: Client, vinyasa: ScheduledSession) -> None:
    gone = booked(vinyasa, member(vinyasa.studio, "Gone Girl"))
    actions.cancel(gone, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=at("12:00", days=-1))
    html = page(desk)
    assert 'class="row counter is-gone"' in html
    assert counts(html).startswith("0 in 0 expected")
    assert "is-searching" not in html.split("data-changes")[0]
    assert "is-searching" in page(desk, q="gone").split("data-changes")[0]


def test_searching_without_script_hides_who_does_not_fit(desk: Client, vinyasa: ScheduledSession) -> None:
    for name in ("Dörte Öhm", "Kim de Boer"):
        booked(vinyasa, member(vinyasa.studio, name, phone="+31 6 1234 5678" if name.startswith("K") else ""))
    shown = {q: re.findall(r"data-new aria-label=\"(.*?)\"", page(desk, q=q)) for q in ("ohm", "zz")}
    assert shown["ohm"] == ["Dörte Öhm"]
    assert shown["zz"] == []
    assert re.findall(r"data-new aria-label=\"(.*?)\"", page(desk, q="316123")) == ["Kim de Boer"]


@pytest.mark.parametrize(
    "query", [{"q": "a" * 5000}, {"show": "nonsense"}, {"q": "<script>", "show": "new"}, {"q": "😀"}]
)
def test_odd_searches_are_answered(desk: Client, vinyasa: ScheduledSession, query: dict[str, str]) -> None:
    booked(vinyasa, member(vinyasa.studio, "Kim"))
    html = page(desk, **query)
    assert list(rows(html)) == ["Kim"]
    assert "<script>" not in html


def test_a_day_without_classes_names_the_next_one(desk: Client, centrum: Location) -> None:
    item = CalendarItemFactory(location=centrum, name="Vinyasa")
    SessionFactory(item=item, starts_at=at("07:00", days=6))
    html = page(desk)
    assert "No classes at Centrum today." in html
    assert "Next: Tue 16 Jun, 07:00 Vinyasa, 0 booked." in html


def test_finished_classes_are_folded_away_with_their_counts(desk: Client, vinyasa: ScheduledSession) -> None:
    over = evening_class(item__location=vinyasa.location, starts_at=at("09:00"))
    booked(over)
    html = page(desk)
    finished = re.findall(r"<details class=\"finished\".*?</details>\n", html, re.DOTALL)[0]
    assert words(finished).startswith("1 finished class 0 of 1 in")
    assert f'id="session-{vinyasa.pk}"' not in finished


def test_names_are_written_as_text(desk: Client, vinyasa: ScheduledSession) -> None:
    booked(vinyasa, member(vinyasa.studio, '<script>alert(1)</script> O\'Neil "x"'))
    assert "<script>alert" not in page(desk)


def test_plain_is_small_letters_without_accents() -> None:
    assert plain("Łukasz ÖHM-Đorđević Straße Trần Œuvre") == "lukasz ohm-dordevic strasse tran oeuvre"


def queries(client: Client, django_assert_max_num_queries: Any, **query: str) -> int:
    page(client)  # the first request of a login writes when it began
    with django_assert_max_num_queries(12) as captured:
        page(client, **query)
    return len(captured)


def test_the_page_costs_the_same_with_one_row_and_with_thirty(
    desk: Client, vinyasa: ScheduledSession, django_assert_max_num_queries: Any
) -> None:
    ScheduledSession.objects.filter(pk=vinyasa.pk).update(capacity=None)
    LocationFactory(studio=vinyasa.studio, name="Noord")
    booked(vinyasa)
    one = queries(desk, django_assert_max_num_queries, location="all")
    for _ in range(29):
        booked(vinyasa)
    assert queries(desk, django_assert_max_num_queries, location="all") == one
