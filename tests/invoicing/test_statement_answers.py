"""What a person answered to a statement: kept when it is read anew, never overwritten unseen, taken back."""

from decimal import Decimal

import pytest

from invoicing.actions.claiming import answer_line
from invoicing.imports import statements
from invoicing.models import StatementLine
from portal.models import StaffLogin
from tests.factories import StaffLoginFactory
from tests.invoicing.scenes import House, at, house
from tests.invoicing.statement_scenes import NOVEMBER, ON_1_DECEMBER, read, work

pytestmark = pytest.mark.django_db

D = Decimal
HEAD = "booking_ref,member_ref,starts_at_local,event,net"


@pytest.fixture
def there() -> House:
    one = house()
    one.terms(check_in_rate=D("10.00"), no_show_rate=D("5.00"))
    return one


@pytest.fixture
def owner(there: House) -> StaffLogin:
    return StaffLoginFactory.create(studio=there.connection.studio)


class TestOtherColumns:
    def test_keep_claims_and_what_was_accepted_of_the_same_amount(self, there: House, owner: StaffLogin) -> None:
        visits = [there.visit(at(f"2026-11-{day:02} 17:00"), guest=day) for day in range(2, 7)]
        rows = [
            f"{visit.booking_ref},g{day},,check_in,{net},{other}"
            for visit, day, net, other in zip(visits[:4], range(2, 6), "9876", ["9", "8", "1", "10"], strict=True)
        ]
        statement = read(there, "\n".join([f"{HEAD},other", *rows]) + "\n", month=NOVEMBER)
        lines = list(StatementLine.objects.order_by("line", "pk"))
        assert lines[-1].visit == visits[-1]
        kinds = ["disputed", "accepted", "accepted", "disputed", "disputed"]
        given = [answer_line(line, kind, by=owner, now=ON_1_DECEMBER) for line, kind in zip(lines, kinds, strict=True)]

        statement.columns |= {"net": "other"}
        statements.begin(statement)
        statement = work(statement)

        found = StatementLine.objects.order_by("line", "pk")
        assert [line.theirs for line in found] == [D(9), D(8), D(1), D(10), None]
        # The fourth agrees now; the third was accepted at another amount.
        assert [line.answer for line in found] == [given[0], given[1], None, None, given[4]]
        assert list(statement.answers_given.filter(undone_at=None)) == [given[4], given[1], given[0]]

    def test_a_claim_is_found_on_the_line_that_its_visit_has_now(self, there: House, owner: StaffLogin) -> None:
        visit = there.visit(at("2026-11-02 17:00"))
        text = f"{HEAD},other\nx,zz,,check_in,9,{visit.booking_ref}\n"
        statement = read(there, text, month=NOVEMBER)
        missing = StatementLine.objects.get(verdict="missing_there")
        claim = answer_line(missing, "disputed", by=owner, now=ON_1_DECEMBER)

        statement.columns |= {"booking": "other"}
        statements.begin(statement)
        work(statement)

        line = StatementLine.objects.get()
        assert (line.verdict, line.answer) == ("other_price", claim)

    def test_that_cannot_be_read_lose_no_answer(self, there: House, owner: StaffLogin) -> None:
        visit = there.visit(at("2026-11-02 17:00"))
        statement = read(there, f"{HEAD}\n{visit.booking_ref},Jörg,,check_in,9\n", month=NOVEMBER)
        claim = answer_line(StatementLine.objects.get(), "disputed", by=owner, now=ON_1_DECEMBER)

        for encoding, state in (("ascii", "mapping"), ("utf-8", "matched")):
            statement.encoding = encoding
            statements.begin(statement)
            assert work(statement).state == state

        assert StatementLine.objects.get().answer == claim
