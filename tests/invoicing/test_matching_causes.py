"""Why a statement differs is told as it is: no false reason, nothing claimed that is ours to mend (X2)."""

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings.models import Reservation, ScheduledSession
from invoicing.actions import claiming, issue
from invoicing.claims import claim_mail
from invoicing.forms.statements import UploadForm
from invoicing.imports import statements
from invoicing.imports.columns import month_of
from invoicing.models import Statement, StatementLine
from invoicing.selectors.statements import finds_nothing, foreign_sums, stated
from invoicing.statement_words import sentence
from marketplace.models import Marketplace, Visit
from tests.factories import LocationFactory, StaffLoginFactory
from tests.factories.invoicing import AgreementFactory, PayerFactory, SellerFactory
from tests.factories.marketplace import ConnectionFactory
from tests.invoicing.scenes import House, at, house
from tests.invoicing.statement_scenes import NOVEMBER, read, verdicts, work

pytestmark = pytest.mark.django_db

D = Decimal
SEEN: dict[str, Any] = {"confirmed_at": at("2026-11-02 17:00")}
MATCHED = ("matched", "")
HEAD = "booking_ref,member_ref,starts_at_local,event,net"


@pytest.fixture
def there() -> House:
    one = house()
    one.terms(check_in_rate=D("6.75"), no_show_rate=D("3.00"), tax_category="S", tax_rate=D("19.00"))
    return one


def table(*rows: str, head: str = HEAD) -> str:
    return "\n".join([head, *rows]) + "\n"


def page_of(there: House, statement: Statement, page: str = "statement") -> str:
    client = Client()
    client.force_login(StaffLoginFactory.create(studio=there.connection.studio).user)
    return client.get(reverse(f"invoicing:{page}", args=[statement.studio.slug, statement.pk])).content.decode()


class TestOneFileForEachLocation:
    HEAD = "location_ref,booking_ref,event,net"

    def two(self, there: House) -> tuple[Visit, Visit, Any]:
        north = LocationFactory.create(studio=there.connection.studio, name="Noord")
        visits = there.visit(at("2026-11-02 17:00"), **SEEN), there.visit(at("2026-11-03 17:00"), place=north, **SEEN)
        return *visits, north

    def test_covers_the_locations_that_it_names_and_replaces_no_other(self, there: House) -> None:
        visit, elsewhere, north = self.two(there)

        first = read(
            there, table(f"{there.place.name},{visit.booking_ref},check_in,6.75", head=self.HEAD), month=NOVEMBER
        )
        rows = [f"NOORD,{elsewhere.booking_ref},check_in,6.00", self.HEAD, "Total,,,6.00"]
        second = read(there, table(*rows, head=self.HEAD), month=NOVEMBER)

        first.refresh_from_db()
        assert (verdicts(first), first.ours) == ([MATCHED], D("6.75"))
        assert (verdicts(second)[0], second.ours) == (("other_price", "tier"), D("6.75"))
        assert (first.places, second.places) == (str(there.place.pk), str(north.pk))
        assert first.replaced_by is second.replaced_by is None
        assert "Noord" in page_of(there, second)

        again = read(there, table(f"noord,{elsewhere.booking_ref},check_in,6.75", head=self.HEAD), month=NOVEMBER)
        second.refresh_from_db()
        assert set(Statement.objects.standing()) == {first, again}
        assert second.replaced_by == again

    def test_a_whole_one_replaces_both_and_removed_both_stand_again(self, there: House) -> None:
        visit, elsewhere, _north = self.two(there)
        parts = [
            read(there, table(f"{name},{one.booking_ref},check_in,6.75", head=self.HEAD), month=NOVEMBER)
            for name, one in ((there.place.name, visit), ("Noord", elsewhere))
        ]
        whole = read(there, table(f"{visit.booking_ref},,,check_in,6.75"), month=NOVEMBER)
        assert list(Statement.objects.standing()) == [whole]
        assert verdicts(whole) == [MATCHED, ("missing_there", "unexplained")]
        # A part after the whole replaces it; removed, the whole stands again and not what lies below it.
        part = read(there, table(f"Noord,{elsewhere.booking_ref},check_in,5", head=self.HEAD), month=NOVEMBER)
        claiming.remove(part)
        assert list(Statement.objects.standing()) == [whole]

        claiming.remove(whole)

        assert set(Statement.objects.standing()) == set(parts)

    def test_a_location_that_nobody_knows_could_be_any(self, there: House) -> None:
        visit, _elsewhere, _north = self.two(there)

        statement = read(
            there,
            table(f"{there.place.name},{visit.booking_ref},check_in,6.75", "Somewhere,x,check_in,6.75", head=self.HEAD),
            month=NOVEMBER,
        )

        assert statement.places == ""
        assert verdicts(statement)[-1] == ("missing_there", "unexplained")


@pytest.mark.parametrize("lead", ["class", "member"])
def test_equal_amounts_find_each_other_first(there: House, lead: str) -> None:
    """Of a class, or of a member's day: in whatever order the file has them."""
    session = there.session(at("2026-11-02 17:00"))
    if lead == "class":
        for guest in range(12):
            there.visit(at("2026-11-02 17:00"), "check_in" if guest % 2 else "no_show", guest=guest, session=session)
        amounts = ["6.75"] * 6 + ["3.00"] * 5 + ["2.00"]
        random.Random(4).shuffle(amounts)
        rows = [f"{session.item.name},2026-11-02 18:00,{amount}" for amount in amounts]
        statement = read(there, table(*rows, head="class_name,starts_at_local,net"))
        assert [found for found in verdicts(statement) if found != MATCHED] == [("other_price", "tier")]
    else:
        there.visit(at("2026-11-02 08:00"), "no_show")
        there.visit(at("2026-11-02 17:00"), "check_in")
        statement = read(there, table("g1,2026-11-02,6.75", "g1,2026-11-02,3.00", head="member_ref,datum,net"))
        assert verdicts(statement) == [MATCHED, MATCHED]


class TestCorrectedSince:
    @pytest.fixture
    def issued(self, there: House) -> House:
        SellerFactory(studio=there.connection.studio)
        PayerFactory(marketplace=there.connection.marketplace)
        AgreementFactory(contract=there.contract)
        return there

    def change(self, visit: Visit, **fields: Any) -> None:
        booked = visit.reservation
        assert booked
        for name, value in fields.items():
            setattr(booked, name, value)
        with transaction.atomic():
            booked.save()
            taken = Reservation.objects.filter(session=booked.session, booking="booked").count()
            ScheduledSession.objects.filter(pk=booked.session.pk).update(places_taken=taken)

    def test_what_the_next_invoice_says_is_not_claimed(self, issued: House) -> None:
        visits = [issued.visit(at(f"2026-11-{day:02} 17:00"), kind, guest=day)
                  for day, kind in ((2, "no_show"), (3, "no_show"), (4, "check_in"), (5, "cancelled"))]  # fmt: skip
        assert issue(issued.contract, NOVEMBER, now=at("2026-12-05 05:00"))
        self.change(visits[0], attendance="checked_in", checked_in_at=at("2026-11-02 17:00"))
        self.change(visits[2], booking="cancelled", attendance="unknown", checked_in_at=None,
                    cancelled_at=at("2026-11-03 17:00"))  # fmt: skip
        self.change(visits[3], booking="booked", attendance="checked_in", cancelled_at=None,
                    checked_in_at=at("2026-11-05 17:00"))  # fmt: skip
        rows = [f"{visit.booking_ref},,,check_in,6.75" for visit in (visits[0], visits[1], visits[3])]

        statement = read(issued, table(*rows), month=NOVEMBER, now=at("2026-12-06 09:00"))

        assert verdicts(statement) == [
            ("other_price", "corrected_since"),
            ("other_price", "event"),
            ("missing_here", "corrected_since"),
            ("missing_there", "corrected_since"),
        ]
        line = StatementLine.objects.get(statement=statement, line=2)
        assert sentence(line, "EUR") == "Corrected here since the invoice; it is on the next invoice."
        owner = StaffLoginFactory.create(studio=issued.connection.studio)
        answer: dict[str, Any] = {"by": owner, "now": timezone.now()}
        with pytest.raises(claiming.NothingToAnswer):
            claiming.answer_line(line, "disputed", **answer)
        assert visits[2].pk not in stated([visit.pk for visit in visits])
        group: dict[str, Any] = {"verdict": "missing_there", "reason": "corrected_since"}
        with pytest.raises(claiming.NothingToAnswer):
            claiming.answer_group(statement, "disputed", **group, **answer)
        assert claiming.answer_group(statement, "accepted", **group, **answer).number == 1
        assert page_of(issued, statement).count('value="disputed"') == 2  # of the event: its group and its line

    def test_a_claim_that_turned_out_to_be_ours_is_taken_off(self, issued: House) -> None:
        visit = issued.visit(at("2026-11-02 17:00"), "no_show")
        assert issue(issued.contract, NOVEMBER, now=at("2026-12-05 05:00"))
        statement = read(issued, table(f"{visit.booking_ref},,,check_in,6.75"), month=NOVEMBER)
        owner = StaffLoginFactory.create(studio=issued.connection.studio)
        claiming.answer_line(StatementLine.objects.get(line=2), "disputed", by=owner, now=timezone.now())
        self.change(visit, attendance="checked_in", checked_in_at=at("2026-11-02 17:00"))
        Statement.objects.update(state="matching")

        statement = work(statement, now=at("2026-12-06 09:00"))

        assert verdicts(statement) == [("other_price", "corrected_since")]
        assert claim_mail(statement).number == 0


def test_other_currencies_are_in_no_sum(there: House) -> None:
    visits = [there.visit(at(f"2026-11-{day:02} 17:00"), guest=day) for day in (2, 3)]
    rows = [f"{visits[0].booking_ref},6.75,EUR", f"{visits[1].booking_ref},900,CHF", "x,100,CHF"]

    statement = read(there, table(*rows, head="booking_ref,net,currency"), month=NOVEMBER)

    assert (statement.theirs, statement.ours) == (D("6.75"), D("13.50"))
    assert foreign_sums(statement) == [("CHF", D(1000))]
    assert "1,000.00 CHF" in page_of(there, statement)
    owner = StaffLoginFactory.create(studio=there.connection.studio)
    for line in StatementLine.objects.differing():
        claiming.answer_line(line, "disputed", by=owner, now=timezone.now())
    mail = claim_mail(statement)
    assert mail.too_little == mail.too_much == 0


def test_a_visit_on_a_line_that_could_not_be_read_is_not_missing(there: House) -> None:
    visits = [there.visit(at(f"2026-11-{day:02} 17:00"), guest=day, **SEEN) for day in (2, 3, 4)]
    rows = [f"{visits[0].booking_ref},,,check_in,n/a", ",g3,2026-11-03 18:00,check_in,", ",g4,2026-11-05,check_in,n/a"]

    statement = read(there, table(*rows), month=NOVEMBER)

    found = list(StatementLine.objects.filter(line=None).order_by("visit"))
    assert [(line.verdict, line.reason, line.refused_line) for line in found] == [
        ("missing_there", "unreadable", 2),
        ("missing_there", "unreadable", 3),
        ("missing_there", "unexplained", None),
    ]
    assert sentence(found[0], "EUR") == "It stands on line 2, which could not be read."
    assert statement.lines_refused == 3
    assert list(stated([visit.pk for visit in visits]).values()) == ["on_statement", "on_statement", "short_paid"]
    with pytest.raises(claiming.NothingToAnswer):
        claiming.answer_line(found[0], "disputed", by=StaffLoginFactory.create(), now=timezone.now())


class TestTheWholeFile:
    def test_that_finds_almost_nothing_says_so(self, there: House) -> None:
        visit = there.visit(at("2026-11-02 17:00"), **SEEN)
        known = [f"{visit.booking_ref},,,check_in,6.75"]
        strange = [f"of-{n},of{n},2026-11-02 18:00,check_in,6.75" for n in range(30)]

        statement = read(there, table(*known, *strange))
        page = page_of(there, statement)
        assert "Almost no line finds a visit" in page
        assert 'value="disputed"' not in page
        assert not finds_nothing(read(there, table(*known, *strange[:5])))

    def test_no_marketplace_is_chosen_unless_there_is_but_one(self, there: House) -> None:
        studio, other = there.connection.studio, Marketplace.objects.exclude(key="fitpass").first()
        assert "please choose" not in str(UploadForm(studio)["connection"])

        ConnectionFactory(studio=studio, marketplace=other)

        assert '<option value="" selected>please choose' in str(UploadForm(studio)["connection"])

    def test_that_names_another_month_is_not_matched_with_the_chosen_one(self, there: House) -> None:
        text = table("x,2026-10-02,6.75,2026-10", head="booking_ref,datum,net,period")

        statement = read(there, text, month=NOVEMBER)

        assert statement.state == "mapping"
        assert "names another month" in page_of(there, statement, "statement_columns")
        assert "names another month" in statements.problems(statement, statements.look(statement))[0]
        statement.month = date(2026, 10, 1)
        assert not statements.problems(statement, statements.look(statement))

    def test_its_period_is_read_in_the_order_of_its_dates(self) -> None:
        columns = {"period": "Period", "starts_at": "Date"}
        sample = {"Period": ["10/01/2026"] * 2, "Date": ["10/02/2026", "10/31/2026"]}

        assert month_of(columns, sample, "mdy") == (date(2026, 10, 1), True)


class TestWhatIsSaid:
    def test_of_what_they_take_back(self, there: House) -> None:
        visits = [there.visit(at(f"2026-11-{day:02} 17:00"), guest=day) for day in (2, 3)]
        rows = [
            f"{visits[0].booking_ref},,,check_in,-6.75",
            f"{visits[0].booking_ref},,,check_in,6.00",
            f"{visits[1].booking_ref},,,check_in,-6.75",
        ]

        statement = read(there, table(*rows), month=NOVEMBER)

        assert verdicts(statement) == [
            ("twice", "taken_back"),
            ("other_price", "tier"),
            ("other_price", "taken_back"),
        ]

    def test_of_a_correction_within_the_month(self, there: House) -> None:
        visits = there.visit(at("2026-11-02 17:00")), there.visit(at("2026-10-02 17:00"))

        statement = read(
            there,
            table(
                f"{visits[0].booking_ref},,,check_in,6.75",
                f"{visits[0].booking_ref},,2026-11-09,correction,1.00",
                f"{visits[1].booking_ref},,2026-11-09,correction,1.00",
            ),
            month=NOVEMBER,
        )

        assert verdicts(statement) == [MATCHED, ("missing_here", "same_month"), ("missing_here", "correction")]

    def test_of_a_visit_that_was_booked_in_another_month(self, there: House) -> None:
        visit = there.visit(at("2026-11-16 17:00"), **SEEN)
        Visit.objects.filter(pk=visit.pk).update(requested_at=at("2026-10-31 12:00"))

        statement = read(there, table("x,g1,2026-11-05,check_in,6.75"))

        assert verdicts(statement)[-1] == ("missing_there", "booked_before")


def test_the_same_file_at_the_same_moment_is_kept_once(there: House) -> None:
    with CaptureQueriesContext(connection) as seen:
        statement = read(there, table("x,g1,2026-11-05,check_in,6.75"))
    assert any("marketplace_connection" in one["sql"] and "FOR NO KEY UPDATE" in one["sql"] for one in seen)

    with pytest.raises(IntegrityError), transaction.atomic():
        Statement.objects.create(
            studio=statement.studio,
            connection=statement.connection,
            sha256=statement.sha256,
            size=1,
            uploaded_at=timezone.now(),
        )
    # Its pieces are gone where it named somebody who was deleted: then it may come again.
    statement.chunks.all().delete()
    assert read(there, table("x,g1,2026-11-05,check_in,6.75")).pk != statement.pk
