"""Help as people use it: what is first, what is found, and asking the operator with what was attached."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal import mail_health
from portal.models import Answer, Change, Heartbeat, Job, StaffLogin, Ticket, TicketFile
from portal.support import mails, status, tickets
from portal.support.files import LARGEST
from portal.tasks import clean_up_jobs
from tests.factories import MemberFactory
from tests.portal.support.scenes import ASK, ASKED, PDF, as_, files

pytestmark = pytest.mark.django_db


class TestHelp:
    def test_the_question_mark_leads_to_the_answers_for_its_page(self, desk: StaffLogin) -> None:
        client = as_(desk)
        page = client.get("/one/check-ins/")
        url = "/one/support/?page=bookings%3Acheck_ins&amp;from=%2Fone%2Fcheck-ins%2F"
        assert f'href="{url}"' in page.content.decode()
        found = client.get(url.replace("&amp;", "&"))
        assert found.context["came_from"].label == "Check-ins"
        assert [one["title"] for one in found.context["here"]] == ["How do I check in?"]
        assert "Answers for Check-ins" in found.content.decode()

    @pytest.mark.parametrize(
        "query",
        [
            "page=evil<script>&from=https://evil.test/", "from=//evil.test/one/", "from=/other/check-ins/",
            "from=/one/nowhere/", "page=" + "x" * 9000, "from=/one/history/0000-00/", "from=%00", "q=%F0%9F%8C%BB",
        ],
    )  # fmt: skip
    def test_what_a_browser_says_of_where_it_was_is_not_believed(self, desk: StaffLogin, query: str) -> None:
        response = as_(desk).get(f"/one/support/?{query}")
        assert response.status_code in {200, 400}
        if response.status_code == 200:
            came_from = response.context["came_from"]
            assert (came_from.path, came_from.label, came_from.month) == ("", "", None)
            assert came_from.page.replace(":", "").isidentifier() or not came_from.page

    def test_a_search_finds_as_one_types_and_without_script(self, desk: StaffLogin) -> None:
        client = as_(desk)
        whole = client.get("/one/support/?q=CHECK")
        part = client.get("/one/support/?q=CHECK", headers={"HX-Request": "true"})
        assert "How do I check in?" in whole.content.decode()
        assert part.content.decode().startswith('<div class="stack" id="found">')
        assert "When am I paid?" not in part.content.decode()

    def test_nothing_found_keeps_the_words_for_the_contact_form(self, desk: StaffLogin) -> None:
        client = as_(desk)
        response = client.get("/one/support/", {"q": "wrist band", "from": "/one/check-ins/"})
        url = response.context["ask_url"]
        form = client.get(url).context["form"]
        assert (form["subject"].value(), form["page"].value()) == ("wrist band", "/one/check-ins/")

    def test_a_link_in_an_answer_to_the_contact_form_says_where_one_came_from(self, desk: StaffLogin) -> None:
        Answer.objects.filter(slug="in").update(text="[Write to us](page:portal:ticket_new).")
        given = {"page": "bookings:check_ins", "from": "/one/check-ins/"}
        text = as_(desk).get("/one/support/answers/in/", given).context["text"]
        assert 'href="/one/support/ask/?page=bookings%3Acheck_ins&amp;from=%2Fone%2Fcheck-ins%2F"' in text

    def test_an_answer_that_is_not_there_is_not_found(self, desk: StaffLogin) -> None:
        assert as_(desk).get("/one/support/answers/in/").status_code == 200
        assert as_(desk).get("/one/support/answers/none/").status_code == 404

    def test_questions_cost_the_same_queries_with_1_and_with_30_answers(self, owner: StaffLogin) -> None:
        client = as_(owner)
        for url in ("/one/support/?page=bookings:check_ins", "/one/support/?q=check", "/one/support/answers/in/"):
            client.get(url)
            with CaptureQueriesContext(connection) as few:
                client.get(url)
            Answer.objects.bulk_create(
                Answer(slug=f"{len(url)}-{n}", language="en", title=f"check {n}", text=".", topic="help")
                for n in range(30)
            )
            with CaptureQueriesContext(connection) as many:
                client.get(url)
            assert len(many) == len(few), url

    def test_the_palette_finds_answers_by_their_question(self, desk: StaffLogin) -> None:
        page = as_(desk).get("/one/commands/?q=when paid", headers={"HX-Request": "true"}).content.decode()
        assert "/one/support/answers/pay/" in page


class TestStatus:
    def report(self, **parts: Any) -> None:
        whole = {"web": {"ok": True}, "broker": {"ok": True}, "database": {"ok": True, "seconds": 0.002}}
        whole |= {"migrations": {"ok": True}, "worker": {"ok": True, "seconds_ago": 4.0}}
        whole |= {"beat": {"ok": True, "seconds_ago": 3.0}}
        whole |= {"queue": {"ok": True, "due": 2, "oldest_due_seconds": 1.0, "dead": 1}} | parts
        status.register(lambda: whole)

    @pytest.fixture(autouse=True)
    def _put_back(self) -> Any:
        before = list(status._examiners)
        yield
        status._examiners[:] = before

    def test_owners_read_numbers_and_others_words(self, owner: StaffLogin, desk: StaffLogin) -> None:
        self.report()
        page, other = (as_(login).get("/one/support/status/").content.decode() for login in (owner, desk))
        assert "Last seen 4 s ago." in page
        assert "1 was given up" in page
        assert "Last seen" not in other
        assert "given up" not in other
        assert "Tresen 0.1.0" in other

    def test_what_stands_still_is_said_with_what_is_safe(self, desk: StaffLogin) -> None:
        self.report(worker={"ok": False, "seconds_ago": 360.0}, beat={"ok": False, "seconds_ago": 365.0})
        response = as_(desk).get("/one/support/status/")  # the clock is heard by a worker
        assert not response.context["is_well"]
        assert {part.word for part in response.context["parts"] if part.is_well is False} == {"worker"}
        assert "What you do here is kept" in response.content.decode()

    def test_mail_is_well_until_one_is_refused(self, settings: Any, tmp_path: Any) -> None:
        self.report()
        now = timezone.now()

        def part(word: str) -> Any:
            return {one.word: one for one in status.parts(timezone.now())}[word].is_well

        assert part("mail") is None
        mail_health.note(mail_health.SENT)
        assert part("mail") is True
        mail_health.note(mail_health.REFUSED)
        Heartbeat.objects.filter(name=mail_health.SENT).update(seen_at=now - timedelta(days=9))
        assert part("mail") is False
        clean_up_jobs(Job())
        assert Heartbeat.objects.filter(name=mail_health.SENT).exists()
        assert part("backup") is None
        settings.BACKUP_FILE = str(tmp_path / "dump")
        assert part("backup") is None
        (tmp_path / "dump").write_bytes(b"")
        assert part("backup") is True


class TestAsking:
    def test_the_page_fills_in_what_it_is_about(self, owner: StaffLogin) -> None:
        member = MemberFactory(studio=owner.studio, number="4711")
        client = as_(owner)

        def first(path: str) -> dict[str, Any]:
            form = client.get(ASK, {"from": path}).context["form"]
            return {field.name: field.value() for field in form if field.value()}

        assert first(f"/one/members/{member.pk}/") == {"page": f"/one/members/{member.pk}/", "member_number": "4711"}
        about = first("/one/history/2026-10/?location=centrum&q=Kim")
        assert (about["page"], str(about["month"])) == ("/one/history/2026-10/?location=centrum", "2026-10-01")
        assert first("/one/invoices/documents/T-1/").get("month") is None

    def test_a_question_has_a_number_at_once_and_both_sides_get_mails(self, desk: StaffLogin, settings: Any) -> None:
        settings.OPERATOR_EMAIL = "help@tresen.test"
        about = {
            "page": "/one/history/2026-10/",
            "month": "2026-10",
            "member_number": "4711",
            "log_reference": "call 7",
        }
        sent = {**ASKED, **about, "attachments": files(("../a.pdf", PDF), ("b.txt", b"hello"))}
        response = as_(desk).post(ASK, sent, follow=True)
        ticket = Ticket.objects.get()
        assert ticket.reference == tickets.reference_of(ticket.pk)
        assert ticket.reference in response.content.decode()
        assert "&lt;b&gt;right" in response.content.decode()
        assert (str(ticket.month), ticket.member_number, ticket.log_reference) == ("2026-10-01", "4711", "call 7")
        assert list(TicketFile.objects.values_list("name", flat=True)) == ["a.pdf", "b.txt"]
        assert Change.objects.get(subject="ticket").kind == "opened"
        for job in Job.objects.filter(kind__startswith="portal.ticket").order_by("pk"):
            {tickets.MAIL_OPENED: mails.send_opened, tickets.MAIL_ASKED: mails.send_asked}[job.kind](job)
        mine, theirs = mail.outbox
        assert (mine.to, theirs.to) == (["kim@one.test"], ["help@tresen.test"])
        assert ticket.reference in mine.subject
        for word in (
            ticket.reference,
            "/one/history/2026-10/",
            "2026-10",
            "4711",
            "call 7",
            "a.pdf, b.txt",
            "<b>right",
        ):
            assert word in theirs.subject + theirs.body

    @pytest.mark.parametrize(
        ("attached", "said"),
        [
            ([("big.pdf", PDF + b"x" * LARGEST)], "big.pdf"),
            ([(f"{n}.txt", b"x") for n in range(4)], "These are 4."),
            ([("a.exe", b"MZ")], "a.exe is not a PDF"),
            ([("a.pdf", b"<html>")], "a.pdf is not what its name says."),
            ([("a.txt", b"\0\0")], "a.txt is not what its name says."),
            ([("a.csv", b"")], "a.csv is empty."),
        ],
    )
    def test_a_file_that_is_not_taken_is_named_and_the_text_stays(
        self, desk: StaffLogin, attached: list[tuple[str, bytes]], said: str
    ) -> None:
        response = as_(desk).post(ASK, {**ASKED, "attachments": files(*attached)})
        page = response.content.decode()
        assert response.status_code == 422
        assert said in page
        assert ASKED["subject"] in page
        assert "Which one is &lt;b&gt;right" in page
        assert Ticket.objects.count() == 0

    def test_how_much_is_too_large_is_told_beyond_the_usual_limit_of_a_request(
        self, desk: StaffLogin, settings: Any
    ) -> None:
        settings.MAX_BODY = 1000

        def sent(url: str) -> Any:
            return as_(desk).post(url, {**ASKED, "attachments": files(("big.pdf", PDF + b"x" * (LARGEST + 2**20)))})

        response = sent(ASK)
        assert response.status_code == 422
        assert "1.0\xa0MB too large" in response.content.decode()
        assert sent("/one/support/questions/T-1/close/").status_code == 413
        settings.LARGE_BODIES = [(where, 2000) for where, _most in settings.LARGE_BODIES]
        beyond = sent(ASK)
        assert beyond.status_code == 413
        assert "the files of a question 5 MB each" in beyond.content.decode()

    @pytest.mark.parametrize("wrong", [{"subject": ""}, {"text": " "}, {"text": "x" * 10_001}, {"month": "2026-13"}])
    def test_a_form_that_is_not_right_keeps_what_was_typed(self, desk: StaffLogin, wrong: dict[str, str]) -> None:
        response = as_(desk).post(ASK, ASKED | {"page": "/one/check-ins/"} | wrong)
        assert response.status_code == 422
        assert 'value="/one/check-ins/"' in response.content.decode()

    def test_a_form_sent_twice_opens_one(self, desk: StaffLogin) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(desk.user)
        token = {"csrfmiddlewaretoken": client.get(ASK).context["csrf_token"].__str__()}
        urls = {client.post(ASK, {**ASKED, **token}).headers["Location"] for _click in range(2)}
        assert len(urls) == Ticket.objects.count() == 1

    def test_twenty_in_an_hour_are_enough_and_the_text_stays(self, desk: StaffLogin) -> None:
        now = timezone.now()
        Ticket.objects.bulk_create(
            Ticket(studio=desk.studio, reference=f"x{n}", subject="x", opened_at=now) for n in range(20)
        )
        response = as_(desk).post(ASK, ASKED)
        assert response.status_code == 422
        assert "Your text is still here" in response.content.decode()
        Ticket.objects.update(opened_at=now - timedelta(minutes=61))
        assert as_(desk).post(ASK, ASKED).status_code == 302
