"""A statement beside our visits: each line has its verdict and its likely reason, and the sums add up (X2)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q, Sum
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from invoicing.actions import correct, issue
from invoicing.imports import statements
from invoicing.models import PayoutEvent, Statement, StatementLine
from invoicing.selectors.statements import stated, statements_of
from marketplace.models import Visit
from tests.factories.invoicing import AgreementFactory, PayerFactory, SellerFactory
from tests.invoicing.scenes import House, at, house
from tests.invoicing.statement_scenes import NOVEMBER, ON_1_DECEMBER, as_csv, read, sandbox_lines, verdicts, work

pytestmark = pytest.mark.django_db

D = Decimal
DECEMBER = date(2026, 12, 1)
SEEN: dict[str, Any] = {"confirmed_at": at("2026-11-02 17:00")}
MATCHED = ("matched", "")


@pytest.fixture
def there() -> House:
    one = house()
    one.terms(
        check_in_rate=D("10.00"),
        no_show_rate=D("5.00"),
        late_cancel_rate=D("4.00"),
        late_cancel_paid="always",
        additional_rate=D("12.00"),
        tax_category="S",
        tax_rate=D("21.00"),
    )
    return one


def month_of_visits(one: House, number: int = 8, **fields: Any) -> list[Visit]:
    """One a day at 18:00 there, each of somebody else."""
    return [one.visit(at(f"2026-11-{2 + day:02} 17:00"), guest=1 + day, **(SEEN | fields)) for day in range(number)]


def table(*rows: str, head: str = "booking_ref,member_ref,starts_at_local,event,net") -> str:
    return "\n".join([head, *rows]) + "\n"


def adds_up(statement: Statement) -> bool:
    """The rows come to both totals, and so do the groups."""
    lines = StatementLine.objects.filter(statement=statement)
    stated = Sum("theirs", filter=Q(currency__in=["", statement.currency]))
    sums = lines.aggregate(theirs=stated, ours=Sum("ours"))
    groups = lines.values("verdict", "reason").annotate(theirs=stated, ours=Sum("ours"))
    parts = sum((group["theirs"] or 0) - (group["ours"] or 0) for group in groups)
    return (
        (sums["theirs"] or 0) == statement.theirs
        and (sums["ours"] or 0) == statement.ours
        and parts == statement.theirs - statement.ours
    )


class TestTheSandbox:
    def test_each_of_its_seven_differences_is_explained(self, there: House) -> None:
        visits = month_of_visits(there, 6)
        visits.append(there.visit(at("2026-11-20 17:00"), "no_show", guest=9))
        visits.append(there.visit(at("2026-11-21 17:00"), "late_cancel", guest=9))
        file = sandbox_lines(there, visits, "capped", "price", "twice", "missing", "extra", "correction", "flat")

        statement = read(there, as_csv(file))

        assert statement.state == "matched", statement.problem
        assert verdicts(statement) == [
            ("other_price", "their_cap"),
            ("other_price", "tier"),
            MATCHED,
            ("twice", "listed_twice"),
            MATCHED,  # the fifth; the fourth is left out
            MATCHED,
            MATCHED,
            MATCHED,
            ("missing_here", "unknown_member"),
            ("missing_here", "correction"),
            ("missing_here", "flat_rate"),
            ("missing_there", "unexplained"),
        ]
        missing = StatementLine.objects.get(statement=statement, line=None)
        assert missing.visit == visits[3]
        assert adds_up(statement)
        # -10 capped, -2 price, +10 twice, -10 missing, +10 extra, -10 correction, -25 flat
        assert statement.theirs - statement.ours == D(-37)

    def test_without_differences_all_is_matched(self, there: House) -> None:
        visits = [*month_of_visits(there, 3), there.visit(at("2026-11-20 17:00"), additional=True, guest=4)]

        statement = read(there, as_csv(sandbox_lines(there, visits)))

        assert verdicts(statement) == [MATCHED] * 4
        assert statement.theirs == statement.ours == D(42)


class TestLeads:
    def test_by_member_and_day_where_it_names_no_booking_of_ours(self, there: House) -> None:
        visit = there.visit(at("2026-11-02 17:00"), **SEEN)

        statement = read(there, table(",g1,2026-11-02,check_in,10.00", "theirs-77,g1,2026-11-03 18:00,check_in,10.00"))

        assert verdicts(statement) == [MATCHED, ("missing_here", "no_visit")]
        assert StatementLine.objects.get(statement=statement, line=2).visit == visit

    def test_two_visits_of_a_day_take_a_line_each_by_their_time(self, there: House) -> None:
        early, late = there.visit(at("2026-11-02 08:00")), there.visit(at("2026-11-02 17:00"))

        statement = read(there, table(",g1,2026-11-02 18:00,check_in,10", ",g1,2026-11-02 09:00,check_in,10"))

        lines = StatementLine.objects.filter(statement=statement).order_by("line")
        assert [line.visit for line in lines] == [late, early]
        assert verdicts(statement) == [MATCHED] * 2

    def test_by_name_in_either_order_and_without_accents(self, there: House) -> None:
        member = there.guest(1).member
        member.first_name, member.last_name = "Zoë", "de Boer"
        member.save()
        there.visit(at("2026-11-02 17:00"))
        there.visit(at("2026-11-23 17:00"))

        head = "name,datum,netto"
        statement = read(there, table('"De Boer, Zoe",02-11-2026,10.00', "Zoe de Boer,23-11-2026,10.00", head=head))

        assert verdicts(statement) == [MATCHED] * 2

    def test_by_class_and_time_only_where_it_names_nobody(self, there: House) -> None:
        visit = there.visit(at("2026-11-02 17:00"))
        name = visit.reservation.session.item.name  # type: ignore[union-attr]
        head = "member_ref,class_name,starts_at_local,net"

        statement = read(
            there, table(f"stranger,{name},2026-11-02 18:00,10", f",{name.upper()},2026-11-02 18:00,10", head=head)
        )

        assert verdicts(statement) == [("missing_here", "unknown_member"), MATCHED]

    def test_the_same_visit_again_is_twice_whatever_led_to_it(self, there: House) -> None:
        visits = month_of_visits(there, 2)
        booking = f"{visits[0].booking_ref},g1,2026-11-02 18:00,check_in"

        statement = read(
            there,
            table(
                f"{booking},8.00", f"{booking},10.00", ",g2,2026-11-03 18:00,check_in,10", ",g2,2026-11-03,check_in,10"
            ),
        )

        # Of two the one that is right is the visit; the other one is too much.
        assert verdicts(statement) == [
            ("twice", "listed_twice"),
            MATCHED,
            MATCHED,
            ("twice", "listed_twice"),
        ]
        assert adds_up(statement)


class TestReasons:
    def one_line(self, there: House, row: str) -> tuple[str, str]:
        statement = read(there, table(row, head="booking_ref,starts_at_local,event,quantity,net,tax,currency"))
        assert adds_up(statement)
        return verdicts(statement)[0]

    @pytest.mark.parametrize(
        ("kind", "row", "reason"),
        [
            ("check_in", "{},2026-11-02 18:00,check_in,1,10.01,2.10,EUR", "rounding"),
            ("check_in", "{},2026-11-02 18:00,check_in,1,12.10,0,EUR", "tax_included"),
            ("check_in", "{},2026-11-02 18:00,check_in,1,8.26,1.74,EUR", "tax_included"),
            ("check_in", "{},2026-11-02 18:00,check_in,3,30,,EUR", "quantity"),
            ("check_in", "{},2026-11-02 18:00,check_in,1,12,,EUR", "step"),
            ("check_in", "{},2026-11-02 18:00,no_show,1,5,,EUR", "event"),
            ("no_show", "{},2026-11-02 18:00,check_in,1,10,,EUR", "event"),
            ("check_in", "{},2026-11-02 18:00,check_in,1,10,,CHF", "currency"),
            ("late_cancel", "{},2026-11-02 18:00,late_cancel,1,0,,EUR", "refilled"),
            ("check_in", "{},2026-11-02 18:00,check_in,1,0,,EUR", "their_cap"),
            ("check_in", "{},2026-11-02 18:00,check_in,1,7.77,,EUR", "tier"),
        ],
    )
    def test_of_another_price(self, there: House, kind: str, row: str, reason: str) -> None:
        visit = there.visit(at("2026-11-02 17:00"), kind, **(SEEN if kind == "check_in" else {}))

        assert self.one_line(there, row.format(visit.booking_ref)) == ("other_price", reason)

    def test_they_pay_beyond_our_cap(self) -> None:
        one = house()
        one.terms(paid_per_day=1)
        one.visit(at("2026-11-02 08:00"))
        second = one.visit(at("2026-11-02 17:00"))

        statement = read(one, table(f"{second.booking_ref},g1,2026-11-02 18:00,check_in,8.00"))

        assert verdicts(statement)[0] == ("other_price", "our_cap")

    def test_they_pay_what_the_contract_does_not(self) -> None:
        one = house()
        one.terms()
        visit = one.visit(at("2026-11-02 08:00"), "no_show")

        statement = read(one, table(f"{visit.booking_ref},g1,2026-11-02 09:00,no_show,4.00"))

        assert verdicts(statement) == [("other_price", "not_payable")]

    def test_missing_there(self, there: House) -> None:
        shown = there.visit(at("2026-11-02 17:00"), guest=1, **SEEN)
        there.visit(at("2026-11-03 17:00"), guest=2)
        there.visit(at("2026-11-04 17:00"), "no_show", guest=3)
        there.visit(at("2026-11-05 17:00"), "late_cancel", guest=4)
        there.visit(at("2026-10-31 23:30"), guest=5, **SEEN)  # the first of November there
        there.visit(at("2026-11-06 17:00"), "cancelled", guest=6)  # nobody owes it

        statement = read(there, table(f"{shown.booking_ref},g1,2026-11-02 18:00,check_in,10"))

        assert verdicts(statement) == [
            MATCHED,
            ("missing_there", "other_month"),
            ("missing_there", "not_validated"),
            ("missing_there", "event"),
            ("missing_there", "refilled"),
        ]

    def test_missing_here(self, there: House) -> None:
        there.visit(at("2026-11-02 17:00"), guest=1)
        cancelled = there.visit(at("2026-11-03 17:00"), "cancelled", guest=1)
        october = there.visit(at("2026-10-31 17:00"), guest=1)
        long_ago = there.visit(at("2026-10-07 17:00"), guest=1)

        statement = read(
            there,
            table(
                f"{cancelled.booking_ref},g1,2026-11-03 18:00,check_in,10",
                f"{october.booking_ref},g1,2026-10-31 18:00,check_in,10",
                f"{long_ago.booking_ref},g1,2026-10-07 19:00,check_in,10",
                "x,g1,2026-12-01 10:00,check_in,10",
                "x,g1,2026-11-09 10:00,check_in,10",
                "x,nobody,2026-11-09 10:00,check_in,10",
            ),
            month=NOVEMBER,
        )

        assert verdicts(statement)[:6] == [
            ("missing_here", "not_billed"),
            ("missing_here", "correction"),
            ("missing_here", "correction"),
            ("missing_here", "other_month"),
            ("missing_here", "no_visit"),
            ("missing_here", "unknown_member"),
        ]

    def test_a_flat_rate_stands_against_ours(self) -> None:
        one = house()
        one.terms(flat_rate=D("300.00"))
        visit = one.visit(at("2026-11-02 08:00"))

        statement = read(
            one,
            table(",,,flat,280.00", f"{visit.booking_ref},g1,2026-11-02 09:00,check_in,0.00"),
            month=NOVEMBER,
        )

        assert verdicts(statement) == [("other_price", "flat_rate"), MATCHED]
        assert (statement.theirs, statement.ours) == (D(280), D(300))


class TestAgain:
    def test_a_later_file_of_the_month_replaces_the_former_one_which_is_kept(self, there: House) -> None:
        visit = month_of_visits(there, 1)[0]
        first = read(there, table(f"{visit.booking_ref},g1,2026-11-02 18:00,check_in,9"))
        second = read(there, table(f"{visit.booking_ref},g1,2026-11-02 18:00,check_in,10"))

        first.refresh_from_db()
        assert (first.replaced_by, second.replaced_by) == (second, None)
        assert verdicts(first) == [("other_price", "tier")]

    def test_matched_anew_it_says_what_holds_now(self, there: House) -> None:
        visits = month_of_visits(there, 2)
        statement = read(there, table(f"{visits[0].booking_ref},g1,2026-11-02 18:00,check_in,10"))
        booked = visits[0].reservation
        assert booked
        booked.attendance, booked.checked_in_at = "no_show", None
        booked.save()
        Visit.objects.filter(pk=visits[0].pk).update(confirmed_at=None)
        Statement.objects.update(state="matching")

        statement = work(statement)

        assert verdicts(statement) == [("other_price", "event"), ("missing_there", "unexplained")]


class Killed(Exception):
    pass


def test_a_worker_that_is_killed_leaves_nothing_half(there: House, monkeypatch: Any) -> None:
    """The next one begins anew: no line is read twice, none is missing."""
    monkeypatch.setattr(statements, "BATCH", 2)
    visits = month_of_visits(there, 5)
    rows = [f"{visit.booking_ref},,,check_in,10" for visit in visits]
    chunks = [table(*rows).encode()]
    statement = statements.upload(
        there.connection, chunks, file_name="nov.csv", month=NOVEMBER, by=None, now=ON_1_DECEMBER
    )
    statements.begin(statement)

    def killed(lines: int) -> None:
        if lines >= 4:
            raise Killed

    with pytest.raises(Killed):
        statements.work_on(statement.pk, now=ON_1_DECEMBER, still_ours=killed)
    assert StatementLine.objects.count() == 2
    statement = work(statement)

    assert verdicts(statement) == [MATCHED] * 5
    # A job that comes again finds nothing to do.
    assert work(statement).matched_at == statement.matched_at


def test_thousands_of_lines_are_matched_with_as_many_statements_as_one(there: House) -> None:
    visits = month_of_visits(there, 2)

    def queries(number: int) -> int:
        rows = [f"no-{number}-{at},g{at % 7},2026-11-{1 + at % 28:02} 10:00,check_in,10.00" for at in range(number)]
        with CaptureQueriesContext(connection) as seen:
            statement = read(there, table(f"{visits[0].booking_ref},g1,2026-11-02 18:00,check_in,10", *rows))
        assert StatementLine.objects.filter(statement=statement, verdict="").count() == 0
        return len(seen)

    few, many = queries(1), queries(3000)
    assert many <= few + 3  # a piece of the file is read by a statement of its own


_MONEY = some.decimals(0, 30, places=2)
_ROWS = some.lists(
    some.tuples(
        some.integers(0, 4),  # which visit; the last is nobody's
        some.sampled_from(["check_in", "no_show", "late_cancel", "additional", "correction", "flat", ""]),
        _MONEY,
        some.sampled_from(["booking", "member", "name", ""]),
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ROWS)
def test_whatever_they_state_the_reasons_add_up_to_the_difference(there: House, rows: list[Any]) -> None:
    """And no visit of ours is counted twice, or lost."""
    if not there.guests:
        kinds = ["check_in", "no_show", "late_cancel", "check_in"]
        there.session_visits = [  # type: ignore[attr-defined]
            there.visit(at(f"2026-11-{2 + n:02} 17:00"), kind, guest=n) for n, kind in enumerate(kinds)
        ]
    visits: list[Visit] = there.session_visits  # type: ignore[attr-defined]
    lines = ["booking_ref,member_ref,member_name,starts_at_local,event,net"]
    for which, event, amount, lead in rows:
        booking = visits[which].booking_ref if lead == "booking" and which < 4 else ""
        member = f"g{which}" if lead == "member" else ""
        name = there.guest(which).member.name if lead == "name" and which < 4 else ""
        lines.append(f"{booking},{member},{name},2026-11-{2 + which:02} 18:00,{event},{amount}")
    lines.append(f"last,,,,flat,{len(rows)}.00")

    statement = read(there, "\n".join(lines) + "\n", month=NOVEMBER, name="any.csv")

    assert statement.state == "matched"
    assert adds_up(statement)
    assert statement.theirs == sum((row[2] for row in rows), D(0)) + len(rows)
    assert statement.ours == D(29)
    Statement.objects.update(sha256="", replaced_by=None, state="mapping")


class TestWhatWasIssued:
    """Our side is the invoice then, to the cent; afterwards its correction."""

    @pytest.fixture
    def one(self) -> House:
        one = house()
        one.terms(check_in_rate=D("9.50"), no_show_rate=D("4.00"), tax_category="S", tax_rate=D("19.00"))
        SellerFactory(studio=one.connection.studio)
        PayerFactory(marketplace=one.connection.marketplace)
        AgreementFactory(contract=one.contract)
        return one

    def miss(self, visit: Visit) -> None:
        booked = visit.reservation
        assert booked
        booked.attendance, booked.checked_in_at = "no_show", None
        booked.save()

    def test_is_our_side_whatever_changed_since_until_it_is_corrected(self, one: House) -> None:
        visits = [one.visit(at(f"2026-11-{day:02} 17:00"), guest=day) for day in (2, 3)]
        invoice = issue(one.contract, NOVEMBER, now=at("2026-12-05 05:00"))
        assert invoice
        self.miss(visits[0])
        rows = [f"{visit.booking_ref},,,check_in,9.50" for visit in visits]

        statement = read(one, table(*rows), month=NOVEMBER, now=at("2026-12-06 09:00"))
        assert statement.ours == invoice.net == D("19.00")
        assert verdicts(statement) == [MATCHED] * 2
        assert [found.statement for found in statements_of(invoice)] == [statement]

        _credit, replacement = correct(invoice, now=at("2026-12-06 10:00"), text="Nobody came")
        assert replacement
        Statement.objects.update(state="matching")
        statement = work(statement, now=at("2026-12-06 11:00"))

        assert statement.ours == replacement.net == D("13.50")
        assert verdicts(statement) == [("other_price", "event"), MATCHED]

    @pytest.mark.parametrize(
        ("stated_there", "came", "answer", "words"),
        [
            ("9.50", "0.01", "", "matched"),
            ("9.50", "11.31", "", "paid"),
            (None, "0.01", "", None),
            (None, "11.31", "", "paid"),
            ("9.00", "11.31", "", "short_paid"),
            ("9.00", "11.31", "accepted", "paid"),
            ("9.00", "11.31", "disputed", "disputed"),
        ],
    )
    def test_paid_is_what_came_in_full_and_is_not_contested(
        self, one: House, stated_there: str | None, came: str, answer: str, words: str | None
    ) -> None:
        visit = one.visit(at("2026-11-02 17:00"))
        invoice = issue(one.contract, NOVEMBER, now=at("2026-12-05 05:00"))
        assert invoice
        if stated_there:
            said = read(one, table(f"{visit.booking_ref},,,check_in,{stated_there}"), month=NOVEMBER)
            if answer:
                given = said.answers_given.create(studio=said.studio, kind=answer, given_at=at("2026-12-06 09:00"))
                said.lines.update(answer=given)

        PayoutEvent.objects.create(
            studio=one.connection.studio,
            payout=invoice.payout,
            kind=PayoutEvent.Kind.RECEIVED,
            on=date(2026, 12, 15),
            amount=D(came),
            recorded_at=at("2026-12-15 12:00"),
        )

        assert invoice.gross == D("11.31")
        assert stated([visit.pk]).get(visit.pk) == words

    def test_a_month_of_which_all_is_set_off_is_paid(self, one: House) -> None:
        first, second = one.visit(at("2026-11-02 17:00")), one.visit(at("2026-12-02 17:00"), guest=2)
        for month, now in ((NOVEMBER, at("2026-12-05 05:00")), (DECEMBER, at("2027-01-05 05:00"))):
            invoice = issue(one.contract, month, now=now)
            assert invoice
            if month == NOVEMBER:
                PayoutEvent.objects.create(
                    studio=invoice.studio,
                    payout=invoice.payout,
                    kind=PayoutEvent.Kind.RECEIVED,
                    on=date(2026, 12, 15),
                    amount=2 * invoice.gross,
                    recorded_at=at("2026-12-15 12:00"),
                )
        assert stated([first.pk, second.pk]) == {first.pk: "paid", second.pk: "paid"}

    def test_an_adjustment_of_ours_stands_against_their_correction(self, one: House) -> None:
        visits = [one.visit(at(f"2026-11-{day:02} 17:00"), guest=day) for day in (2, 3)]
        issue(one.contract, NOVEMBER, now=at("2026-12-05 05:00"))
        self.miss(visits[0])
        later = one.visit(at("2026-12-10 17:00"), guest=4)
        december = issue(one.contract, DECEMBER, now=at("2027-01-05 05:00"))
        assert december

        statement = read(
            one,
            table(
                f"{visits[0].booking_ref},,,correction,-5.50",
                f"{later.booking_ref},,,check_in,9.50",
                f"{visits[1].booking_ref},,,correction,-1.00",
            ),
            month=DECEMBER,
            now=at("2027-01-06 09:00"),
        )

        assert statement.ours == december.net == D("4.00")
        assert verdicts(statement) == [MATCHED, MATCHED, ("missing_here", "correction")]
        assert adds_up(statement)
