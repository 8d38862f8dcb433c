"""Rows say what pays for a visit; an unpaid one is sold a package from there, in two clicks."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings import actions
from bookings.models import ItemPackage, Reservation
from bookings.selectors.wallet import balances
from packages.models import Purchase
from portal.models import StaffLogin
from portal.roles import Preset
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    SessionFactory,
    StaffLoginFactory,
)
from tests.factories.packages import PackageVersionFactory, PurchaseFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_day")]


@pytest.fixture
def session() -> Any:
    """A class in an hour that takes a five-pack."""
    item = CalendarItemFactory(location=LocationFactory(), name="Flow")
    terms = PackageVersionFactory(package__studio=item.studio, package__name="Five Pack")
    ItemPackage.objects.create(studio=item.studio, item=item, package=terms.package)
    return SessionFactory(item=item)


@pytest.fixture
def desk(session: Any) -> StaffLogin:
    return StaffLoginFactory(studio=session.studio, preset=Preset.DESK)


@pytest.fixture
def viewer(session: Any) -> StaffLogin:
    return StaffLoginFactory(studio=session.studio, preset=Preset.VIEWER)


def book(session: Any, by: StaffLogin, *, with_pack: bool = False, **fields: Any) -> Reservation:
    member = MemberFactory(studio=session.studio, **fields)
    if with_pack:
        PurchaseFactory(version=session.item.packages.get().versions.get(), member=member)
    done = actions.reserve(session, member, source="desk", action_id=uuid4(), by=by, now=timezone.now())
    return done.reservation


def pages(session: Any) -> list[str]:
    slug = session.studio.slug
    return [
        f"/{slug}/check-ins/",
        f"/{slug}/sessions/{session.pk}/",
        f"/{slug}/bookings/?open={session.pk}",
    ]


def row_in(page: str, reservation: Reservation) -> str:
    found = re.search(rf'<(article|li)[^>]*id="reservation-{reservation.pk}".*?</\1>', page, re.DOTALL)
    assert found
    return found[0]


def test_rows_say_what_pays_and_what_is_left(client: Client, session: Any, desk: StaffLogin) -> None:
    paid, unpaid = book(session, desk, with_pack=True), book(session, desk)
    open_class = SessionFactory(item=CalendarItemFactory(location=session.location))
    free = book(open_class, desk)
    client.force_login(desk.user)
    for address in pages(session):
        page = client.get(address).content.decode()
        assert 'Five Pack</span> <span class="uses-left">· <b>4 of 5 left</b>' in row_in(page, paid), address
        assert "badge-unpaid" in row_in(page, unpaid), address
        assert f"/reservations/{unpaid.pk}/sell/" in row_in(page, unpaid), address
    page = client.get(pages(open_class)[1]).content.decode()
    assert "badge-free" in row_in(page, free)


def test_who_only_looks_sees_neither_packages_nor_marks(
    client: Client, session: Any, desk: StaffLogin, viewer: StaffLogin
) -> None:
    paid, unpaid = book(session, desk, with_pack=True), book(session, desk)
    client.force_login(viewer.user)
    for address in pages(session):
        page = client.get(address).content.decode()
        assert row_in(page, paid)
        assert "Five Pack" not in page
        assert "unpaid" not in row_in(page, unpaid)
        assert "against a package" not in page
    assert client.get(f"/{session.studio.slug}/reservations/{unpaid.pk}/sell/").status_code == 403


@pytest.mark.parametrize("preset", [Preset.DESK, Preset.OWNER])
def test_as_many_queries_for_many_rows_as_for_few(
    client: Client, session: Any, desk: StaffLogin, preset: Preset
) -> None:
    session.capacity = None
    session.save()
    client.force_login(StaffLoginFactory(studio=session.studio, preset=preset).user)
    book(session, desk, with_pack=True)
    book(session, desk)

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        return len(found)

    for address in pages(session):
        queries(address)  # what is asked once in a process is asked by now
    few = [queries(address) for address in pages(session)]
    for n in range(28):
        book(session, desk, with_pack=n % 3 > 0)
    assert [queries(address) for address in pages(session)] == few
    check_ins, roster, bookings = few
    assert (check_ins <= 12, roster <= 15, bookings <= 12) == (True, True, True), few


def test_nothing_is_free_where_nothing_is_sold(client: Client) -> None:
    session = SessionFactory()
    desk = StaffLoginFactory(studio=session.studio, preset=Preset.DESK)
    reservation = book(session, desk)
    client.force_login(desk.user)
    for address in pages(session):
        assert "badge-free" not in row_in(client.get(address).content.decode(), reservation)


def test_a_marketplaces_guest_is_neither_free_nor_unpaid(client: Client, session: Any, desk: StaffLogin) -> None:
    reservation = book(session, desk)
    Reservation.objects.filter(pk=reservation.pk).update(source="wellpass", assigned="free")
    client.force_login(desk.user)
    for address in pages(session):
        assert "badge-free" not in row_in(client.get(address).content.decode(), reservation)


class TestSelling:
    def test_two_clicks_from_the_row_and_the_visit_uses_it(
        self, client: Client, session: Any, desk: StaffLogin
    ) -> None:
        visit = book(session, desk, first_name="Kim", last_name="Boer")
        client.force_login(desk.user)
        address = f"/{session.studio.slug}/reservations/{visit.pk}/sell/"
        box = client.get(
            address, headers={"hx-request": "true", "hx-current-url": f"http://testserver{pages(session)[0]}"}
        )
        page = box.content.decode()
        assert "Sell Five Pack" in page
        assert "5 uses · 60.00 EUR" in page, "whoever sells is asked what it costs"
        fields = dict(re.findall(r'name="(action_id|package|next)" value="([^"]*)"', page))
        assert fields["next"].startswith(f"/{session.studio.slug}/check-ins/")
        response = client.post(address, fields)
        assert response.status_code == 302
        pack = Purchase.objects.get()
        visit.refresh_from_db()
        assert (visit.purchase, visit.assigned) == (pack, "rule")
        assert balances([pack], now=timezone.now())[pack.pk].free == 4
        assert (
            "Kim Boer bought Five Pack. This visit uses it: 4 of 5 left."
            in client.get(pages(session)[0]).content.decode()
        )
        client.post(address, fields)
        assert Purchase.objects.count() == 1

    def test_what_else_is_unpaid_and_could_use_it_is_offered(
        self, client: Client, session: Any, desk: StaffLogin
    ) -> None:
        visit = book(session, desk, first_name="Kim", last_name="Boer")
        later = SessionFactory(item=session.item, starts_at=session.starts_at + timedelta(days=1))
        actions.reserve(later, visit.member, source="desk", action_id=uuid4(), by=desk, now=timezone.now())
        client.force_login(desk.user)
        fields = {"action_id": str(uuid4()), "package": session.item.packages.get().pk}
        page = client.post(f"/{session.studio.slug}/reservations/{visit.pk}/sell/", fields, follow=True)
        words = page.content.decode()
        assert "1 more unpaid visit of Kim Boer could use it." in words
        bought = Purchase.objects.get()
        assert f'href="/{session.studio.slug}/members/{visit.member_id}/packages/?sold={bought.pk}"' in words
        assert bought.reservations.get() == visit

    def test_only_what_the_class_takes_and_is_on_sale(self, client: Client, session: Any, desk: StaffLogin) -> None:
        visit = book(session, desk)
        other = PackageVersionFactory(package__studio=session.studio, package__name="Other")
        client.force_login(desk.user)
        address = f"/{session.studio.slug}/reservations/{visit.pk}/sell/"
        assert "Other" not in client.get(address).content.decode()
        refused = client.post(address, {"action_id": uuid4(), "package": other.package_id})
        assert refused.status_code == 404
        session.item.packages.update(archived_at=timezone.now())
        assert "No package that is on sale" in client.get(address).content.decode()
        client.post(address, {"action_id": uuid4(), "package": session.item.packages.get().pk})
        assert not Purchase.objects.exists()

    def test_even_where_the_rule_would_take_another_one(self, session: Any, desk: StaffLogin) -> None:
        from bookings.actions.selling import sell_for  # noqa: PLC0415
        from packages.models import Policy  # noqa: PLC0415

        visit, terms = book(session, desk), session.item.packages.get().versions.get()
        PurchaseFactory(version=terms, member=visit.member, purchased_at=timezone.now().replace(year=2020))
        Policy.objects.create(studio=session.studio, order=Policy.Order.OLDEST_FIRST)
        sold = sell_for(visit, session.item.packages.get(), action_id=uuid4(), by=desk, now=timezone.now())
        visit.refresh_from_db()
        assert (visit.purchase, visit.assigned) == (sold.purchase, "hand")


class TestOnTheRoster:
    def test_another_package_is_chosen_with_both_balances_and_an_undo(
        self, client: Client, session: Any, desk: StaffLogin
    ) -> None:
        visit = book(session, desk, with_pack=True)
        newest = visit.purchase
        old = PurchaseFactory(
            version=newest.version, member=visit.member, purchased_at=timezone.now().replace(year=2020)
        )
        Purchase.objects.filter(pk=old.pk).update(expired_at=timezone.now())
        client.force_login(desk.user)
        address = f"/{session.studio.slug}/reservations/{visit.pk}/package/"
        panel = client.get(f"{pages(session)[1]}?person={visit.pk}").content.decode()
        assert f"/reservations/{visit.pk}/why/" in panel
        assert re.search(rf'<option value="{old.pk}">[^<]*expired', panel)
        headers = {"hx-request": "true"}
        answer = client.post(address, {"action_id": uuid4(), "purchase": old.pk}, headers=headers).content.decode()
        assert "Five Pack: 4 → 5 of 5 left" in answer
        assert "Five Pack: 5 → 4 of 5 left" in answer
        assert "Mind: it is expired" in answer
        visit.refresh_from_db()
        assert (visit.purchase, visit.assigned) == (old, "hand")
        event = visit.events.last()
        assert f'name="event" value="{event.pk}"' in answer
        client.post(address, {"action_id": uuid4(), "event": event.pk}, headers=headers)
        visit.refresh_from_db()
        assert (visit.purchase, visit.assigned) == (newest, "rule")

    def test_somebody_elses_purchase_is_not_found(self, client: Client, session: Any, desk: StaffLogin) -> None:
        visit, other = book(session, desk), book(session, desk, with_pack=True)
        client.force_login(desk.user)
        address = f"/{session.studio.slug}/reservations/{visit.pk}/package/"
        assert client.post(address, {"action_id": uuid4(), "purchase": other.purchase_id}).status_code == 404

    def test_the_foot_says_how_many_count(self, client: Client, session: Any, desk: StaffLogin) -> None:
        visit = book(session, desk, with_pack=True)
        book(session, desk, with_pack=True)
        actions.check_in(visit, action_id=uuid4(), by=desk, now=timezone.now())
        client.force_login(desk.user)
        page = client.get(pages(session)[1]).content.decode()
        assert "<b>1</b> count against a package" in page

    def test_the_file_has_package_and_whether_it_counts(self, client: Client, session: Any, desk: StaffLogin) -> None:
        owner = StaffLoginFactory(studio=session.studio, preset=Preset.OWNER)
        book(session, desk, with_pack=True)
        book(session, desk)
        client.force_login(owner.user)
        answer = client.get(f"{pages(session)[1]}roster.csv")
        text = b"".join(answer).decode("utf-8-sig")  # type: ignore[arg-type]
        head, *rows = [line.split(",") for line in text.splitlines()]
        at = head.index("Package")
        assert head[at + 1] == "Counts against package"
        assert sorted(row[at : at + 2] for row in rows) == [["", ""], ["Five Pack", "not yet"]]
