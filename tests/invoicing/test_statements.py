"""A statement on its pages: uploaded or pasted, named, read, answered, claimed; and files that cannot be read."""

import csv
import io
from decimal import Decimal
from itertools import count

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from invoicing.actions.claiming import answer_line
from invoicing.imports import files, statements
from invoicing.models import Statement, StatementAnswer, StatementChunk, StatementLine, StatementMapping
from invoicing.selectors.statements import stated
from portal.members.scrubbing import scrub
from portal.models import Job, StaffLogin
from portal.roles import Preset
from tests.factories import StaffLoginFactory
from tests.invoicing.scenes import House, at, house
from tests.invoicing.statement_scenes import NOVEMBER, as_csv, read, sandbox_lines, verdicts, work

pytestmark = pytest.mark.django_db

D = Decimal
HEAD = "booking_ref,member_ref,starts_at_local,event,net"
_NUMBERS = count(1)


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


def address(there: House, page: str = "statements", *words: object) -> str:
    return reverse(f"invoicing:{page}", args=[there.connection.studio.slug, *words])


def send(client: Client, there: House, content: str | bytes, **fields: str) -> object:
    data = content.encode() if isinstance(content, str) else content
    name = f"statement-{next(_NUMBERS)}.csv"
    fields = {"connection": str(there.connection.pk), "month": "", "pasted": "", **fields}
    return client.post(address(there), fields | {"file": SimpleUploadedFile(name, data)})


def rows_of(client: Client, path: str) -> list[list[str]]:
    """Of a CSV file."""
    content = b"".join(client.get(path))
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def run_jobs() -> None:
    for job in Job.objects.filter(kind=statements.JOB, done_at=None):
        statements.work_on(job.payload["statement"], now=timezone.now(), still_ours=lambda _lines: None)
        Job.objects.filter(pk=job.pk).update(done_at=timezone.now())


def columns(statement: Statement, **more: str) -> dict[str, str]:
    return {"month": f"{statement.month:%Y-%m}" if statement.month else "", **statement.columns, **more}


class TestTheWay:
    def test_from_the_file_to_the_claim_and_back(self, client: Client, there: House) -> None:
        visits = [there.visit(at(f"2026-11-{day:02} 17:00"), guest=day) for day in range(2, 8)]
        send(client, there, as_csv(sandbox_lines(there, visits, "capped", "price", "missing")))
        statement = Statement.objects.get()
        page = client.get(address(there, "statement_columns", statement.pk))
        assert statement.month == NOVEMBER
        assert "10.00" in page.content.decode()  # of the first lines, as they would be read

        client.post(address(there, "statement_columns", statement.pk), columns(statement))
        assert "being read" in client.get(address(there, "statement", statement.pk)).content.decode().lower()
        run_jobs()

        page_text = client.get(address(there, "statement", statement.pk)).content.decode()
        assert "−22.00 EUR" in page_text
        assert "They pay nothing instead of 10.00 EUR" in page_text
        assert "They pay 8.00 EUR instead of 10.00 EUR" in page_text
        assert "never confirmed there" in page_text

        group = {"kind": "disputed", "verdict": "other_price", "reason": "their_cap"}
        client.post(address(there, "statement_answer", statement.pk), group)
        line = StatementLine.objects.get(verdict="missing_there")
        client.post(address(there, "statement_answer", statement.pk), {"kind": "disputed", "line": line.pk})
        mail = client.get(address(there, "statement_claims", statement.pk)).content.decode()
        assert "20.00 EUR" in mail
        assert visits[0].booking_ref in mail
        rows = rows_of(client, address(there, "statement_claims_csv", statement.pk))
        assert [row[9] for row in rows[1:]] == ["-10.00", "-10.00"]

        for answer in StatementAnswer.objects.all():
            client.post(address(there, "statement_undo", statement.pk, answer.pk))
        assert "Nothing is claimed" in client.get(address(there, "statement_claims", statement.pk)).content.decode()

    def test_the_same_columns_are_named_once(self, client: Client, there: House) -> None:
        visit = there.visit(at("2026-11-02 17:00"))
        read(there, f"Ref,Guest no,When,Sum\n{visit.booking_ref},g1,2026-11-02,9\n")
        first = Statement.objects.get()
        first.columns = {"booking": "Ref", "member": "Guest no", "starts_at": "When", "net": "Sum"}
        first.month, first.answers = NOVEMBER, {"net": "."}
        statements.begin(first)
        work(first)
        assert verdicts(first) == [("other_price", "tier")]

        send(client, there, f"Ref,Guest no,When,Sum\n{visit.booking_ref},g1,2026-11-02,10\n")
        run_jobs()

        assert verdicts(Statement.objects.latest("pk")) == [("matched", "")]
        client.post(address(there, "statement_forget_mapping", StatementMapping.objects.get().pk))
        assert not StatementMapping.objects.exists()

    def test_words_that_nobody_knows_are_asked_once(self, client: Client, there: House) -> None:
        visit = there.visit(at("2026-11-02 17:00"))
        text = f"{HEAD}\n{visit.booking_ref},g1,2026-11-02,Zugang,10.00\n"
        statement = read(there, text)
        assert statement.state == "asking"
        assert "Zugang" in client.get(address(there, "statement", statement.pk)).content.decode()
        assert client.post(address(there, "statement_words", statement.pk), {}).status_code == 422

        client.post(address(there, "statement_words", statement.pk), {"word_0": "check_in"})
        run_jobs()
        assert verdicts(statement) == [("matched", "")]
        assert read(there, text + "\n").state == "matched"

    def test_a_pasted_table_is_one_too(self, client: Client, there: House) -> None:
        visit = there.visit(at("2026-11-22 17:00"))
        text = f"Buchungsnummer\tDatum\tArt\tNetto\n{visit.booking_ref}\t22.11.2026\tBesuch\t10,00\n"
        fields = {"connection": str(there.connection.pk), "month": "2026-11", "pasted": text}

        client.post(address(there), fields)
        statement = Statement.objects.get()
        assert statement.columns == {
            "booking": "Buchungsnummer", "starts_at": "Datum", "event": "Art", "net": "Netto"
        }  # fmt: skip
        client.post(address(there, "statement_columns", statement.pk), columns(statement))
        run_jobs()

        assert verdicts(statement) == [("matched", "")]

    def test_the_very_same_file_says_so_and_changes_nothing(self, client: Client, there: House) -> None:
        text = f"{HEAD}\nx,g1,2026-11-02,check_in,10.00\n"
        first = read(there, text)

        answer = client.post(
            address(there),
            {"connection": there.connection.pk, "file": SimpleUploadedFile("other-name.csv", text.encode())},
            follow=True,
        )

        assert "uploaded before" in answer.content.decode()
        assert list(Statement.objects.all()) == [first]

    def test_removed_the_former_one_stands_again(self, client: Client, there: House) -> None:
        first = read(there, f"{HEAD}\nx,g1,2026-11-02,check_in,10.00\n")
        second = read(there, f"{HEAD}\ny,g1,2026-11-02,check_in,10.00\n")

        client.post(address(there, "statement_remove", second.pk))

        assert list(Statement.objects.standing()) == [first]

    def test_pages_run_as_many_queries_with_one_line_as_with_thirty(self, client: Client, there: House) -> None:
        def queries(number: int) -> int:
            visits = [
                there.visit(at(f"2026-11-{1 + day % 28:02} {7 + day // 28:02}:30"), guest=day) for day in range(number)
            ]
            rows = [f"{visit.booking_ref},,,check_in,9.00" for visit in visits]
            statement = read(there, "\n".join([HEAD, *rows]) + "\n", month=NOVEMBER)
            with CaptureQueriesContext(connection) as seen:
                assert client.get(address(there, "statement", statement.pk)).status_code == 200
            return len(seen)

        client.get(address(there))  # the first page writes what the session keeps
        assert queries(1) == queries(30)


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "empty"),
            (b" \n \n", "empty"),
            (b"PK\x03\x04rest", "workbook"),
            (b"%PDF-1.7", "PDF"),
            (HEAD.encode(), "no rows"),
            (b"net,date,net\n1,2,3\n", "more than once"),
            (b'net,date\n"1,2\n', "never closed"),
            (b"net,date\n" + b"1,2\n" * (files.MAX_LINES + 1), "250,000"),
        ],
    )
    def test_says_why_and_keeps_nothing(self, client: Client, there: House, content: bytes, words: str) -> None:
        answer = send(client, there, content)

        assert answer.status_code == 422  # type: ignore[attr-defined]
        assert words in answer.content.decode()  # type: ignore[attr-defined]
        assert not Statement.objects.exists()
        assert not StatementChunk.objects.exists()

    @pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig", "utf-16-le"])
    def test_of_another_encoding_is_read(self, there: House, encoding: str) -> None:
        member = there.guest(1).member
        member.first_name, member.last_name = "Jörg", "Müller-Weiß"
        member.save()
        there.visit(at("2026-11-22 17:00"))
        text = "Name;Datum;Betrag\nJörg Müller-Weiß;22.11.2026;€ 1.010,00\nJürgen Größe;23.11.2026;8,50\n"

        statement = read(there, text.encode(encoding))

        assert verdicts(statement) == [("other_price", "tier"), ("missing_here", "unknown_member")]
        assert statement.theirs == D("1018.50")

    def test_a_wrong_encoding_is_seen_and_changed(self, client: Client, there: House) -> None:
        statement = read(there, "Näme,Zahl\nx,1\n".encode("cp1252"))
        page = address(there, "statement_columns", statement.pk)

        answer = client.post(page, {"read_again": "1", "encoding": "utf-8", "separator": ","})
        assert answer.status_code == 422
        assert "not in UTF-8" in answer.content.decode()
        client.post(page, {"read_again": "1", "encoding": "mac_roman", "separator": ","})

        statement.refresh_from_db()
        assert statement.encoding == "mac_roman"

    def test_an_open_question_is_asked_in_view_of_the_file(self, client: Client, there: House) -> None:
        visit = there.visit(at("2026-11-03 17:00"))
        send(client, there, f"booking,date,net\n{visit.booking_ref},03/11/2026,1.234\n")
        statement = Statement.objects.get()
        page = address(there, "statement_columns", statement.pk)
        assert statement.state == "mapping"
        shown = client.get(page).content.decode()
        assert "as in 1.234" in shown
        assert "03/11/2026" in shown
        assert "1,234.00" not in shown
        assert "3 Nov 2026" not in shown
        assert client.post(page, columns(statement, month="2026-11")).status_code == 422

        client.post(page, columns(statement, month="2026-11", say_net=",", say_order="dmy"))
        run_jobs()

        line = StatementLine.objects.get(line=2)
        assert (line.theirs, line.visit) == (D(1234), visit)

    def test_lines_that_cannot_be_read_are_listed_and_given_back(self, client: Client, there: House) -> None:
        visit = there.visit(at("2026-11-02 17:00"))
        rows = [
            f"{visit.booking_ref},g1,2026-11-02,check_in,10.00",
            "a,g1,2026-11-02,check_in,ten",
            "b,g1,2026-13-45,check_in,10.00",
            "c,g1,2026-11-02,check_in,",
            HEAD,
            "d,g1,2026-11-02,check_in,1,2,3",
            "Total,,,,10.00",
            "=1+1,g1,x,check_in,1",
        ]

        statement = read(there, "\n".join([HEAD, *rows]), month=NOVEMBER)

        assert (statement.lines_read, statement.lines_refused, statement.theirs) == (8, 7, D(10))
        found = rows_of(client, address(there, "statement_refused_csv", statement.pk))
        assert found[1][:3] == ["3", "amount, net: “ten” is not a number.", "a"]
        assert [row[1] for row in found[3:7]] == [
            "There is no amount.",
            "This row repeats the header.",
            "This row has more cells than the header has columns.",
            "This looks like a line of totals, not like a visit.",
        ]
        assert found[7][2] == "'=1+1"

    def test_a_body_that_is_too_large_is_not_read(self, client: Client, there: House, settings: object) -> None:
        settings.LARGE_BODIES = ((r"/[^/]+/invoices/statements/", 3000),)  # type: ignore[attr-defined]
        settings.MAX_BODY = 1000  # type: ignore[attr-defined]

        assert send(client, there, b"x" * 5000).status_code == 413  # type: ignore[attr-defined]
        assert send(client, there, HEAD.encode() + b"\n" + b"," * 1500).status_code != 413  # type: ignore[attr-defined]
        assert send(Client(), there, b"x" * 2000).status_code == 413  # type: ignore[attr-defined]

    def test_a_table_that_is_too_large_to_be_pasted_is_refused_clearly(self, client: Client, there: House) -> None:
        pasted = f"{HEAD}\n" + "x,g1,2026-11-02,check_in,10.00\n" * 90_000

        answer = client.post(address(there), {"connection": there.connection.pk, "pasted": pasted})

        assert answer.status_code == 413
        assert "pasted 2 MiB" in answer.content.decode()


class TestWhatOthersSee:
    def test_how_far_the_money_of_visits_is(self, there: House, owner: StaffLogin) -> None:
        visits = [there.visit(at(f"2026-11-{day:02} 17:00"), guest=day) for day in range(2, 8)]
        amounts = ["10.00", "8.00", "12.00", "7.00"]
        rows = [f"{visit.booking_ref},,,check_in,{amount}" for visit, amount in zip(visits, amounts, strict=False)]
        statement = read(there, "\n".join([HEAD, *rows]) + "\n", month=NOVEMBER)
        disputed = StatementLine.objects.get(visit=visits[3])
        answer_line(disputed, "disputed", by=owner, now=timezone.now())

        assert statement.state == "matched"
        assert stated([visit.pk for visit in visits]) == {
            visits[0].pk: "matched",
            visits[1].pk: "short_paid",
            visits[2].pk: "on_statement",
            visits[3].pk: "disputed",
            visits[4].pk: "short_paid",
            visits[5].pk: "short_paid",
        }

    def test_a_person_who_is_deleted_is_named_by_no_statement(
        self, client: Client, there: House, owner: StaffLogin
    ) -> None:
        visits = [there.visit(at(f"2026-11-{day:02} 17:00"), guest=day) for day in (2, 3)]
        gone, stays = (there.guest(day).member for day in (2, 3))
        head = "booking_ref,member_ref,member_name,starts_at_local,net"
        people = zip(visits, (2, 3), (gone, stays), strict=True)
        rows = [f"{visit.booking_ref},g{day},{one.name},,10.00" for visit, day, one in people]
        statement = read(there, "\n".join([head, *rows, f"x,g2,{gone.name},,ten"]), month=NOVEMBER)
        assert statement.theirs == D(20)

        scrub(gone, by=owner, now=timezone.now())

        lines = StatementLine.objects.filter(statement=statement).order_by("line")
        assert [(line.member_ref, line.member_name) for line in lines] == [("", ""), ("g3", stays.name), ("", "")]
        assert lines[2].cells == []
        assert not StatementChunk.objects.exists()
        assert verdicts(statement)[:2] == [("matched", "")] * 2
        assert "Upload it again" in client.get(address(there, "statement_columns", statement.pk)).content.decode()

    @pytest.mark.parametrize("preset", [Preset.DESK, Preset.VIEWER, Preset.TEACHER])
    def test_the_desk_finds_nothing(self, there: House, preset: Preset) -> None:
        login = StaffLoginFactory.create(studio=there.connection.studio, preset=preset)
        desk = Client()
        desk.force_login(login.user)

        assert desk.get(address(there)).status_code == 404

    def test_another_studios_statement_is_not_found(self, client: Client, there: House) -> None:
        other = house(marketplace=there.connection.marketplace)
        other.terms()
        theirs = read(other, f"{HEAD}\nx,g1,2026-11-02,check_in,10.00\n")

        assert client.get(address(there, "statement", theirs.pk)).status_code == 404
        assert send(client, other, f"{HEAD}\ny,,2026-11-02,,1\n").status_code == 404  # type: ignore[attr-defined]
