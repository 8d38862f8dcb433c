"""What the history, the files, the profile and the roster show of invoices (P5, Q38, K5)."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.actions import check_in
from bookings.exports import month_as_csv
from bookings.invoices import invoices
from invoicing.actions import issue
from invoicing.actions.issuing import note_attempt
from invoicing.actions.payouts import tell
from invoicing.models import Invoice, Payout, PayoutEvent
from invoicing.selectors.figures import figures
from marketplace.models import Conflict, Contract
from marketplace.selectors.passes import passes_of
from portal.models import StaffLogin
from portal.roles import Preset
from tests.bookings.test_history_files import cells_of
from tests.factories import LocationFactory, StaffLoginFactory
from tests.factories.invoicing import AgreementFactory, PayerFactory, SellerFactory
from tests.invoicing.scenes import House, at, house

pytestmark = pytest.mark.django_db

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
NOW = at("2026-11-22 12:00")
ON_THE_5TH = at("2026-11-05 05:00")
D = Decimal


@pytest.fixture
def there() -> House:
    """October is issued: a check-in, an additional workout and a no-show at 8.00; November runs with one visit."""
    found = house()
    found.terms(check_in_rate=D("9.50"), no_show_rate=D("4.00"))
    found.terms(date(2026, 11, 1), check_in_rate=D("10.00"))
    studio = found.connection.studio
    SellerFactory(studio=studio)
    PayerFactory(marketplace=found.connection.marketplace)
    AgreementFactory(contract=found.contract)
    found.visit(at("2026-10-10 18:00"))
    found.visit(at("2026-10-11 18:00"), additional=True)
    found.visit(at("2026-10-12 18:00"), "no_show", guest=2)
    found.visit(at("2026-11-10 18:00"), guest=3)
    found.visit(at("2026-11-28 18:00"), "booked", guest=3)
    assert issue(found.contract, OCTOBER, now=ON_THE_5TH) is not None
    return found


def client_of(there: House, preset: Preset = Preset.OWNER) -> Client:
    client = Client()
    client.force_login(StaffLoginFactory(studio=there.connection.studio, preset=preset).user)
    return client


def number() -> str:
    return Invoice.objects.get().number


def read(client: Client, there: House, path: str) -> str:
    with time_machine.travel(NOW, tick=False):
        answer = client.get(f"/{there.connection.studio.slug}/{path}")
    assert answer.status_code == 200
    whole = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return (
        " ".join(whole.decode("utf-8-sig").split()) if "html" in answer["Content-Type"] else whole.decode("utf-8-sig")
    )


class TestMonths:
    def of(self, there: House, *places: Any, first: date = OCTOBER) -> Any:
        studio = there.connection.studio
        return invoices().months(studio, places or [there.place], first, DECEMBER, now=NOW)

    def test_issued_and_running_months(self, there: House) -> None:
        found = self.of(there)

        assert [(one.how, one.additional, dict(one.amounts)) for one in found.values()] == [
            ("issued", 1, {"EUR": D("23.00")}),
            ("open", 0, {"EUR": D("10.00")}),
        ]
        assert found[OCTOBER].url.endswith(f"/invoices/{number()}/")
        assert found[NOVEMBER].url.endswith("/invoices/")

    def test_a_month_that_is_over_is_closing_and_leads_to_its_checklist(self, there: House) -> None:
        found = invoices().months(
            there.connection.studio, [there.place], NOVEMBER, DECEMBER, now=at("2026-12-02 12:00")
        )

        assert found is not None
        assert (found[NOVEMBER].how, found[NOVEMBER].url[-22:]) == ("closing", "invoices/close/2026-11/"[-22:])

    def test_a_location_has_its_own_part(self, there: House) -> None:
        other = LocationFactory(studio=there.connection.studio)

        here, elsewhere = self.of(there, there.place), self.of(there, other)

        assert [sum(one.amounts.values()) for one in here.values()] == [D("23.00"), D("10.00")]
        assert [sum(one.amounts.values()) for one in elsewhere.values()] == [0, 0]

    def test_what_is_corrected_later_counts_where_the_visit_was(self, there: House) -> None:
        missed = there.connection.visits.get(guest=there.guest(2)).reservation
        type(missed).objects.filter(pk=missed.pk).update(attendance="checked_in", checked_in_at=NOW)
        assert issue(there.contract, NOVEMBER, now=at("2026-12-05 05:00")) is not None

        found = self.of(there)

        assert [sum(one.amounts.values()) for one in found.values()] == [D("28.50"), D("10.00")]

    def test_a_studio_without_contracts_has_none(self) -> None:
        place = LocationFactory()

        assert invoices().months(place.studio, [place], OCTOBER, DECEMBER, now=NOW) is None


class TestHistory:
    def test_the_table_has_amounts_and_states_for_who_sees_money(self, there: House) -> None:
        text = read(client_of(there), there, "history/")

        assert 'data-label="Additional">1</td>' in text
        assert 'data-label="Amount, net, EUR">23.00</td>' in text
        assert 'data-label="Amount, net, EUR">33.00</td>' in text  # in all
        assert f'/invoices/{number()}/">issued<' in text
        assert '/invoices/">open<' in text

    def test_who_sees_no_money_sees_the_old_table(self, there: House) -> None:
        pinned = StaffLoginFactory(studio=there.connection.studio, preset=Preset.MANAGER)
        pinned.locations.add(there.place)
        client = Client()
        client.force_login(pinned.user)
        for one in (client_of(there, Preset.DESK), client):
            text = read(one, there, "history/")
            assert "EUR" not in text
            assert "/invoices/" not in text

    def test_the_file_has_them_too(self, there: House) -> None:
        rows = list(csv.DictReader(io.StringIO(read(client_of(there), there, "history.csv?sort=month"))))

        told = [
            (row["Month"], row["Additional workouts"], row["Amount, net"], row["Currency"], row["Invoice"])
            for row in rows
        ]
        assert told == [("2026-10", "1", "23.00", "EUR", "issued"), ("2026-11", "0", "10.00", "EUR", "open")]


class TestMonthFile:
    def rows(self, there: House, month: date) -> list[dict[str, str]]:
        money_of = there.connection.studio
        rows = month_as_csv([there.place], month, now=NOW, with_members=True, money_of=money_of)
        text = b"".join(rows).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), strict=True))

    def told(self, rows: list[dict[str, str]]) -> list[tuple[str, str, str]]:
        return [(row["Contract rule"], row["Amount, net"], row["Invoice number"]) for row in rows]

    def test_each_visit_of_an_issued_month_names_clause_amount_and_invoice(self, there: House) -> None:
        assert self.told(self.rows(there, OCTOBER)) == [
            ("check-in, contract v1 from 1 Jan 2020", "9.50", number()),
            ("additional workout, contract v1 from 1 Jan 2020", "9.50", number()),
            ("no-show, contract v1 from 1 Jan 2020", "4.00", number()),
        ]

    def test_a_running_month_says_what_is_payable_so_far(self, there: House) -> None:
        assert self.told(self.rows(there, NOVEMBER)) == [
            ("check-in, contract v2 from 1 Nov 2026", "10.00", ""),
            ("the class is still to come, contract v2 from 1 Nov 2026", "", ""),
        ]

    def test_a_studio_without_marketplaces_has_no_such_columns(self) -> None:
        place = LocationFactory()
        columns = invoices().columns(place, OCTOBER, now=NOW)

        assert (columns.columns, columns.joins, invoices().headings(place.studio)) == ((), "", [])

    def test_without_the_right_the_columns_are_gone(self, there: House) -> None:
        """A manager of one location sees no invoices; nobody who may export sees no money at all."""
        pinned = StaffLoginFactory(studio=there.connection.studio, preset=Preset.MANAGER)
        pinned.locations.add(there.place)
        client = Client()
        client.force_login(pinned.user)

        with_money = read(client_of(there), there, "history/2026-10.csv").splitlines()[0]
        without = read(client, there, "history/2026-10.csv").splitlines()[0]

        assert with_money == f'{without},Contract rule,"Amount, net",Invoice number'

    def test_amounts_are_numbers_in_the_workbook(self, there: House) -> None:
        client = client_of(there)
        with time_machine.travel(NOW, tick=False):
            answer = client.get(f"/{there.connection.studio.slug}/history/2026-10.xlsx")
        head, first, *_rest = cells_of(b"".join(answer.streaming_content))
        cell = {value: first.get(column) for column, (_type, value) in head.items()}

        assert (cell["Amount, net"], cell["Invoice number"]) == (("n", "9.50"), ("s", number()))

    def test_a_tick_by_the_marketplace_names_it(self, there: House) -> None:
        booked = there.visit(at("2026-11-22 11:00"), "booked", guest=4).reservation
        assert booked is not None
        check_in(booked, action_id=uuid4(), by=None, now=NOW)

        rows = self.rows(there, NOVEMBER)

        assert [row["Checked in by"] for row in rows if row["Checked in at"].startswith("2026-11-22")] == [
            "Fitpass One"
        ]


class TestProfile:
    def test_the_attendance_names_the_invoice_to_who_sees_it(self, there: House) -> None:
        path = f"members/{there.guest().member_id}/"

        text = read(client_of(there), there, path)
        hidden = read(client_of(there, Preset.DESK), there, path)

        assert f'/invoices/{number()}/">{number()}</a>' in text
        assert number() not in hidden

    def test_the_file_of_the_tab_has_it_too(self, there: House) -> None:
        path = f"members/{there.guest().member_id}/attendance.csv"

        pinned = StaffLoginFactory(studio=there.connection.studio, preset=Preset.MANAGER)
        pinned.locations.add(there.place)
        client = Client()
        client.force_login(pinned.user)

        rows = list(csv.DictReader(io.StringIO(read(client_of(there), there, path))))
        hidden = read(client, there, path)

        assert {row["Invoice"] for row in rows} == {number()}
        assert "Invoice" not in hidden.splitlines()[0]

    def test_thirty_rows_ask_as_much_as_one(self, there: House) -> None:
        client, path = client_of(there), f"members/{there.guest(3).member_id}/"
        read(client, there, path)
        with CaptureQueriesContext(database) as few:
            read(client, there, path)
        for day in range(1, 29):
            there.visit(at(f"2026-09-{day:02} 18:00"), guest=3)
        with CaptureQueriesContext(database) as many:
            read(client, there, path)

        assert len(many) == len(few)


class TestPasses:
    """The special passes of a member: what statement and payout say stands before what is expected."""

    def shown(self, there: House, guest: int = 1, preset: Preset = Preset.OWNER) -> str:
        return read(client_of(there, preset), there, f"members/{there.guest(guest).member_id}/packages/")

    def received(self) -> None:
        payout = Payout.objects.get()
        tell(payout, PayoutEvent.Kind.RECEIVED, on=date(2026, 11, 16), amount=payout.amount, now=NOW)

    def test_before_the_money_came_it_is_expected(self, there: House) -> None:
        there.connection.visits.update(terms=there.contract.terms.first())
        text = self.shown(there)

        assert text.count("settlement-expected") == 2
        assert "settlement-paid" not in text

    def test_the_money_of_the_invoice_came(self, there: House) -> None:
        self.received()

        assert self.shown(there).count(f"the money of invoice {number()} came") == 2
        assert "settlement-paid" not in self.shown(there, guest=3)

    def test_what_is_billed_at_nothing_says_by_which_clause(self, there: House) -> None:
        """A cap is known once the visit is billed: before that the pass says what became of the visit alone."""
        there.terms(date(2026, 11, 15), check_in_rate=D("10.00"), paid_per_day=1)
        there.visit(at("2026-11-20 10:00"), guest=5)
        there.visit(at("2026-11-20 18:00"), guest=5)
        assert issue(there.contract, NOVEMBER, now=at("2026-12-05 05:00")) is not None

        text = self.shown(there, guest=5)

        assert text.count("beyond the paid visits of a day") == 1

    def test_a_late_cancel_of_a_class_that_was_cancelled_is_neither_payable_nor_billed(self, there: House) -> None:
        there.terms(date(2026, 11, 15), check_in_rate=D("10.00"), late_cancel_rate=D("5.00"), late_cancel_paid="always")
        late = there.visit(at("2026-11-20 18:00"), "late_cancel", guest=5)
        newest = there.contract.terms.order_by("-first_on").first()
        there.connection.visits.filter(pk=late.pk).update(terms=newest)

        def told() -> tuple[list[str], int]:
            (one,) = passes_of(there.guest(5).member, [there.place], now=NOW)
            months = (NOVEMBER, DECEMBER)
            billed = figures(there.connection.pk, *months, now=NOW, only=[late.pk])
            return [one.settled.settlement], len(billed)

        assert told() == (["expected"], 1)
        type(late.session).objects.filter(pk=late.session_id).update(cancelled_at=NOW)  # type: ignore[union-attr]
        assert told() == (["not_payable"], 0)

    def test_who_sees_no_money_sees_neither(self, there: House) -> None:
        self.received()

        assert "settlement" not in self.shown(there, preset=Preset.DESK)

    def test_who_is_there_for_one_location_sees_neither(self, there: House) -> None:
        self.received()
        login: StaffLogin = StaffLoginFactory(studio=there.connection.studio, preset=Preset.MANAGER)
        login.locations.add(there.place)
        client = Client()
        client.force_login(login.user)
        path = f"members/{there.guest(1).member_id}/packages/"

        assert "settlement" in self.shown(there, preset=Preset.MANAGER)
        assert "settlement" not in read(client, there, path)


class TestRoster:
    def test_what_is_still_corrected_after_the_issue_says_where_it_goes(self, there: House) -> None:
        session = there.connection.visits.order_by("pk").first().session  # type: ignore[union-attr]
        assert session is not None
        path = f"sessions/{session.pk}/"
        words = "October is issued; a correction becomes a line on November."
        owner: Client = client_of(there)

        assert words not in read(owner, there, path)
        type(there.place).objects.filter(pk=there.place.pk).update(correction_hours=24 * 60)
        assert words in read(owner, there, path)

    def test_a_conflict_that_is_decided_after_the_issue_says_so_too(self, there: House) -> None:
        visit = there.connection.visits.get(guest=there.guest(2))
        conflict = Conflict.objects.create(
            studio=there.connection.studio,
            connection=there.connection,
            visit=visit,
            kind=Conflict.Kind.CHECK_IN_NOT_TAKEN,
            about=NOW,
            opened_at=NOW,
        )
        path = f"/{there.connection.studio.slug}/marketplaces/conflicts/{conflict.pk}/settle/"

        with time_machine.travel(NOW, tick=False):
            told = client_of(there).post(path, {"verdict": "was_not_here"}, follow=True).content.decode()

        assert "was not here. October is issued; a correction becomes a line on November." in told

    def test_it_says_the_same_as_the_invoice_of_what_comes_too_late_or_never(self, there: House) -> None:
        def told() -> str:
            return invoices().after_issue(there.connection.studio, there.place, date(2026, 10, 2))

        note_attempt(there.contract, NOVEMBER, [], now=NOW)
        assert told() == "October is issued; a correction becomes a line on December."
        for month in (DECEMBER, date(2027, 1, 1)):
            note_attempt(there.contract, month, [], now=NOW)
        assert told().startswith("October 2026: Too long ago for an adjustment")
        Contract.objects.filter(pk=there.contract.pk).update(ends_on=date(2026, 10, 31))
        assert told() == "October 2026: The contract has ended: have the invoice corrected."

    def test_a_month_that_is_not_issued_says_nothing(self, there: House) -> None:
        answer = invoices().after_issue(there.connection.studio, there.place, date(2026, 11, 2))

        assert answer == ""
        assert invoices().after_issue(there.connection.studio, there.place, date(2026, 10, 2), "other") == ""


def test_nobody_is_asked_of_invoices_for_a_login_without_the_right(there: House) -> None:
    login: StaffLogin = StaffLoginFactory(studio=there.connection.studio, preset=Preset.DESK)
    client = Client()
    client.force_login(login.user)
    with CaptureQueriesContext(database) as asked:
        read(client, there, "history/")

    assert not [one for one in asked.captured_queries if "invoicing_" in one["sql"]]
