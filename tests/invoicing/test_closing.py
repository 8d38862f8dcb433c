"""Closing a month: what is still to be settled before the invoice, and who signed (N8)."""

from datetime import date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.actions import mark_no_show
from invoicing.actions import issue
from invoicing.actions.closing import NotSigned, NotYet, sign, take_back
from invoicing.models import MonthClosing
from invoicing.plans.closing import blocked
from invoicing.rules import Obstacle
from invoicing.selectors.closing import Checklist, checklist
from marketplace.models import Conflict
from portal.models import Change, StaffLogin
from portal.models.members import DuplicateSuggestion
from portal.roles import Preset
from tests.factories import LocationFactory, MemberFactory, StaffLoginFactory, StudioFactory
from tests.factories.invoicing import AgreementFactory, PayerFactory, SellerFactory
from tests.invoicing.scenes import House, at, house

pytestmark = pytest.mark.django_db

NOVEMBER = date(2026, 11, 1)
IN_NOVEMBER = at("2026-11-30 17:00")
ON_THE_1ST = at("2026-12-01 09:00")
ON_THE_5TH = at("2026-12-05 05:00")


@pytest.fixture
def there() -> House:
    found = house()
    found.terms(check_in_rate=Decimal("9.50"), no_show_rate=Decimal("4.00"))
    return found


@pytest.fixture
def owner(there: House) -> StaffLogin:
    return StaffLoginFactory(studio=there.connection.studio, user__name="Ada Owner")


def asked(there: House, now: datetime = ON_THE_1ST) -> Checklist:
    return checklist(there.connection.studio, NOVEMBER, now=now)


def client_of(login: StaffLogin) -> Client:
    client = Client()
    client.force_login(login.user)
    return client


def address(there: House, more: str = "") -> str:
    return f"/{there.connection.studio.slug}/invoices/close/2026-11/{more}"


class TestUnticked:
    def test_whom_nobody_ticked_or_missed_is_named_by_class(self, there: House) -> None:
        evening = there.session(IN_NOVEMBER)
        there.visit(IN_NOVEMBER, "booked", session=evening)
        there.visit(IN_NOVEMBER, "booked", session=evening, guest=2)
        there.visit(IN_NOVEMBER, session=evening, guest=3)
        swept = there.visit(at("2026-11-29 10:00"), "no_show")
        there.visit(at("2026-11-02 10:00"), "no_show", guest=4)

        found = asked(there)

        # The most urgent first; for the one of the 2nd it is too late.
        assert [(one.session, one.number) for one in found.unticked.named] == [(swept.session, 1), (evening, 2)]
        assert (found.unticked.number, found.too_late) == (3, 1)

    def test_what_a_person_or_the_marketplace_has_said_is_settled(self, there: House, owner: StaffLogin) -> None:
        missed = there.visit(IN_NOVEMBER, "booked").reservation
        assert missed is not None
        mark_no_show(missed, action_id=uuid4(), by=owner, now=at("2026-11-30 19:00"))
        there.visit(IN_NOVEMBER, "booked", guest=2, confirmed_at=IN_NOVEMBER)
        there.visit(at("2026-12-01 12:00"), "booked", guest=3)

        assert asked(there).unticked.number == 0

    def test_a_month_ends_where_it_happens(self, there: House) -> None:
        """23:30 UTC of the 31st of October is November in Amsterdam; 23:30 UTC of the 30th is December."""
        there.visit(at("2026-10-31 23:30"), "booked")
        there.visit(at("2026-11-30 23:30"), "booked", guest=2)

        found = asked(there, now=at("2026-12-02 09:00"))

        assert (found.unticked.number, found.too_late) == (0, 1)


class TestOthers:
    def conflict(self, there: House, **fields: object) -> Conflict:
        given = {"kind": Conflict.Kind.CANCELLED_AFTER_CHECK_IN, "about": IN_NOVEMBER, "opened_at": IN_NOVEMBER}
        return Conflict.objects.create(studio=there.connection.studio, connection=there.connection, **(given | fields))

    def test_conflicts_are_of_the_class_s_month_or_of_their_moment(self, there: House) -> None:
        of_class = self.conflict(there, visit=there.visit(IN_NOVEMBER), about=at("2026-12-01 01:00"))
        of_moment = self.conflict(there, guest=there.guest(2))
        self.conflict(there, visit=there.visit(at("2026-12-01 09:00"), guest=3))
        settled = self.conflict(there, guest=there.guest(4))
        Conflict.objects.filter(pk=settled.pk).update(settled_at=IN_NOVEMBER, verdict="was_here")

        assert {one.pk for one in asked(there).conflicts.named} == {of_class.pk, of_moment.pk}

    def test_a_check_in_without_a_booking_is_a_person_to_be_matched(self, there: House) -> None:
        one = self.conflict(there, guest=there.guest(), kind=Conflict.Kind.CHECK_IN_WITHOUT_BOOKING)

        found = asked(there)

        assert ([each.pk for each in found.unmatched.named], found.conflicts.number) == ([one.pk], 0)

    def test_guests_of_the_month_who_may_be_somebody_else_here_or_have_no_name(self, there: House) -> None:
        studio = there.connection.studio
        member = there.visit(IN_NOVEMBER).guest.member  # type: ignore[union-attr]
        pair = DuplicateSuggestion.objects.create(
            studio=studio, one=member, other=MemberFactory(studio=studio), reason="name", found_at=IN_NOVEMBER
        )
        DuplicateSuggestion.objects.create(
            studio=studio,
            one=MemberFactory(studio=studio),
            other=MemberFactory(studio=studio),
            reason="name",
            found_at=IN_NOVEMBER,
        )
        nobody = there.guest(2).member
        nobody.first_name = nobody.last_name = ""
        nobody.save()
        there.visit(IN_NOVEMBER, guest=2)

        found = asked(there)

        assert [one.pk for one in found.duplicates.named] == [pair.pk]
        assert [one.pk for one in found.nameless.named] == [there.guest(2).pk]

    def test_what_an_invoice_needs(self, there: House) -> None:
        there.visit(IN_NOVEMBER)

        (one,) = blocked(there.connection.studio, NOVEMBER, now=ON_THE_1ST)

        assert (one.contract, set(one.obstacles)) == (
            there.contract,
            {Obstacle.NO_SELLER, Obstacle.NO_PAYER, Obstacle.NO_AGREEMENT},
        )

    def test_each_location_has_its_own_last_moment_for_corrections(self, there: House) -> None:
        lisbon = LocationFactory(studio=there.connection.studio, zone="Europe/Lisbon", position=9, correction_hours=24)
        there.session(at("2026-11-30 20:00"))
        there.session(at("2026-11-10 20:00"), lisbon)

        here, far = asked(there).windows

        assert (here.until, here.is_open) == (at("2026-12-03 21:00"), True)
        assert (far.until, far.is_open) == (at("2026-11-11 21:00"), False)


class TestSigning:
    def test_a_month_that_is_over_is_signed_by_name_once(self, there: House, owner: StaffLogin) -> None:
        studio, other = there.connection.studio, StaffLoginFactory(studio=there.connection.studio)

        first = sign(studio, NOVEMBER, by=owner, now=ON_THE_1ST)
        again = sign(studio, NOVEMBER, by=other, now=ON_THE_5TH)

        assert (first.pk, again.name, again.signed_at) == (again.pk, "Ada Owner", ON_THE_1ST)
        assert asked(there).closing == first

    @pytest.mark.parametrize("now", [IN_NOVEMBER, at("2026-11-30 23:30")])
    def test_a_month_that_still_runs_somewhere_is_not(self, there: House, owner: StaffLogin, now: datetime) -> None:
        LocationFactory(studio=there.connection.studio, zone="America/New_York")

        with pytest.raises(NotSigned) as refused:
            sign(there.connection.studio, NOVEMBER, by=owner, now=now)

        assert refused.value.reason is NotYet.NOT_OVER
        assert not asked(there, now=now).is_signable

    def test_a_visit_without_terms_blocks_and_is_named(self) -> None:
        there = house()
        there.terms(date(2026, 11, 20))
        owner = StaffLoginFactory(studio=there.connection.studio)
        early = there.visit(at("2026-11-02 10:00"))
        there.visit(IN_NOVEMBER)

        with pytest.raises(NotSigned) as refused:
            sign(there.connection.studio, NOVEMBER, by=owner, now=ON_THE_1ST)

        found = asked(there)
        assert refused.value.reason is NotYet.NO_CLAUSE
        assert ([one.visit for one in found.unclaused.named], found.unclaused.number) == ([early.pk], 1)
        assert (found.is_signable, found.open_points) == (False, 1)

    def test_it_can_be_taken_back_until_the_month_is_issued(self, there: House, owner: StaffLogin) -> None:
        studio = there.connection.studio
        SellerFactory(studio=studio)
        PayerFactory(marketplace=there.connection.marketplace)
        AgreementFactory(contract=there.contract)
        there.visit(IN_NOVEMBER)
        sign(studio, NOVEMBER, by=owner, now=ON_THE_1ST)

        assert take_back(studio, NOVEMBER, by=owner, now=ON_THE_1ST)
        assert not take_back(studio, NOVEMBER, by=owner, now=ON_THE_1ST)
        sign(studio, NOVEMBER, by=owner, now=ON_THE_1ST)
        assert issue(there.contract, NOVEMBER, now=ON_THE_5TH) is not None
        with pytest.raises(NotSigned):
            take_back(studio, NOVEMBER, by=owner, now=ON_THE_5TH)

        kinds = ["signed", "signature_taken_back", "signed"]
        assert (
            list(Change.objects.filter(subject="monthclosing").order_by("id").values_list("kind", flat=True)) == kinds
        )
        assert MonthClosing.objects.get().name == "Ada Owner"

    def test_signing_issues_nothing(self, there: House, owner: StaffLogin) -> None:
        there.visit(IN_NOVEMBER)

        sign(there.connection.studio, NOVEMBER, by=owner, now=ON_THE_1ST)

        assert not asked(there).issued


class TestPage:
    @pytest.fixture(autouse=True)
    def on_the_1st(self) -> object:
        with time_machine.travel(ON_THE_1ST, tick=False):
            yield

    def text(self, client: Client, there: House) -> str:
        answer = client.get(address(there))
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    def test_each_point_says_what_is_open_and_where_it_is_settled(self, there: House, owner: StaffLogin) -> None:
        visit = there.visit(IN_NOVEMBER, "booked")

        text = self.text(client_of(owner), there)

        assert "1 guest of a marketplace was booked" in text
        assert f'/sessions/{visit.session_id}/">Were they here?' in text.replace("/session/", "/sessions/")
        assert "marketplaces/at-risk/" in text
        assert "Both sides say the same of every visit." in text
        assert "The studio&#x27;s own data for invoices is missing" in text
        assert "It is issued" not in text
        assert "Signing issues nothing early: that happens Sat 5 Dec, 06:00." in text
        assert "Sign November 2026 as Ada Owner" in text

    def test_signed_and_taken_back_by_buttons(self, there: House, owner: StaffLogin) -> None:
        client = client_of(owner)

        assert client.post(address(there, "sign/")).status_code == 302
        assert "Signed by <b>Ada Owner</b>, Tue 1 Dec, 10:00." in self.text(client, there)
        client.post(address(there, "take-back/"))
        assert not MonthClosing.objects.exists()

    def test_what_blocks_is_said_and_the_button_is_gone(self) -> None:
        there = house()
        there.terms(date(2026, 12, 1))
        there.visit(IN_NOVEMBER)
        client = client_of(StaffLoginFactory(studio=there.connection.studio))

        text = self.text(client, there)
        refused = client.post(address(there, "sign/"), follow=True).content.decode()

        assert "Sign November 2026" not in text
        assert "Fitpass One: First" in text
        assert "Not signed: some visits have no terms of a contract" in refused

    def test_a_manager_reads_it_and_signs_nothing(self, there: House) -> None:
        client = client_of(StaffLoginFactory(studio=there.connection.studio, preset=Preset.MANAGER))

        assert "An owner signs the month." in self.text(client, there)
        assert client.post(address(there, "sign/")).status_code == 404
        assert not MonthClosing.objects.exists()

    def test_who_sees_no_money_and_who_works_elsewhere_find_nothing(self, there: House) -> None:
        pinned = StaffLoginFactory(studio=there.connection.studio, preset=Preset.MANAGER)
        pinned.locations.add(there.place)
        logins = [
            StaffLoginFactory(studio=there.connection.studio, preset=Preset.DESK),
            StaffLoginFactory(studio=StudioFactory()),
            pinned,
        ]
        for login in logins:
            assert client_of(login).get(address(there)).status_code == 404

    def test_a_month_that_has_not_begun_is_no_page(self, there: House, owner: StaffLogin) -> None:
        client = client_of(owner)

        assert client.get(f"/{there.connection.studio.slug}/invoices/close/2026-12/").status_code == 200
        assert client.get(f"/{there.connection.studio.slug}/invoices/close/2027-01/").status_code == 404

    def test_the_list_of_invoices_leads_to_it(self, there: House, owner: StaffLogin) -> None:
        there.visit(IN_NOVEMBER, "booked")
        client, listed = client_of(owner), f"/{there.connection.studio.slug}/invoices/"

        before = " ".join(client.get(listed).content.decode().split())
        client.post(address(there, "sign/"))
        after = " ".join(client.get(listed).content.decode().split())

        assert "November 2026: 2 points to settle before it is issued." in before
        assert f'{address(there)}">Close the month</a>' in before
        assert "November 2026 is signed by Ada Owner, Tue 1 Dec, 10:00." in after

    def test_thirty_visits_ask_as_much_as_one(self, there: House, owner: StaffLogin) -> None:
        client = client_of(owner)
        there.visit(IN_NOVEMBER, "booked")
        self.text(client, there)
        with CaptureQueriesContext(database) as few:
            self.text(client, there)
        for guest in range(2, 31):
            there.visit(IN_NOVEMBER, "booked", guest=guest)
        with CaptureQueriesContext(database) as many:
            self.text(client, there)

        assert len(many) == len(few)
