"""Mails through a server that speaks SMTP, which refuses, hangs and breaks off: what is lost, and what comes twice."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertTemplateUsed

from portal import mail, mail_health, mail_smtp, tasks
from portal.jobs import Away, GiveUp, InDoubt, enqueue, queue, registry, worker
from portal.models import Heartbeat, Invitation, Job, Studio
from tests.factories import StaffLoginFactory, StudioFactory
from tests.portal.mail_server import MailServer, mail_server

KIND = "test.mail"


@pytest.fixture
def post(settings: Any, tmp_path: Path) -> Iterator[MailServer]:
    (tmp_path / "hello.txt").write_text("Grüße, {{ name }}\n\nLieber {{ name }},\n.\n{{ long }}\n")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    with mail_server() as server:
        settings.EMAIL_BACKEND = "portal.mail_smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 0.3
        settings.DEFAULT_FROM_EMAIL = "Tresen <post@tresen.test>"
        yield server


def job(studio: Studio) -> Job:
    with transaction.atomic():
        return enqueue(KIND, key=f"hello {studio.pk}", studio=studio)


def send(name: str = "Jörg") -> None:
    studio = StudioFactory(name="Müßig, Yoga & Söhne")
    context = {"name": name, "long": "ü" * 3000}
    mail.send(job(studio), to="kim@example.test", studio=studio, template="hello.txt", context=context)


@pytest.mark.django_db
def test_a_mail_arrives_as_it_was_written(post: MailServer) -> None:
    send("Jörg Ångström")
    (raw,), (arrived,) = post.raw, post.mails
    assert post.recipients == [["kim@example.test"]]
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 200
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert arrived["Subject"] == "Grüße, Jörg Ångström"
    assert arrived["From"].addresses[0].display_name == "Müßig, Yoga & Söhne"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[\w-]+@tresen\.test>", arrived["Message-ID"])
    text, page = (part.get_content() for part in arrived.iter_parts())
    assert text.replace("\r\n", "\n") == f"Lieber Jörg Ångström,\n.\n{'ü' * 3000}\n"
    assert "Lieber Jörg Ångström," in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "meaning", "words"),
    [
        ({"RCPT": "450 4.2.1 kim@example.test later"}, Away, "for this address now (450 4.2.1)"),
        ({"RCPT": "550 5.1.1 kim@example.test?"}, GiveUp, "this address for good (550 5.1.1)"),
        ({"RCPT": "550 nobody"}, GiveUp, "this address for good (550)"),
        ({"RCPT": "554 5.7.1 relay access denied"}, Away, "does not let us send (554 5.7.1)"),
        ({"MAIL": "553 5.1.8 not yours"}, Away, "our sender's address (553 5.1.8)"),
        ({"MAIL": "530 5.7.0 log in first"}, Away, "our sender's address (530 5.7.0)"),
        ({"DATA": "451 4.3.0 disk full"}, Away, "mails now (451 4.3.0)"),
        ({".": "554 5.6.0 kim@example.test"}, GiveUp, "this mail for good (554 5.6.0)"),
        ({".": "452 4.3.1 full"}, Away, "mails now (452 4.3.1)"),
        ({"DATA": ""}, Away, "broke the connection"),
        ({".": ""}, InDoubt, "may have it already"),
    ],
)
def test_what_the_server_says_decides_what_becomes_of_the_mail(
    post: MailServer, answers: dict[str, str], meaning: type[Exception], words: str
) -> None:
    post.answers = answers
    with pytest.raises(meaning) as raised:
        send()
    assert words in str(raised.value)
    assert "kim" not in str(raised.value)


@pytest.mark.django_db
def test_a_server_that_thinks_for_long_gets_no_second_copy(post: MailServer, settings: Any) -> None:
    post.delay = 0.2  # more than EMAIL_TIMEOUT
    settings.EMAIL_TIMEOUT = 0.1
    send()
    assert len(post.raw) == 1


@pytest.mark.django_db
def test_whoever_never_answers_to_a_mail_may_have_it_and_is_left_alone(
    post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_smtp, "PATIENT", mail_smtp.Patience(before=5, to_take=0.1))
    post.delay = 0.3
    with pytest.raises(InDoubt):
        send()
    with pytest.raises(Away, match=r"does not answer\."):
        send()
    assert post.connections == 1


@pytest.mark.django_db
def test_a_server_that_is_silent_is_left_alone_for_a_while(post: MailServer) -> None:
    post.is_silent = True
    for _ in range(2):
        with pytest.raises(Away, match=r"does not answer\."):
            send()
    assert post.connections == 1
    post.is_silent = False
    Heartbeat.objects.filter(name=mail_health.SILENT).update(seen_at=Now() - timedelta(minutes=2))
    send()
    assert len(post.raw) == 1


@pytest.mark.django_db
def test_a_talk_that_takes_too_long_ends_before_the_mail(post: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease of the job would run out meanwhile, and another worker send it too. Each answer comes in time, and all
    of them together do not."""
    monkeypatch.setattr(mail_smtp, "PATIENT", mail_smtp.Patience(before=0.2, to_take=5))
    post.pause = 0.08
    with pytest.raises(Away, match=r"does not answer\."):
        send()
    assert post.raw == []


def test_all_that_a_mail_may_take_is_less_than_the_lease_of_its_job() -> None:
    patient, hasty = mail_smtp.PATIENT, mail_smtp.HASTY
    assert patient.before + patient.to_take + mail_smtp.SECONDS_TO_PART + 10 <= queue.LEASE.total_seconds()
    assert hasty.before + hasty.to_take <= 8


@pytest.mark.django_db
def test_the_mail_for_a_new_password_names_no_machine(post: MailServer, client: Client) -> None:
    login = StaffLoginFactory()
    client.post(reverse("account_reset_password"), {"email": login.user.email})
    (arrived,) = post.mails
    assert arrived["Message-ID"].endswith("@tresen.test>")


@pytest.mark.django_db
@pytest.mark.parametrize("is_known", [True, False])
def test_a_mail_for_a_new_password_that_cannot_go_out_is_said_to_anybody(
    post: MailServer, client: Client, is_known: bool
) -> None:
    post.answers = {"MAIL": "451 4.3.2 not now"}
    email = StaffLoginFactory().user.email if is_known else "nobody@example.test"
    answer = client.post(reverse("account_reset_password"), {"email": email})
    assert answer.status_code == 503
    assertTemplateUsed(answer, "account/mail_away.html")
    assert email not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"RCPT": "550 5.1.1 nobody"}, "The mail was refused"),
        ({".": ""}, "The mail is perhaps on its way"),
        ({"DATA": ""}, "No mail can be sent right now"),
    ],
)
def test_the_page_says_what_became_of_the_mail_for_a_new_password(
    post: MailServer, client: Client, answers: dict[str, str], words: str
) -> None:
    post.answers = answers
    answer = client.post(reverse("account_reset_password"), {"email": "nobody@example.test"})
    assert f"<h1>{words}</h1>" in answer.content.decode()


@pytest.mark.django_db
def test_a_page_waits_for_seconds_and_a_server_that_is_slow_for_it_is_asked_by_jobs_alone(
    post: MailServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_smtp, "HASTY", mail_smtp.Patience(before=5, to_take=0.1))
    post.delay = 0.3
    url, data = reverse("account_reset_password"), {"email": "nobody@example.test"}
    assert "perhaps on its way" in client.post(url, data).content.decode()
    assert "No mail can be sent right now" in client.post(url, data).content.decode()
    assert post.connections == 1
    send()
    assert post.connections == 2


def test_what_is_wrong_with_the_database_does_not_undo_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_given: Any, **_more: Any) -> Any:
        raise InterfaceError("closed")

    monkeypatch.setattr(mail_health, "transaction", SimpleNamespace(atomic=gone))
    monkeypatch.setattr(mail_health, "connection", SimpleNamespace(in_atomic_block=False))
    mail_health.note(mail_health.SENT)


class TestTheQueue:
    def work(self, monkeypatch: pytest.MonkeyPatch, *raised: Exception | None) -> list[int]:
        """A job whose tries end as given; their numbers."""
        ends, tries = list(raised), []

        def function(job: Job) -> None:
            tries.append(job.attempts)
            if error := ends.pop(0):
                raise error

        monkeypatch.setitem(registry.HANDLERS, KIND, registry.Handler(function, transactional=False, every=None))
        job(StudioFactory())
        for _ in raised:
            Job.objects.update(run_after=Now() - timedelta(seconds=1))
            if claimed := queue.claim():
                worker.run(claimed, until=0)
        return tries

    @pytest.mark.django_db
    def test_a_server_may_be_away_for_two_days(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.work(monkeypatch, *[Away("The mail server cannot be reached.")] * 20)
        waits = Job.objects.open().get()
        assert (waits.attempts, waits.last_error) == (20, "The mail server cannot be reached.")
        longest = queue.LONGEST_BACKOFF_WHILE_AWAY
        assert Job.objects.filter(run_after__gt=Now() + longest / 3, run_after__lt=Now() + longest).exists()
        assert timedelta(hours=44) < waits.max_attempts * longest * 0.75 < timedelta(hours=52)

    @pytest.mark.django_db
    def test_in_doubt_there_are_three_copies_at_most(self, monkeypatch: pytest.MonkeyPatch) -> None:
        away, doubt = Away("The mail server cannot be reached."), InDoubt("Who knows.")
        assert self.work(monkeypatch, away, doubt, doubt, doubt, doubt) == [1, 2, 3, 4]
        assert Job.objects.dead().get().last_error == "Who knows."

    @pytest.mark.django_db
    def test_nor_are_there_more_where_the_server_is_away_in_between(self, monkeypatch: pytest.MonkeyPatch) -> None:
        away, doubt = Away("The mail server cannot be reached."), InDoubt("Who knows.")
        assert self.work(monkeypatch, *[doubt, away, away] * 4) == [1, 2, 3, 4, 5, 6, 7]
        dead = Job.objects.dead().get()
        assert (dead.last_error, dead.doubts) == ("Who knows.", 3)
        queue.retry([dead.pk])
        assert Job.objects.open().get().doubts == 0

    @pytest.mark.django_db
    def test_between_two_copies_are_minutes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.work(monkeypatch, InDoubt("Who knows."))
        assert Job.objects.filter(run_after__gt=Now() + timedelta(minutes=9)).exists()

    @pytest.mark.django_db
    def test_a_database_that_is_away_when_a_mail_was_sent_makes_no_second_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finish, breaks = queue.finish, [OperationalError()]

        def finish_later(job: Job) -> None:
            if breaks:
                raise breaks.pop()
            finish(job)

        monkeypatch.setattr(queue, "finish", finish_later)
        assert self.work(monkeypatch, None) == [1]
        assert Job.objects.get().done_at is not None
        assert breaks == []


def in_a_process(work: Callable[[], Any]) -> int:
    """Begin it in a process of its own, with database connections of its own; its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        theirs = [(one, one.connection) for one in connections.all()]  # kept: closing them would close the parent's
        for one, _theirs in theirs:
            one.connection = None
        work()
    finally:
        os._exit(1)


def test_a_worker_killed_when_the_server_had_the_mail_sends_the_same_one_again(
    post: MailServer, transactional_db: None
) -> None:
    """What SMTP cannot tell, the Message-ID can; and the link in both is the same."""
    now = timezone.now()
    wanted = Invitation.objects.create(
        studio=StudioFactory(), email="kim@example.test", name="Kim", preset="desk", invited_at=now, link_made_at=now
    )
    payload = {"invitation": wanted.pk, "link": wanted.link, "origin": "https://tresen.test"}
    with transaction.atomic():
        enqueue("portal.invitation", key="invitation 1", studio=wanted.studio, payload=payload)
    assert tasks.mail_invitation
    killed: list[int] = []
    post.on_taken = lambda: os.kill(killed[0], signal.SIGKILL)
    killed.append(in_a_process(lambda: worker.drain("worker of a test")))
    _pid, ended = os.waitpid(killed[0], 0)
    assert os.waitstatus_to_exitcode(ended) == -signal.SIGKILL
    post.on_taken = lambda: None
    assert Job.objects.get().done_at is None
    Job.objects.update(lease_until=Now() - timedelta(seconds=1))
    worker.drain("worker of a test")
    assert Job.objects.get().done_at is not None
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert [part.get_content() for part in first.iter_parts()] == [part.get_content() for part in second.iter_parts()]
