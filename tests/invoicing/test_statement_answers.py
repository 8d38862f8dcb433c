"""What a person answered to a statement: kept when it is read anew, never overwritten unseen, taken back."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from invoicing.actions.claiming import NothingToAnswer, answer_line, undo_answer
from invoicing.imports import files, statements
from invoicing.models import Statement, StatementAnswer, StatementLine
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


@pytest.fixture
def client(owner: StaffLogin) -> Client:
    client = Client()
    client.force_login(owner.user)
    return client


def address(statement: Statement, page: str = "statement", *words: object) -> str:
    return reverse(f"invoicing:{page}", args=[statement.studio.slug, statement.pk, *words])


def strange(there: House, number: int, **fields: object) -> Statement:
    """Of lines that nobody here knows."""
    rows = [f"x{at},zz,2026-11-02,check_in,{at}" for at in range(1, number + 1)]
    return read(there, "\n".join([HEAD, *rows]) + "\n", month=NOVEMBER, **fields)  # type: ignore[arg-type]


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


class TestOneAfterTheOther:
    def test_the_next_open_line_is_marked_on_its_page(self, client: Client, there: House) -> None:
        statement = strange(there, 51)
        lines = list(StatementLine.objects.order_by("line"))

        def answer(at: int, kind: str = "disputed", **fields: str) -> str:
            sent = client.post(address(statement, "statement_answer"), {"line": lines[at].pk, "kind": kind, **fields})
            return sent["Location"].removeprefix(address(statement))

        assert answer(1) == f"?page=1#line-{lines[2].pk}"
        assert answer(0) == f"?page=1#line-{lines[2].pk}"
        assert answer(49) == f"?page=2#line-{lines[50].pk}"
        assert answer(48, at_answer="open") == f"?answer=open&page=1#line-{lines[50].pk}"
        assert answer(50, at_page="2", at_verdict="<x>") == f"?page=2#line-{lines[50].pk}"

    def test_no_key_answers_what_is_answered(self, client: Client, there: House, owner: StaffLogin) -> None:
        statement = strange(there, 1)
        line = StatementLine.objects.get()
        claim = {"line": line.pk, "kind": "disputed", "over": ""}
        page = client.get(address(statement)).content.decode()
        assert 'data-key="x"' in page
        client.post(address(statement, "statement_answer"), claim)
        given = StatementAnswer.objects.get()
        assert 'data-key="a"' not in client.get(address(statement)).content.decode()

        client.post(address(statement, "statement_answer"), claim | {"kind": "accepted"})
        assert StatementLine.objects.get().answer == given
        with pytest.raises(NothingToAnswer):
            answer_line(line, "accepted", by=owner, now=ON_1_DECEMBER)

        # Who sees the claim may turn it round.
        client.post(address(statement, "statement_answer"), claim | {"kind": "accepted", "over": given.pk})
        assert StatementLine.objects.get().answer != given


def test_a_replaced_statement_can_only_be_read(client: Client, there: House, owner: StaffLogin) -> None:
    former = strange(there, 2)
    line, other = StatementLine.objects.order_by("line")
    given = answer_line(line, "disputed", by=owner, now=ON_1_DECEMBER)
    strange(there, 3)
    former.refresh_from_db()
    assert former.replaced_by

    with pytest.raises(NothingToAnswer):
        answer_line(other, "disputed", by=owner, now=ON_1_DECEMBER)
    with pytest.raises(NothingToAnswer):
        undo_answer(given, by=owner, now=ON_1_DECEMBER)
    for step in (statements.begin, statements.begin_matching):
        with pytest.raises(statements.NotNow):
            step(former)
    client.post(address(former, "statement_undo", given.pk))
    page = client.get(address(former)).content.decode()
    assert "has replaced it" in page
    assert not {part for part in ("answer/", "undo/", "again/", "columns/") if f"statements/{former.pk}/{part}" in page}
    assert client.get(address(former, "statement_columns")).status_code == 302
    assert "Copy the text" not in client.get(address(former, "statement_claims")).content.decode()
    line.refresh_from_db()
    assert line.answer == given


def test_every_answer_is_listed_and_taken_back(client: Client, there: House, owner: StaffLogin) -> None:
    statement = strange(there, 6)
    for line in StatementLine.objects.order_by("line")[:5]:
        answer_line(line, "accepted", by=owner, now=ON_1_DECEMBER)
    page = client.get(address(statement)).content.decode()

    for answer in StatementAnswer.objects.all():
        assert address(statement, "statement_undo", answer.pk) in page
    assert "line 2" in page
    assert "line 6" in page
    assert "10:00" in page
    undo_answer(StatementAnswer.objects.latest("pk"), by=owner, now=ON_1_DECEMBER)
    assert client.get(address(statement)).content.decode().count("/undo/") == 4


def test_what_is_lost_is_said_before_it_is_removed(client: Client, there: House, owner: StaffLogin) -> None:
    statement = strange(there, 3)
    for line in StatementLine.objects.order_by("line")[:2]:
        answer_line(line, "disputed", by=owner, now=ON_1_DECEMBER)

    assert (
        f'<form method="post" action="{address(statement, "statement_remove")}"'
        not in client.get(address(statement)).content.decode()
    )
    assert "2 claimed" in client.get(address(statement, "statement_remove")).content.decode()
    assert Statement.objects.exists()
    client.post(address(statement, "statement_remove"))
    assert not Statement.objects.exists()


def test_claims_say_who_owes_whom_in_the_words_of_whom_they_are_sent_to(
    client: Client, there: House, owner: StaffLogin
) -> None:
    visit = there.visit(at("2026-11-02 17:00"))
    rows = [f"{visit.booking_ref},g1,2026-11-02,check_in,7.50", "x,zz,2026-11-03 09:30,check_in,20"]
    statement = read(there, "\n".join([HEAD, *rows]) + "\n", month=NOVEMBER)
    for line in StatementLine.objects.all():
        answer_line(line, "disputed", by=owner, now=ON_1_DECEMBER)

    page = client.get(address(statement, "statement_claims"), {"language": "nl"}).content.decode()
    assert "claims.csv?language=nl" in page
    mail = client.get(address(statement, "statement_claims")).content.decode()
    assert "2.50 EUR too little" in mail
    assert "20.00 EUR too much" in mail

    path = address(statement, "statement_claims_csv")
    english, dutch = (
        b"".join(client.get(path, {"language": language})).decode("utf-8-sig").splitlines() for language in ("en", "nl")
    )
    assert english[1].startswith(f"2,{visit.booking_ref},g1,")
    assert ',2026-11-02,18:00,7.50,10.00,-2.50,EUR,"you state 7.50 EUR;' in english[1]
    assert ",2026-11-03,09:30,20.00,,20.00,EUR,you state 20.00 EUR;" in english[2]
    assert ";7,50;10,00;-2,50;EUR;" in dutch[1]


def test_what_they_list_and_do_not_pay_is_left_out_unless_we_say_that_it_is_due(client: Client, there: House) -> None:
    due, gone = there.visit(at("2026-11-02 17:00")), there.visit(at("2026-11-03 17:00"), "cancelled", guest=2)
    rows = [f"{visit.booking_ref},,,Abgesagt,0" for visit in (due, gone)]
    statement = read(there, "\n".join([HEAD, *rows, "x,zz,,Abgesagt,4"]) + "\n", month=NOVEMBER)
    assert "leave it out" in client.get(address(statement)).content.decode()

    client.post(address(statement, "statement_words"), {"word_0": "nothing"})
    statement = work(statement)

    found = StatementLine.objects.order_by("line").values_list("verdict", "reason")
    assert list(found) == [("other_price", "event"), ("", ""), ("missing_here", "unknown_member")]
    assert statement.theirs - statement.ours == D(4) - D(10)


@pytest.mark.parametrize(
    ("text", "above", "header"),
    [
        ("Statement\nStudio,Yoga\n\nref,guest,when,sum\n1,2,3,4\n", 2, ["ref", "guest", "when", "sum"]),
        ("ref,,when,sum\n1,2,3,4\n", 0, ["ref", "(2)", "when", "sum"]),
        ("booking,net\n1,2,3,4\n", 0, ["booking", "net"]),
        ("sum\n1\n", 0, ["sum"]),
    ],
)
def test_a_title_above_the_header_is_left_out(
    client: Client, there: House, text: str, above: int, header: list[str]
) -> None:
    statement = read(there, text)
    assert statement.header == header
    assert files.opened(statement).above == above
    page = client.get(address(statement, "statement_columns")).content.decode()
    assert ("2 lines above the header are left out." in page) is bool(above)
