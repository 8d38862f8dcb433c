"""The operator answers questions and edits the help's answers."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from portal.models import Answer, Change, Job, Ticket, TicketFile, User
from portal.support import shipped, tickets
from portal.support.tickets import About
from tests.factories import StaffLoginFactory, UserFactory

pytestmark = pytest.mark.django_db
DESK = "/admin/portal/"


@pytest.fixture
def operator() -> User:
    return UserFactory(is_staff=True, is_superuser=True, name="Olga")


@pytest.fixture
def client(operator: User) -> Client:
    found = Client()
    found.force_login(operator)
    return found


@pytest.fixture
def ticket() -> Ticket:
    login = StaffLoginFactory(studio__slug="one", studio__name="Studio One")
    file = SimpleUploadedFile("a.txt", b"<b>x</b>")
    about = About(page="/one/history/2026-10/", member_number="4711")
    now = timezone.now()
    return tickets.open_ticket(login, subject="<i>Why</i>?", text="Please.", about=about, files=[file], now=now)


class TestTickets:
    def test_those_that_wait_stand_first_and_are_found_by_their_number(self, client: Client, ticket: Ticket) -> None:
        login, now = ticket.login, timezone.now()
        assert login
        other = tickets.open_ticket(login, subject="Later", text=".", about=About(), now=now)
        tickets.answer_ticket(ticket, "So.", operator=UserFactory(), now=now)
        page = client.get(f"{DESK}ticket/")
        assert [row.pk for row in page.context["cl"].result_list] == [other.pk, ticket.pk]
        assert [row.pk for row in client.get(f"{DESK}ticket/?state=waiting").context["cl"].result_list] == [other.pk]
        found = client.get(f"{DESK}ticket/", {"q": ticket.reference}).context["cl"].result_list
        assert [row.pk for row in found] == [ticket.pk]

    def test_a_second_click_answers_nothing_more(self, client: Client, ticket: Ticket) -> None:
        url = f"{DESK}ticket/{ticket.pk}/change/"
        for _click in range(2):
            assert client.post(url, {"text": "So."}).status_code == 302
        assert ticket.messages.filter(by_operator=True).count() == 1

    def test_an_answer_goes_out_and_closes_when_asked_to(self, client: Client, ticket: Ticket) -> None:
        url = f"{DESK}ticket/{ticket.pk}/change/"
        page = client.get(url).content.decode()
        assert "&lt;i&gt;Why" in page
        assert "4711" in page
        assert client.post(url, {"text": ""}).status_code == 422
        assert client.post(url, {"text": "So.", "close": "on"}).status_code == 302
        ticket.refresh_from_db()
        assert ticket.answered_at
        assert ticket.closed_at
        message = ticket.messages.last()
        assert message
        assert (message.text, message.operator, message.by_operator) == ("So.", User.objects.get(name="Olga"), True)
        assert Job.objects.filter(kind=tickets.MAIL_ANSWERED, payload__message=message.pk).count() == 1
        assert Change.objects.filter(subject="ticket", kind="answered", by_word="operator").exists()
        client.post(url, {"step": "reopen"})
        assert Ticket.objects.waiting().exists()
        client.post(url, {"step": "close"})
        assert not Ticket.objects.open().exists()

    def test_an_attachment_is_a_download_and_only_the_operators(self, client: Client, ticket: Ticket) -> None:
        url = f"{DESK}ticket/{ticket.pk}/files/{TicketFile.objects.get().pk}/"
        response = client.get(url)
        assert (response.content, response.headers["Content-Type"]) == (b"<b>x</b>", "application/octet-stream")
        helper = Client()
        helper.force_login(UserFactory(is_staff=True))
        assert helper.get(url).status_code == 403
        assert helper.get(f"{DESK}ticket/{ticket.pk}/change/").status_code == 403


class TestAnswers:
    @pytest.fixture(autouse=True)
    def _loaded(self) -> None:
        Answer.objects.all().delete()
        shipped.load()

    @pytest.fixture
    def url(self) -> str:
        return f"{DESK}answer/{Answer.objects.get(slug='check-in', language='en').pk}/change/"

    @pytest.fixture
    def fields(self, client: Client, url: str) -> dict[str, Any]:
        form = client.get(url).context["form"]
        return {field.name: field.value() for field in form}

    def test_each_question_is_one_line(self, client: Client) -> None:
        rows = client.get(f"{DESK}answer/?all=").context["cl"].result_count
        assert rows == Answer.objects.values("slug").distinct().count()

    def test_what_is_saved_unchanged_is_not_edited(self, client: Client, url: str, fields: dict[str, Any]) -> None:
        client.post(url, fields)
        assert not Answer.objects.filter(edited_at__isnull=False).exists()

    def test_an_edited_text_stays_until_the_shipped_one_is_brought_back(
        self, client: Client, url: str, fields: dict[str, Any]
    ) -> None:
        client.post(url, fields | {"text_de": "Anders."})
        german = Answer.objects.get(slug="check-in", language="de")
        assert (german.text, german.edited_at is not None) == ("Anders.\n", True)
        assert Answer.objects.filter(edited_at__isnull=False).count() == 1
        assert shipped.load() == 0
        client.post(url, {"step": "shipped de"})
        german.refresh_from_db()
        assert german.text != "Anders.\n"
        assert german.edited_at is None

    def test_hiding_is_no_edit(self, client: Client, url: str, fields: dict[str, Any]) -> None:
        client.post(url, {name: value for name, value in fields.items() if name != "is_shown"})
        answers = Answer.objects.filter(slug="check-in")
        assert set(answers.values_list("is_shown", "edited_at")) == {(False, None)}

    def test_a_preview_shows_and_saves_nothing(self, client: Client, url: str, fields: dict[str, Any]) -> None:
        response = client.post(url, fields | {"text_en": "**New** <script>x</script>", "step": "preview"})
        assert "<strong>New</strong> &lt;script&gt;" in response.content.decode()
        assert not Answer.objects.filter(edited_at__isnull=False).exists()

    def test_an_own_question_is_added_found_and_removed(self, client: Client) -> None:
        new = {"address": "parking", "topic": "start", "position": 5, "is_shown": "on", "pages": "bookings:check_ins"}
        assert client.post(f"{DESK}answer/add/", new).status_code == 422
        assert client.post(f"{DESK}answer/add/", new | {"pages": "no:page"}).status_code == 422
        half = {"title_en": "Where do members park?"}
        assert client.post(f"{DESK}answer/add/", new | half).status_code == 422
        assert client.post(f"{DESK}answer/add/", new | half | {"text_en": "Behind the house."}).status_code == 302
        own = Answer.objects.get(slug="parking")
        assert (own.shipped_hash, own.pages) == ("", ["bookings:check_ins"])
        assert shipped.load() == 0
        client.post(f"{DESK}answer/{own.pk}/change/", {"step": "remove"})
        assert not Answer.objects.filter(slug="parking").exists()

    def test_what_the_product_ships_is_not_removed(self, client: Client, url: str) -> None:
        client.post(url, {"step": "remove"})
        assert Answer.objects.filter(slug="check-in").exists()
