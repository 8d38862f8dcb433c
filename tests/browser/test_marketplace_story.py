"""The whole story of a marketplace: allowed, seen, the last place booked, starred at the desk, cancelled, called off.

Both sides are real: Tresen here, the sandbox marketplace as a process of its own, HTTP between them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

import bookings.tasks  # noqa: F401 - the jobs that a worker knows
from bookings.models import ScheduledSession
from bookings.rules import Booking, Origin
from marketplace.models import Connection
from portal.roles import Preset
from tests.browser.conftest import OpenPage, violations
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
    TeacherFactory,
)
from tests.factories.marketplace import (
    ConnectedLocationFactory,
    ConnectionFactory,
    ContractTermsFactory,
    MarketplaceFactory,
)
from tests.marketplace.scenes import drain
from tests.sandbox.conftest import SECRET, Sandbox

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


def zone_where_it_is_noon(now: datetime) -> str:
    """So that a class in three hours is one of today, whenever the test runs."""
    return f"Etc/GMT{now.hour - 12:+d}" if now.hour != 12 else "Etc/GMT"


@pytest.fixture
def connection(transactional_db: None, settings: Any) -> Connection:
    """A studio whose own rule says 24 hours, at a marketplace whose contract says 4."""
    settings.PRIVATE_TARGETS = True
    place = LocationFactory(
        studio=StudioFactory(slug="linden", cancel_hours=24),
        slug="centrum",
        name="Centrum",
        zone=zone_where_it_is_noon(timezone.now()),
    )
    wellpass = MarketplaceFactory(key="wellpass", name="Wellpass", adapter="groupx")
    found = ConnectionFactory(studio=place.studio, marketplace=wellpass, client_id="wellpass-demo")
    found.secret = SECRET
    ConnectedLocationFactory(connection=found, location=place)
    ContractTermsFactory(contract__connection=found, cancel_hours=4)
    return found


@pytest.fixture
def sandbox(connection: Connection, live_server: LiveServer, tmp_path: Path) -> Iterator[Sandbox]:
    zone = connection.studio.locations.get().zone
    told = {"SANDBOX_HOOK": str(connection.hook), "SANDBOX_LOCATIONS": "centrum", "SANDBOX_ZONE": zone}
    made = Sandbox(tmp_path, live_server.url, **told, SANDBOX_SECONDS="10")
    connection.address = f"{made.url}/hooks/"
    connection.save()
    yield made
    made.stop()


@pytest.fixture
def soon(connection: Connection) -> ScheduledSession:
    """A class in three hours with one place, which no marketplace may sell; another in ten hours."""
    place = connection.studio.locations.get()
    teacher = TeacherFactory(studio=place.studio, name="Mira")
    item = CalendarItemFactory(location=place, name="Vinyasa", teacher=teacher, capacity=1, allows_marketplaces=False)
    SessionFactory(item=item, starts_at=timezone.now() + timedelta(hours=10), capacity=1)
    return SessionFactory(item=item, starts_at=timezone.now() + timedelta(hours=3), capacity=1)


def class_of(phone: Page, sandbox: Sandbox, session: ScheduledSession) -> None:
    phone.goto(f"{sandbox.url}/classes/{session.pk}/")


def the_booking(phone: Page, sandbox: Sandbox, button: str) -> None:
    phone.goto(f"{sandbox.url}/bookings/")
    phone.get_by_role("button", name=button, exact=True).click()


def test_a_class_at_a_marketplace_from_the_switch_to_its_cancellation(
    open_page: OpenPage, connection: Connection, sandbox: Sandbox, soon: ScheduledSession
) -> None:
    studio = connection.studio
    later = studio.sessions.exclude(pk=soon.pk).get()
    office = open_page(
        StaffLoginFactory(studio=studio, preset=Preset.MANAGER), f"/linden/schedule/items/{soon.item_id}/edit/"
    )
    ana = StaffLoginFactory(studio=studio, preset=Preset.DESK, user__name="Ana Vos")

    # The studio allows the class, and it appears.
    office.locator("summary").filter(has_text="Marketplaces").click()
    office.locator("[name=allows_marketplaces]").check()
    office.get_by_role("button", name="Save").click()
    office.wait_for_url(f"**/schedule/items/{soon.item_id}/")
    drain()
    heard = sandbox.store.rows("SELECT source, free FROM class ORDER BY starts_at")
    assert [tuple(row) for row in heard] == [("message", 1), ("message", 1)]

    # A new member finds it, while the desk looks at the same last place for somebody else.
    phone = open_page(None, sandbox.url, viewport=PHONE, color_scheme="dark")
    phone.get_by_role("button", name="Amira El Idrissi").click()
    expect(phone.locator(".class")).to_have_count(2)
    assert violations(phone) == []
    kim = MemberFactory(studio=studio, first_name="Kim", last_name="Visser")
    desk = open_page(ana, f"/linden/sessions/{soon.pk}/add/?member={kim.pk}", viewport=DESK)
    counter = open_page(ana, "/linden/check-ins/", viewport=DESK)
    expect(counter.locator("#live-word")).to_have_text("live")
    class_of(phone, sandbox, soon)
    expect(phone.locator("#places")).to_have_text("1 of 1 free")
    phone.get_by_role("button", name="Book", exact=True).click()
    expect(phone.get_by_text("Booked.")).to_be_visible()

    # Within two seconds she is at the desk, with a star; whoever was slower hears why not.
    guest = counter.locator("[data-row]").filter(has_text="Amira El Idrissi")
    expect(guest).to_be_visible(timeout=2_000)
    expect(guest.get_by_role("img", name="First visit here")).to_be_visible()
    expect(guest.get_by_text("Wellpass").first).to_be_visible()
    desk.get_by_role("button", name="Book this place").click()
    expect(desk.locator(".banner-error")).to_be_visible()
    assert soon.reservations.get(booking=Booking.BOOKED).source == "wellpass"

    # Three hours before, it is late by the contract too.
    the_booking(phone, sandbox, "Cancel late")
    expect(phone.get_by_role("status")).to_contain_text("Cancelled late.")
    expect(phone.get_by_role("status")).to_contain_text("By our contract with the studio.")
    late = soon.reservations.get()
    assert (late.booking, late.deadline_from) == (Booking.LATE_CANCELLED, Origin.CONTRACT)

    # Ten hours before, it is not: four hours are agreed, whatever the studio says to others.
    class_of(phone, sandbox, later)
    phone.get_by_role("button", name="Book", exact=True).click()
    the_booking(phone, sandbox, "Cancel")
    expect(phone.get_by_role("status")).to_contain_text("Cancelled in time.")
    assert later.reservations.get().booking == Booking.CANCELLED

    # Booked again, and called off by the studio: the marketplace tells its member.
    class_of(phone, sandbox, later)
    phone.get_by_role("button", name="Book", exact=True).click()
    expect(phone.get_by_text("Booked.")).to_be_visible()
    office.goto(f"/linden/schedule/sessions/{later.pk}/cancel/")
    office.get_by_label("Reason").fill("Burst pipe")
    office.locator("button[name=confirmed]").click()
    expect(office.get_by_text("1 session is cancelled.")).to_be_visible()
    drain()
    phone.goto(f"{sandbox.url}/bookings/")
    expect(phone.locator(".past li").first).to_contain_text("cancelled by the studio")
    phone.goto(f"{sandbox.url}/classes/{later.pk}/")
    expect(phone.locator(".state")).to_have_text("cancelled")
