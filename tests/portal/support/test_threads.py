"""Questions to the operator: who sees them, their answers by mail, attachments, and what is left of people."""

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.members.scrubbing import scrub
from portal.models import Change, Job, StaffLogin, Ticket, TicketFile, TicketMessage, User
from portal.roles import Preset
from portal.support import mails, tickets
from portal.support.tickets import About
from tests.factories import MemberFactory, StaffLoginFactory, StudioFactory, UserFactory
from tests.portal.support.scenes import ASK, ASKED, LISTED, as_, asked, files

pytestmark = pytest.mark.django_db


class TestThread:
    def test_each_sees_their_own_and_owners_all(self, owner: StaffLogin, desk: StaffLogin) -> None:
        mine, theirs = asked(desk, subject="Mine"), asked(owner, subject="Theirs")
        stranger = StaffLoginFactory(studio__slug="two", preset=Preset.OWNER)
        assert [one.subject for one in as_(desk).get(LISTED).context["page"]] == ["Mine"]
        assert [one.subject for one in as_(owner).get(LISTED).context["page"]] == ["Theirs", "Mine"]
        assert as_(desk).get(f"{LISTED}{theirs.reference}/").status_code == 404
        assert as_(owner).get(f"{LISTED}{mine.reference.lower()}/").status_code == 200
        assert as_(stranger).get(f"/two/support/questions/{mine.reference}/").status_code == 404

    def test_the_list_costs_the_same_with_1_and_with_30(self, owner: StaffLogin, desk: StaffLogin) -> None:
        ticket, client = asked(desk), as_(owner)
        counts = []
        for turn in range(2):
            for url in (LISTED, f"{LISTED}{ticket.reference}/"):
                client.get(url)
                with CaptureQueriesContext(connection) as queries:
                    client.get(url)
                counts.append(len(queries))
            now = timezone.now()
            Ticket.objects.bulk_create(
                Ticket(studio=desk.studio, login=desk, reference=f"y{turn}-{n}", subject="x", opened_at=now)
                for n in range(30)
            )
            TicketMessage.objects.bulk_create(
                TicketMessage(ticket=ticket, text="x", by=desk, written_at=now) for _n in range(30)
            )
        assert counts[:2] == counts[2:]

    def test_an_answer_is_marked_until_it_is_read_and_mailed(self, desk: StaffLogin) -> None:
        ticket, client = asked(desk), as_(desk)
        assert "New answer" not in client.get("/one/check-ins/").content.decode()
        message = tickets.answer_ticket(ticket, "Both.", operator=UserFactory(is_staff=True), now=timezone.now())
        assert "New answer" in client.get("/one/check-ins/").content.decode()
        mails.send_answered(Job.objects.get(kind=tickets.MAIL_ANSWERED, payload__message=message.pk))
        assert (mail.outbox[-1].to, "Both." in mail.outbox[-1].body) == (["kim@one.test"], True)
        assert "Both." in client.get(f"{LISTED}{ticket.reference}/").content.decode()
        assert "New answer" not in client.get("/one/check-ins/").content.decode()

    def test_the_mark_costs_no_query_of_its_own(self, desk: StaffLogin) -> None:
        client = as_(desk)
        client.get("/one/support/keys/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/one/support/keys/")
        asking = [one["sql"] for one in queries if "portal_ticket" in one["sql"]]
        assert len(asking) == 2  # with the login; and how many there are, which help says beside itself

    def test_writing_again_opens_it_and_waits_for_the_operator(self, desk: StaffLogin) -> None:
        ticket, client, now = asked(desk), as_(desk), timezone.now()
        url = f"{LISTED}{ticket.reference}/"
        tickets.answer_ticket(ticket, "Both.", operator=UserFactory(), now=now, close=True)
        assert not Ticket.objects.open().exists()
        assert client.post(f"{url}reply/", {"text": "Really?"}).status_code == 302
        assert Ticket.objects.waiting().get() == ticket
        assert client.post(f"{url}close/").status_code == 302
        assert not Ticket.objects.open().exists()
        assert client.post(f"{url}reopen/").status_code == 302
        assert Ticket.objects.waiting().get() == ticket
        kinds = list(Change.objects.filter(subject="ticket").order_by("pk").values_list("kind", flat=True))
        assert kinds == ["opened", "answered", "replied", "closed", "reopened"]
        assert client.post(f"{url}reply/", {"text": ""}).status_code == 422

    def test_an_attachment_is_only_ever_a_download(self, owner: StaffLogin, desk: StaffLogin) -> None:
        ticket = asked(desk, files=files(('e"v.txt', b"<script>alert(1)</script>")))
        url = f"{LISTED}{ticket.reference}/files/{TicketFile.objects.get().pk}/"
        response = as_(owner).get(url)
        assert response.content == b"<script>alert(1)</script>"
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        other = StaffLoginFactory(studio=owner.studio, preset=Preset.DESK)
        assert as_(other).get(url).status_code == 404
        mine = asked(other)
        assert as_(other).get(url.replace(ticket.reference, mine.reference)).status_code == 404

    def test_the_answer_reaches_an_owner_when_who_asked_has_left(self, owner: StaffLogin, desk: StaffLogin) -> None:
        ticket = asked(desk)
        StaffLogin.objects.filter(pk=desk.pk).update(is_active=False)
        tickets.answer_ticket(ticket, "Both.", operator=UserFactory(), now=timezone.now())
        mails.send_answered(Job.objects.get(kind=tickets.MAIL_ANSWERED))
        assert mail.outbox[-1].to == ["ana@one.test"]


def test_a_person_who_is_scrubbed_is_in_no_question_any_more(owner: StaffLogin) -> None:
    member = MemberFactory(
        studio=owner.studio, first_name="Kim", last_name="Canary", email="kim@canary.test", number="4711"
    )
    ticket = asked(
        owner,
        subject="About kim canary",
        text="Kim Canary, KIM@canary.test, says no.",
        about=About(page="/one/members/1/", member_number="4711"),
        files=files(("a.txt", b"x")),
    )
    scrub(member, by=owner, now=timezone.now())
    ticket.refresh_from_db()
    whole = f"{ticket.subject} {ticket.member_number} {ticket.page} {ticket.messages.get().text}"
    assert whole == "About […]   […], […], says no."
    assert not TicketFile.objects.exists()
    assert "anary" not in str(list(Change.objects.filter(subject="ticket").values("before", "after")))


def test_the_answer_goes_to_who_wrote_last_and_never_to_somebody_who_cannot_log_in(
    owner: StaffLogin, desk: StaffLogin, mailoutbox: Any
) -> None:
    ticket, now = asked(desk), timezone.now()
    tickets.reply(ticket, login=owner, text="Me, too.", now=now)
    for expected in (owner, desk):
        answer = tickets.answer_ticket(ticket, f"So, {expected.pk}.", operator=UserFactory(), now=now)
        mails.send_answered(Job.objects.get(kind=tickets.MAIL_ANSWERED, payload__message=answer.pk))
        assert mailoutbox[-1].to == [expected.user.email]
        User.objects.filter(pk=owner.user_id).update(is_active=False)
    User.objects.filter(pk=owner.user_id).update(is_active=True)
    User.objects.filter(pk=desk.user_id).update(is_active=False)
    TicketMessage.objects.filter(by=owner).update(by=desk)
    answer = tickets.answer_ticket(ticket, "And now?", operator=UserFactory(), now=now)
    mails.send_answered(Job.objects.get(kind=tickets.MAIL_ANSWERED, payload__message=answer.pk))
    assert mailoutbox[-1].to == [owner.user.email]


def test_from_a_studio_for_practice_one_asks_in_the_name_of_the_real_one(owner: StaffLogin) -> None:
    practice = StudioFactory(slug="one-practice", practice_of=owner.studio)
    StaffLoginFactory(studio=practice, user=owner.user, preset=Preset.OWNER)
    client = as_(owner)
    answer = client.get("/one-practice/support/ask/?page=bookings%3Acheck_ins")
    assert answer.headers["Location"] == "/one/support/ask/?page=bookings%3Acheck_ins"
    assert client.post("/one-practice/support/ask/", {"subject": "S", "text": "T"}).status_code == 302
    assert not Ticket.objects.exists()


def test_a_subject_is_one_line_and_what_outsiders_write_is_quoted(
    owner: StaffLogin, mailoutbox: Any, settings: Any
) -> None:
    settings.OPERATOR_EMAIL = "desk@tresen.test"
    text = "Hello\n\nYour account is closed:\nhttp://localhost:8000/evil/"
    as_(owner).post("/one/support/ask/", {"subject": "Hi\n\nYour account", "text": text})
    ticket = Ticket.objects.get()
    assert ticket.subject == "Hi Your account"
    mails.send_asked(Job.objects.get(kind=tickets.MAIL_ASKED))
    mail = mailoutbox[-1]
    assert "> Your account is closed:\n> http://localhost:8000/evil/" in mail.body
    page = str(mail.alternatives[0][0])
    assert "<blockquote" in page
    assert 'href="http://localhost:8000/evil/"' not in page


def test_with_script_a_reply_is_answered_in_its_place(owner: StaffLogin) -> None:
    """What it is led to without script is the whole page: the tests above."""
    client = as_(owner)
    client.post(ASK, ASKED)
    page = f"{LISTED}{Ticket.objects.get().reference}/"
    script: Any = {"headers": {"HX-Request": "true"}}
    refused = client.post(f"{page}reply/", {"text": ""}, **script)
    sent = client.post(f"{page}reply/", {"text": "The second one."}, **script, follow=True)
    assert (refused.status_code, sent.status_code) == (422, 200)
    assert "The second one." in sent.text
    assert "Sent." in sent.text
    for answer in (refused, sent):
        assert answer.text.lstrip().startswith('<div class="with-aside support" id="thread">')
    assert "<html" in client.get(page).text
