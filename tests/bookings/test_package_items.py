"""What can be booked with which package: the matrix, and one item's form (K2, Q10)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from bookings import actions
from bookings.models import CalendarItem, ItemPackage, Reservation, ScheduledSession
from bookings.selectors.wallet import Wallet
from packages.models import Package
from packages.rules import Outcome
from portal.models import Change, Location, StaffLogin
from portal.roles import Preset
from tests.bookings.schedule_pages import NOW, ask, words
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
)
from tests.factories.packages import PackageVersionFactory

PATH = "packages/items/"


@pytest.fixture
def place(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden", country="NL")


@pytest.fixture
def manager(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)


@pytest.fixture
def flow(place: Location) -> CalendarItem:
    return CalendarItemFactory(location=place, name="Flow", capacity=12)


@pytest.fixture
def pack(place: Location) -> Package:
    return PackageVersionFactory(package__studio=place.studio, package__name="5 Pack").package


def link(item: CalendarItem, package: Package) -> str:
    ItemPackage.objects.create(studio=item.studio, item=item, package=package)
    return word(item, package)


def word(item: CalendarItem, package: Package) -> str:
    return f"{item.pk}-{package.pk}"


def linked(item: CalendarItem) -> set[str]:
    return set(item.packages.values_list("name", flat=True))


def dates(item: CalendarItem, number: int) -> list[ScheduledSession]:
    return [SessionFactory(item=item, starts_at=NOW + timedelta(days=day + 1)) for day in range(number)]


def press(login: StaffLogin, data: dict[str, Any], button: str) -> Any:
    """Save, read what it would mean, and press this button of it."""
    look = ask(login, PATH, data)
    answer = {button: look.context["fingerprint"], "agreed": look.context["agreed"]}
    return ask(login, PATH, data | answer, status=302)


def uses(session: ScheduledSession) -> Outcome:
    session = ScheduledSession.objects.select_related("item", "location").get(pk=session.pk)
    return Wallet(MemberFactory(studio=session.studio), session.studio, now=NOW).choose(session).outcome


def test_an_item_without_packages_is_labelled_free(manager: StaffLogin, flow: CalendarItem, pack: Package) -> None:
    assert "free: anyone can book" in words(ask(manager, PATH))
    link(flow, pack)
    assert "free: anyone can book" not in words(ask(manager, PATH))


def test_a_tick_links_and_is_logged(manager: StaffLogin, flow: CalendarItem, pack: Package) -> None:
    (session,) = dates(flow, 1)
    assert uses(session) is Outcome.FREE
    ask(manager, PATH, {"link": [word(flow, pack)]}, status=302)
    assert linked(flow) == {"5 Pack"}
    assert uses(session) is Outcome.UNPAID
    change = Change.objects.get(subject="calendaritem")
    assert (change.kind, change.by) == ("linked", manager)
    assert (change.before["packages"], change.after["packages"]) == ([], ["5 Pack"])


def test_unlinking_the_last_package_asks_and_frees(manager: StaffLogin, flow: CalendarItem, pack: Package) -> None:
    seen = link(flow, pack)
    dates(flow, 12)
    SessionFactory(item=flow, starts_at=NOW - timedelta(days=1))
    look = ask(manager, PATH, {"seen": [seen]})
    assert "12 classes become free from now on. Keep them closed instead?" in words(look)
    assert linked(flow) == {"5 Pack"}
    press(manager, {"seen": [seen]}, "confirmed")
    assert linked(flow) == set()
    assert uses(flow.sessions.order_by("starts_at").last()) is Outcome.FREE  # type: ignore[arg-type]


def test_kept_closed_it_is_not_free(manager: StaffLogin, flow: CalendarItem, pack: Package) -> None:
    seen = link(flow, pack)
    (session,) = dates(flow, 1)
    press(manager, {"seen": [seen]}, "keep_closed")
    flow.refresh_from_db()
    assert (linked(flow), flow.needs_package) == (set(), True)
    assert uses(session) is Outcome.UNPAID
    assert "closed: no package is linked" in words(ask(manager, PATH))
    press(manager, {"seen_closed": [flow.pk]}, "confirmed")
    assert uses(session) is Outcome.FREE


def test_linking_the_first_keeps_free_reservations_and_says_so(
    manager: StaffLogin, flow: CalendarItem, pack: Package
) -> None:
    (session,) = dates(flow, 1)
    made = actions.reserve(
        session, MemberFactory(studio=flow.studio), source="desk", action_id=uuid4(), by=manager, now=NOW
    ).reservation
    ReservationFactory(session=SessionFactory(item=flow, starts_at=NOW - timedelta(days=1)))
    look = ask(manager, PATH, {"link": [word(flow, pack)]})
    assert "Flow is free no longer. 1 booking that was free stays free." in words(look)
    press(manager, {"link": [word(flow, pack)]}, "confirmed")
    made.refresh_from_db()
    assert (made.assigned, made.purchase) == (Reservation.Assigned.FREE, None)


def test_with_all_packages_archived_it_is_not_free(manager: StaffLogin, flow: CalendarItem, pack: Package) -> None:
    link(flow, pack)
    (session,) = dates(flow, 1)
    ask(manager, f"packages/{pack.pk}/archive/", {}, status=302)
    assert "nothing on sale" in words(ask(manager, PATH))
    assert uses(session) is Outcome.UNPAID


def test_two_editors_keep_each_others_ticks(
    manager: StaffLogin, place: Location, flow: CalendarItem, pack: Package
) -> None:
    """Both opened the page as it was empty; the second one saves last and unticks nothing of the first."""
    yin = CalendarItemFactory(location=place, name="Yin")
    other = PackageVersionFactory(package__studio=place.studio, package__name="Unlimited").package
    ask(manager, PATH, {"link": [word(flow, pack), word(yin, pack)]}, status=302)
    ask(manager, PATH, {"link": [word(flow, other), word(flow, pack)]}, status=302)
    assert (linked(flow), linked(yin)) == ({"5 Pack", "Unlimited"}, {"5 Pack"})


def test_what_was_said_must_still_be_so(
    manager: StaffLogin, place: Location, flow: CalendarItem, pack: Package
) -> None:
    """Somebody else unlinks the other package after the look: now it would become free, which nobody agreed to."""
    other = PackageVersionFactory(package__studio=place.studio, package__name="Unlimited").package
    mine, theirs = link(flow, pack), link(flow, other)
    data = {"seen": [mine, theirs], "link": [theirs]}
    ItemPackage.objects.filter(package=other).delete()
    look = ask(manager, PATH, data)
    assert look.context["told"].asks
    forged = data | {"confirmed": look.context["fingerprint"], "agreed": "0" * 16}
    ask(manager, PATH, forged)
    assert linked(flow) == {"5 Pack"}


@pytest.mark.parametrize("text", ["", "x", "1", "1-", "-1-2", "9" * 30 + "-1", "²-1"])
def test_words_that_are_no_ticks_are_not_found(manager: StaffLogin, text: str) -> None:
    ask(manager, PATH, {"link": [text]}, status=404)


def test_rows_of_others_are_not_found(manager: StaffLogin, place: Location, flow: CalendarItem, pack: Package) -> None:
    foreign = PackageVersionFactory().package
    noord = CalendarItemFactory(location=LocationFactory(studio=place.studio))
    manager.locations.add(place)
    for data in (
        {"link": [word(flow, foreign)]},
        {"link": [word(CalendarItemFactory(), pack)]},
        {"link": [word(noord, pack)]},
        {"link_closed": [str(noord.pk)]},
    ):
        ask(manager, PATH, data, status=404)
    assert not ItemPackage.objects.exists()


def item_answers(item: CalendarItem, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "class", "name": item.name, "colour": "0", "location": str(item.location_id), "duration_minutes": "60",
        "capacity": "12", **fields,
    }  # fmt: skip


def test_the_items_form_links_too(manager: StaffLogin, flow: CalendarItem, pack: Package) -> None:
    path = f"schedule/items/{flow.pk}/edit/"
    ask(manager, path, item_answers(flow, **{"links-packages": [pack.pk]}), status=302)
    assert linked(flow) == {"5 Pack"}
    page = ask(manager, path)
    seen = page.context["links"].initial["seen"]
    assert "5 Pack" in words(ask(manager, f"schedule/items/{flow.pk}/"))
    dates(flow, 2)
    data = item_answers(flow, **{"links-seen": seen})
    look = ask(manager, path, data)
    assert "2 classes become free from now on. Keep them closed instead?" in words(look)
    answer = {"keep_closed": look.context["fingerprint"], "agreed": look.context["agreed"]}
    ask(manager, path, data | answer, status=302)
    flow.refresh_from_db()
    assert (linked(flow), flow.needs_package) == (set(), True)


def test_a_new_item_can_have_packages_at_once(manager: StaffLogin, place: Location, pack: Package) -> None:
    data = {
        "kind": "class", "name": "New Flow", "colour": "0", "location": str(place.pk), "duration_minutes": "60",
        "how": "later", "links-packages": [pack.pk],
    }  # fmt: skip
    look = ask(manager, "schedule/new/", data)
    ask(manager, "schedule/new/", data | {"confirmed": look.context["fingerprint"]}, status=302)
    assert linked(CalendarItem.objects.get(name="New Flow")) == {"5 Pack"}


def test_a_package_of_another_studio_is_no_choice_of_the_form(
    manager: StaffLogin, flow: CalendarItem, pack: Package
) -> None:
    foreign = PackageVersionFactory().package
    data = item_answers(flow, **{"links-packages": [foreign.pk]})
    answer = ask(manager, f"schedule/items/{flow.pk}/edit/", data, status=422)
    assert answer.context["links"].errors["packages"]


def test_the_page_works_with_keys_of_the_navigation(manager: StaffLogin) -> None:
    client = Client()
    client.force_login(manager.user)
    assert 'data-key="g p"' in client.get("/linden/packages/").content.decode()
