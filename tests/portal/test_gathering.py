"""What happens at once reaches a person in one mail; and in their own language."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext_lazy

from portal.jobs import enqueue, queue
from portal.jobs.registry import HANDLERS, Handler
from portal.models import Change, Job, Notice, NoticeChoice, StaffLogin, User
from portal.notices import gathering, morning, registry
from portal.notices.gathering import TOGETHER
from portal.notices.registry import How, NoticeKind, register
from portal.notices.rounds import MAIL_MORNING, ask_for_mornings
from portal.notices.telling import notify
from portal.notices.together import send_together
from portal.roles import Preset, Right
from tests.factories import LocationFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db

NEWS, OTHER = "test.news", "test.other"
NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
_OUT: list[int] = []  # the news of which a mail went out


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", {})
    monkeypatch.setattr(morning, "_parts", {})
    monkeypatch.setattr(gathering, "WINDOW", timedelta(seconds=60))
    monkeypatch.setitem(HANDLERS, "test.mail", Handler(_said, transactional=False, every=None))
    for word in (NEWS, OTHER):
        counted = ngettext_lazy("%(number)d piece of news", "%(number)d pieces of news", "number")
        defaults = {Preset.OWNER: How.AT_ONCE}
        right = Right.ANSWER_REVIEWS
        register(NoticeKind(word=word, label="News", about=".", right=right, defaults=defaults, counted=counted))


def owner(**fields: Any) -> StaffLogin:
    login: StaffLogin = StaffLoginFactory(preset=Preset.OWNER, **fields)
    LocationFactory(studio=login.studio)
    return login


def tell(login: StaffLogin, number: int, *, kind: str = NEWS) -> bool:
    payload = {"login": login.pk, "kind": kind, "number": number}
    with transaction.atomic():
        job = enqueue("test.mail", key=f"news {number} {login.pk}", studio=login.studio, payload=payload)
    return _said(job)


def _said(job: Job) -> bool:
    """News of the number in the payload; none any more without one."""
    login, number = StaffLogin.objects.get(pk=job.payload["login"]), job.payload["number"]
    context = {"headline": f"Kim {number} wrote", "because": "Because.", "marketplace": "Wellpass"}
    if number == 13:
        raise ValueError("Nobody knows why.")
    return number is not None and notify(
        job, login=login, kind=job.payload["kind"], template="marketplace/mail/late.txt", context=context,
        path=f"/x/{number}/", when_out=lambda: _OUT.append(number),
    )  # fmt: skip


def becomes(number: int, /, **facts: Any) -> None:
    """The news of that number says something else by now."""
    job = Job.objects.get(kind="test.mail", payload__number=number)
    Job.objects.filter(pk=job.pk).update(payload=job.payload | facts)


def mails() -> list[Job]:
    return list(Job.objects.filter(kind=TOGETHER).order_by("pk"))


def test_what_comes_within_a_minute_is_one_mail_whose_subject_counts(mailoutbox: Any, settings: Any) -> None:
    settings.SITE_URL = "https://studio.test"
    login = owner()
    assert all(tell(login, number) for number in (1, 2, 3, 2))
    assert mailoutbox == []
    (job,) = mails()
    late = Job.objects.filter(pk=job.pk, run_after__gt=Now() + timedelta(seconds=50))
    assert late.filter(run_after__lte=Now() + timedelta(seconds=60)).exists()
    assert send_together(job, now=NOON)
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == ([login.user.email], "3 pieces of news")
    for number in (1, 2, 3):
        assert mail.body.count(f"- Kim {number} wrote\n  https://studio.test/x/{number}/\n") == 1
    assert "because you have a login there: News" in mail.body
    assert set(Notice.objects.values_list("sent_at", flat=True)) == {NOON}
    assert not send_together(job, now=NOON)
    assert len(mailoutbox) == 1


def test_one_alone_reads_as_it_always_did(mailoutbox: Any) -> None:
    login = owner()
    tell(login, 1)
    send_together(*mails(), now=NOON)
    gathering.WINDOW = timedelta(0)
    tell(login, 2)
    gathered, plain = mailoutbox
    assert gathered.subject == "Kim 1 wrote"
    assert gathered.body.replace("Kim 1", "Kim 2").replace("/1/", "/2/") == plain.body


def test_another_kind_person_or_minute_is_another_mail(mailoutbox: Any) -> None:
    login = owner()
    colleague = owner(studio=login.studio)
    tell(login, 1)
    tell(login, 2, kind=OTHER)
    tell(colleague, 3)
    Job.objects.filter(kind=TOGETHER).update(run_after=Now())  # a minute later
    tell(login, 4)
    for job in mails():
        assert send_together(job, now=NOON)
    subjects = [(mail.to[0], mail.subject) for mail in mailoutbox]
    me, other = login.user.email, colleague.user.email
    assert subjects == [(me, "Kim 1 wrote"), (me, "Kim 2 wrote"), (other, "Kim 3 wrote"), (me, "Kim 4 wrote")]


def test_nothing_joins_a_mail_that_was_tried_so_that_its_second_try_is_the_same(
    mailoutbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = owner()
    tell(login, 1)
    tell(login, 2)
    (job,) = mails()
    Job.objects.filter(pk=job.pk).update(attempts=1, run_after=Now() + timedelta(minutes=5))  # it failed; later again
    tell(login, 3)
    first, second = mails()
    send_together(first, now=NOON)
    send_together(second, now=NOON)
    assert [mail.subject for mail in mailoutbox] == ["2 pieces of news", "Kim 3 wrote"]


def test_killed_between_mail_and_rows_the_same_mail_goes_out_again(mailoutbox: Any) -> None:
    login = owner()
    tell(login, 1)
    tell(login, 2)
    (job,) = mails()
    send_together(job, now=NOON)
    Notice.objects.update(sent_at=None)
    send_together(job, now=NOON)
    first, again = mailoutbox
    assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"]
    assert first.body == again.body


@pytest.mark.parametrize(("wanted", "in_the_morning"), [(How.OFF, False), (How.DIGEST, True)])
def test_who_chose_otherwise_meanwhile_gets_no_mail_at_once(
    wanted: NoticeChoice.How, in_the_morning: bool, mailoutbox: Any
) -> None:
    login = owner()
    tell(login, 1)
    NoticeChoice.objects.create(login=login, kind=NEWS, how=wanted)
    assert not send_together(*mails(), now=NOON)
    assert mailoutbox == []
    assert Notice.objects.filter(sent_at=None, together="").exists() == in_the_morning


def test_the_morning_leaves_alone_what_is_about_to_be_told(mailoutbox: Any) -> None:
    login = owner()
    tell(login, 1)
    Notice.objects.update(occurred_at=NOON - timedelta(days=1))
    assert ask_for_mornings(now=datetime(2026, 11, 23, 6, 30, tzinfo=UTC)) == 0


def test_nobody_who_left_is_told_and_nothing_is_kept_of_it(mailoutbox: Any) -> None:
    login = owner()
    tell(login, 1)
    User.objects.update(is_active=False)
    assert not send_together(*mails(), now=NOON)
    assert (len(mailoutbox), Notice.objects.count()) == (0, 0)


def test_what_waits_are_keys_and_the_mail_says_what_is_so_when_it_goes_out(mailoutbox: Any) -> None:
    login = owner()
    for number in (1, 2, 3):
        tell(login, number)
    assert not any("Kim" in str(value) for row in Notice.objects.values() for value in row.values())
    becomes(1, number=None)
    becomes(2, number=7)
    send_together(*mails(), now=NOON)
    (mail,) = mailoutbox
    assert mail.subject == "2 pieces of news"
    assert ("Kim 7 wrote" in mail.body, "Kim 1" in mail.body, "Kim 2" in mail.body) == (True, False, False)
    assert not Notice.objects.filter(sent_at=None).exists()


def test_when_none_of_it_is_so_any_more_there_is_no_mail(mailoutbox: Any) -> None:
    tell(owner(), 1)
    becomes(1, number=None)
    assert not send_together(*mails(), now=NOON)
    assert mailoutbox == []


def test_news_that_cannot_be_told_stands_in_no_others_way_and_can_be_tried_again(mailoutbox: Any) -> None:
    login = owner()
    tell(login, 1)
    tell(login, 2)
    Job.objects.filter(kind="test.mail").update(done_at=Now())
    becomes(2, number=13)
    send_together(*mails(), now=NOON)
    assert [mail.subject for mail in mailoutbox] == ["Kim 1 wrote"]
    dead = Job.objects.dead().get()
    assert (dead.payload["number"], dead.last_error.split(" ")[0]) == (13, "ValueError")
    becomes(13, number=2)
    queue.retry([dead.pk])
    _said(Job.objects.get(pk=dead.pk))
    send_together(mails()[-1], now=NOON)
    assert mailoutbox[-1].subject == "Kim 2 wrote"


def test_what_became_news_of_another_kind_is_not_counted_with_these_and_waits_for_the_morning(mailoutbox: Any) -> None:
    login = owner()
    tell(login, 1)
    tell(login, 2)
    becomes(2, kind=OTHER)
    send_together(*mails(), now=NOON)
    assert [mail.subject for mail in mailoutbox] == ["Kim 1 wrote"]
    assert Notice.objects.get(sent_at=None).together == ""


def test_the_mail_is_in_the_language_that_its_reader_has_when_it_goes_out(mailoutbox: Any) -> None:
    login = owner(studio__language="en")
    tell(login, 1)
    User.objects.filter(pk=login.user_id).update(language="de")
    send_together(*mails(), now=NOON)
    (mail,) = mailoutbox
    with translation.override("de"):
        assert translation.gettext("Hello %(name)s,") % {"name": login.user.get_short_name()} in mail.body
    assert "Hello" not in mail.body


def test_that_a_mail_went_out_is_told_when_one_did(mailoutbox: Any) -> None:
    _OUT.clear()
    login = owner()
    tell(login, 1)
    becomes(1, number=None)
    send_together(*mails(), now=NOON)
    tell(login, 2)
    NoticeChoice.objects.create(login=login, kind=OTHER, how=How.DIGEST)
    tell(login, 3, kind=OTHER)
    assert _OUT == []
    send_together(mails()[1], now=NOON)
    assert _OUT == [2]
    ask_for_mornings(now=(next_morning := datetime(2036, 11, 24, 6, 30, tzinfo=UTC)))
    assert morning.send_morning(Job.objects.get(kind=MAIL_MORNING), now=next_morning)
    assert _OUT == [2, 3]


def choose(login: StaffLogin, language: str) -> Any:
    client = Client()
    client.force_login(login.user)
    data = {"mail_language": language, NEWS: "at_once", OTHER: "at_once"}
    return client.post(reverse("portal:notices", args=[login.studio.slug]), data)


def test_a_person_chooses_the_language_of_their_mails_and_it_is_logged(mailoutbox: Any) -> None:
    login = owner(studio__language="nl")
    assert choose(login, "de").status_code == 302
    login.user.refresh_from_db()
    assert login.user.language == "de"
    change = Change.objects.get(kind="language_chosen")
    assert (change.studio, change.before, change.after) == (login.studio, {"language": ""}, {"language": "de"})
    choose(login, "de")
    assert Change.objects.filter(kind="language_chosen").count() == 1
    fresh = StaffLogin.objects.get(pk=login.pk)
    for number in (1, 2):
        tell(fresh, number)
    send_together(*mails(), now=NOON)
    with translation.override("de"):
        assert translation.gettext("What happened") in mailoutbox[0].body
    assert choose(login, "").status_code == 302
    assert StaffLogin.objects.get(pk=login.pk).mail_language == "nl"
    assert choose(login, "fr").status_code == 422


def test_a_password_mail_is_in_the_persons_language_whoever_asks_for_it(mailoutbox: Any) -> None:
    User.objects.filter(pk=owner().user_id).update(email="mira@linden.test", language="nl")
    Client(headers={"accept-language": "de"}).post(reverse("account_reset_password"), {"email": "mira@linden.test"})
    (mail,) = mailoutbox
    assert 'lang="nl"' in mail.alternatives[0][0]
