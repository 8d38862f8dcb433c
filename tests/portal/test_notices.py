"""What staff hear of by mail: by default, by choice, by right; and the morning mail."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.jobs import enqueue
from portal.jobs.registry import HANDLERS, Handler
from portal.models import Change, DigestSent, Job, KeptMail, Notice, NoticeChoice, StaffLogin
from portal.notices import morning, registry, rounds
from portal.notices.choosing import choose, who_is_told
from portal.notices.morning import Line, Part, register_part, send_morning
from portal.notices.registry import How, NoticeKind, all_kinds, kind_of, register
from portal.notices.rounds import MAIL_MORNING, ask_for_mornings, forget_old
from portal.notices.telling import how, hows_of, notify, readers
from portal.roles import RIGHTS, Preset, Right
from tests.factories import LocationFactory, StaffLoginFactory, StudioFactory

pytestmark = pytest.mark.django_db

NEWS, ALARM, DAY = "test.news", "test.alarm", "test.day"
# 07:00 in Amsterdam on a winter's day.
SEVEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds of these tests alone: one to choose about, one of security, one of the morning."""
    monkeypatch.setattr(registry, "_kinds", {})
    monkeypatch.setattr(morning, "_parts", {})
    register(
        NoticeKind(
            word=NEWS, label="News", about="News.", right=Right.ANSWER_REVIEWS,
            defaults={Preset.OWNER: How.AT_ONCE, Preset.MANAGER: How.DIGEST},
        )
    )  # fmt: skip
    register(NoticeKind(word=ALARM, label="Alarm", about="Alarm.", right=Right.CLOSE_MONTHS, fixed=True))
    register(
        NoticeKind(
            word=DAY, label="Day", about="Day.", right=Right.VIEW_TODAY, defaults={Preset.MANAGER: How.DIGEST},
            ways={How.OFF: "Off", How.DIGEST: "In the morning"},
        )
    )  # fmt: skip
    register_part(DAY, lambda *_given: [])
    monkeypatch.setitem(HANDLERS, "test.mail", Handler(_said, transactional=False, every=None))


def staff(preset: Preset = Preset.OWNER, **fields: Any) -> StaffLogin:
    login: StaffLogin = StaffLoginFactory(preset=preset, **fields)
    if not login.studio.locations.exists():
        LocationFactory(studio=login.studio)
    return login


def job(login: StaffLogin, key: str = "news 1", *, at: datetime = SEVEN - timedelta(hours=3), **payload: Any) -> Job:
    with transaction.atomic():
        made = enqueue("test.mail", key=key, studio=login.studio, payload={"login": login.pk, **payload})
    Job.objects.filter(pk=made.pk).update(created_at=at)
    made.refresh_from_db()
    return made


def tell(login: StaffLogin, key: str = "news 1", *, kind: str = NEWS, by: str = "Kim", **more: Any) -> bool:
    at = more.pop("at", SEVEN - timedelta(hours=3))
    return _said(job(login, key, at=at, kind=kind, by=by), **more)


def _said(job: Job, **more: Any) -> bool:
    return notify(
        job,
        login=StaffLogin.objects.get(pk=job.payload["login"]),
        kind=job.payload["kind"],
        template="marketplace/mail/late.txt",
        context={"headline": f"{job.payload['by']} wrote", "because": "", "marketplace": "Wellpass"},
        path="/x/reviews/1/",
        **more,
    )


def round_of(login: StaffLogin, now: datetime = SEVEN) -> bool:
    """What the beat and the worker do; whether a mail went out."""
    ask_for_mornings(now=now)
    found = Job.objects.filter(kind=MAIL_MORNING, payload__login=login.pk).order_by("-pk").first()
    return send_morning(found, now=now) if found else False


@pytest.mark.parametrize(
    ("preset", "wanted"),
    [
        (Preset.OWNER, (How.AT_ONCE, How.AT_ONCE, How.OFF)),
        (Preset.MANAGER, (How.DIGEST, How.OFF, How.DIGEST)),
        (Preset.TEACHER, (How.OFF, How.OFF, How.OFF)),
        (Preset.DESK, (How.OFF, How.OFF, How.OFF)),
    ],
)
def test_who_chose_nothing_hears_as_the_kind_says_for_the_preset(preset: Preset, wanted: tuple[How, ...]) -> None:
    login = staff(preset)
    assert tuple(how(login, kind) for kind in (NEWS, ALARM, DAY)) == wanted


def test_a_choice_holds_where_the_right_and_the_kind_allow_it() -> None:
    login = staff(Preset.OWNER)
    for kind, way in [(NEWS, How.DIGEST), (ALARM, How.OFF), (DAY, How.AT_ONCE)]:
        NoticeChoice.objects.create(login=login, kind=kind, how=way)
    assert hows_of(login) == {NEWS: How.DIGEST, ALARM: How.AT_ONCE, DAY: How.OFF}
    assert [how(login, kind) for kind in (NEWS, ALARM, DAY)] == [How.DIGEST, How.AT_ONCE, How.OFF]
    desk = staff(Preset.DESK)
    NoticeChoice.objects.create(login=desk, kind=NEWS, how=How.AT_ONCE)
    assert how(desk, NEWS) == How.OFF


def test_a_kind_of_the_whole_studio_is_not_for_who_is_pinned() -> None:
    everybody = dict.fromkeys(Preset, How.AT_ONCE)
    register(NoticeKind(word="test.whole", label="x", about="x", right=None, whole=True, defaults=everybody))
    login = staff(Preset.MANAGER)
    assert [one.pk for one in readers(login.studio, "test.whole")] == [login.pk]
    login.locations.add(login.studio.locations.first())
    assert readers(login.studio, "test.whole") == []
    assert how(StaffLogin.objects.get(pk=login.pk), "test.whole") == How.OFF


def test_readers_are_those_who_want_it_and_can_log_in() -> None:
    owner = staff(Preset.OWNER)
    manager = staff(Preset.MANAGER, studio=owner.studio)
    staff(Preset.DESK, studio=owner.studio)
    staff(Preset.OWNER, studio=owner.studio, is_active=False)
    staff(Preset.OWNER, studio=owner.studio, user__is_active=False)
    staff(Preset.OWNER)
    off = staff(Preset.OWNER, studio=owner.studio)
    NoticeChoice.objects.create(login=off, kind=NEWS, how=How.OFF)
    assert [one.pk for one in readers(owner.studio, NEWS)] == [owner.pk, manager.pk]


def test_at_once_is_a_mail_with_why_and_where_to_change_it(mailoutbox: Any, settings: Any) -> None:
    settings.SITE_URL = "https://tresen.test"
    login = staff(Preset.OWNER, studio__slug="linden", studio__name="Linden")
    assert tell(login)
    (mail,) = mailoutbox
    assert mail.subject == "Kim wrote"
    assert "https://tresen.test/x/reviews/1/" in mail.body
    assert "From Linden, because you have a login there: News." in mail.body
    assert "https://tresen.test/linden/notices/" in mail.body
    assert 'href="https://tresen.test/linden/notices/"' in mail.alternatives[0][0]


def test_off_is_nothing_and_digest_is_a_row_without_words_however_often_the_job_runs(mailoutbox: Any) -> None:
    off, digest = staff(Preset.DESK), staff(Preset.MANAGER)
    assert not tell(off, "off")
    for _ in range(2):
        assert tell(digest, "digest", by="K" * 400)
    assert mailoutbox == []
    (row,) = Notice.objects.all()
    assert (row.login, row.kind, row.key) == (digest, NEWS, "digest")
    assert "KKK" not in str(vars(row))
    assert round_of(digest)
    assert len(mailoutbox[0].subject) == 300


def test_what_is_a_day_old_waits_for_the_morning_but_not_what_is_about_security(mailoutbox: Any) -> None:
    """A machine that stood still for two days sends one mail and not forty."""
    login, old = staff(Preset.OWNER), SEVEN - timedelta(days=2)
    tell(login, "a", at=old, now=SEVEN)
    assert mailoutbox == []
    assert Notice.objects.count() == 1
    tell(login, "b", kind=ALARM, at=old, now=SEVEN)
    assert len(mailoutbox) == 1


def test_the_morning_mail_tells_what_waited_once(mailoutbox: Any, settings: Any) -> None:
    settings.SITE_URL = "https://tresen.test"
    login = staff(Preset.MANAGER, user__name="Marek Nowak")
    tell(login, "a", by="<b>Kim</b>")
    tell(login, "b", by="Bo")
    assert round_of(login)
    assert not round_of(login, SEVEN + timedelta(minutes=5))
    (mail,) = mailoutbox
    assert mail.subject == "2 pieces of news"
    assert "Hello Marek," in mail.body
    assert "- <b>Kim</b> wrote\n  https://tresen.test/x/reviews/1/" in mail.body
    assert '<a class="link" href="https://tresen.test/x/reviews/1/"' in mail.alternatives[0][0]
    assert "&lt;b&gt;Kim&lt;/b&gt; wrote</a>" in mail.alternatives[0][0]
    assert not Notice.objects.filter(sent_at=None).exists()
    assert DigestSent.objects.get().on == date(2026, 11, 23)


def test_nothing_to_say_is_no_mail(mailoutbox: Any) -> None:
    assert not round_of(staff(Preset.MANAGER))
    assert not round_of(staff(Preset.OWNER))
    assert mailoutbox == []


def test_a_part_is_for_those_who_want_it_and_its_fact_is_the_subject(mailoutbox: Any) -> None:
    register_part(DAY, lambda *_given: [Part("12 classes, 3 new", "Today", [Line("09:00 Yin\nYang", "/s/1/")], "/c/")])
    owner, manager = staff(Preset.OWNER), staff(Preset.MANAGER)
    tell(manager, "a")
    assert not round_of(owner)
    assert round_of(manager)
    assert mailoutbox[0].subject == "12 classes, 3 new · Kim wrote"
    assert "- 09:00 Yin Yang\n" in mailoutbox[0].body


def test_turned_off_meanwhile_what_waited_is_not_told(mailoutbox: Any) -> None:
    login = staff(Preset.MANAGER)
    tell(login)
    choose(login, {NEWS: How.OFF}, by=login, now=SEVEN)
    assert not round_of(login)
    assert not Notice.objects.filter(sent_at=None).exists()


@pytest.mark.parametrize(
    ("clock", "is_sent"),
    [
        (datetime(2026, 11, 23, 5, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 6, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 23, 10, 59, tzinfo=UTC), True),  # a late beat still sends
        (datetime(2026, 11, 23, 11, 0, tzinfo=UTC), False),  # not after noon
        (datetime(2026, 10, 25, 5, 59, tzinfo=UTC), False),  # the night the clock went back: 07:00 is 06:00 UTC again
        (datetime(2026, 10, 25, 6, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 4, 59, tzinfo=UTC), False),  # the night it went forward: 07:00 is 05:00 UTC
        (datetime(2026, 3, 29, 5, 0, tzinfo=UTC), True),
    ],
)
def test_the_morning_is_the_studios_own(clock: datetime, is_sent: bool, mailoutbox: Any) -> None:
    login = staff(Preset.MANAGER)
    tell(login, at=clock - timedelta(hours=12))
    assert round_of(login, clock) == is_sent
    assert len(mailoutbox) == is_sent


def test_the_first_location_tells_the_time() -> None:
    login = staff(Preset.MANAGER)
    login.studio.locations.update(position=1)
    LocationFactory(studio=login.studio, position=0, zone="America/New_York")
    tell(login)
    assert ask_for_mornings(now=SEVEN) == 0
    assert ask_for_mornings(now=SEVEN + timedelta(hours=6)) == 1


def test_what_comes_after_seven_waits_for_the_next_morning() -> None:
    login = staff(Preset.MANAGER)
    choose(login, {DAY: How.OFF}, by=login, now=SEVEN)
    tell(login, at=SEVEN + timedelta(minutes=1))
    assert ask_for_mornings(now=SEVEN + timedelta(hours=1)) == 0
    assert round_of(login, SEVEN + timedelta(days=1))


def test_a_job_that_waited_until_noon_sends_nothing_and_loses_nothing(mailoutbox: Any) -> None:
    login = staff(Preset.MANAGER)
    tell(login)
    ask_for_mornings(now=SEVEN)
    assert not send_morning(Job.objects.get(kind=MAIL_MORNING), now=SEVEN + timedelta(hours=5))
    assert Notice.objects.filter(sent_at=None).count() == 1
    assert round_of(login, SEVEN + timedelta(days=1))


def test_ten_beats_write_one_job() -> None:
    login = staff(Preset.MANAGER)
    tell(login)
    assert [ask_for_mornings(now=SEVEN + timedelta(minutes=5 * at)) for at in range(10)] == [1] + [0] * 9


def test_killed_after_the_mail_the_same_message_goes_out_again(
    mailoutbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = staff(Preset.MANAGER)
    tell(login)
    with monkeypatch.context() as patch:
        patch.setattr(morning.DigestSent.objects, "get_or_create", lambda **_values: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            round_of(login)
    assert round_of(login)
    first, second = (mail.extra_headers["Message-ID"] for mail in mailoutbox)
    assert first == second


def test_a_round_costs_the_same_for_one_studio_and_for_many() -> None:
    """But for the writing: one statement for each studio's jobs."""
    asked = []
    for number in (1, 9):
        for _ in range(number):
            tell(staff(Preset.MANAGER), f"n {StaffLogin.objects.count()}")
        Job.objects.filter(kind=MAIL_MORNING).delete()
        with CaptureQueriesContext(connection) as queries:
            ask_for_mornings(now=SEVEN)
        asked.append(len([one for one in queries if "INSERT" not in one["sql"]]))
    assert asked[0] == asked[1]


def test_a_practice_studios_morning_stays_in_the_house(mailoutbox: Any) -> None:
    login = staff(Preset.MANAGER, studio=StudioFactory(practice_of=StudioFactory()))
    tell(login)
    assert round_of(login)
    assert mailoutbox == []
    assert KeptMail.objects.get().studio == login.studio


def test_what_was_told_long_ago_is_forgotten() -> None:
    login = staff(Preset.MANAGER)
    tell(login)
    round_of(login)
    forget_old(SEVEN + timedelta(days=29))
    assert (Notice.objects.count(), DigestSent.objects.count()) == (1, 1)
    forget_old(SEVEN + timedelta(days=31))
    assert (Notice.objects.count(), DigestSent.objects.count()) == (0, 0)


def page(login: StaffLogin, **data: str) -> Any:
    client = Client()
    client.force_login(login.user)
    url = reverse("portal:notices", args=[login.studio.slug])
    return client.post(url, data) if data else client.get(url)


def test_the_page_offers_what_one_may_get_and_says_what_cannot_be_off() -> None:
    owner = page(staff(Preset.OWNER)).content.decode()
    assert [f'name="{kind}"' in owner for kind in (NEWS, ALARM, DAY)] == [True, False, True]
    assert "cannot be turned off" in owner
    desk = page(staff(Preset.DESK)).content.decode()
    assert [f'name="{kind}"' in desk for kind in (NEWS, ALARM, DAY)] == [False, False, True]
    assert "Alarm" not in desk


def test_a_choice_is_kept_logged_and_forgotten_when_it_is_the_default() -> None:
    login = staff(Preset.OWNER)
    assert page(login, **{NEWS: "off", DAY: "off"}).status_code == 302
    assert how(login, NEWS) == How.OFF
    change = Change.objects.get(kind="notices_chosen")
    assert (change.subject_id, change.before, change.after) == (login.pk, {NEWS: "at_once"}, {NEWS: "off"})
    page(login, **{NEWS: "at_once", DAY: "off"})
    assert not NoticeChoice.objects.exists()
    page(login, **{NEWS: "at_once", DAY: "off"})
    assert Change.objects.filter(kind="notices_chosen").count() == 2


@pytest.mark.parametrize("data", [{NEWS: "always", DAY: "off"}, {NEWS: "off"}, {NEWS: "off", DAY: "at_once"}])
def test_a_choice_that_there_is_not_is_refused_and_nothing_kept(data: dict[str, str]) -> None:
    login = staff(Preset.OWNER)
    answer = page(login, **data)
    assert answer.status_code == 422
    assert "Not saved yet" in answer.content.decode()
    assert not NoticeChoice.objects.exists()


def test_of_another_kind_nobody_can_choose() -> None:
    login = staff(Preset.DESK)
    page(login, **{DAY: "digest", NEWS: "at_once", ALARM: "off"})
    assert list(NoticeChoice.objects.values_list("kind", "how")) == [(DAY, "digest")]


def test_the_owner_sees_who_is_told_what() -> None:
    owner = staff(Preset.OWNER, user__name="Ana Owner")
    staff(Preset.MANAGER, studio=owner.studio, user__name="Marek Manager")
    told = {one.kind.word: (one.at_once, one.in_the_morning) for one in who_is_told(owner.studio)}
    assert told == {
        NEWS: (["Ana Owner"], ["Marek Manager"]),
        ALARM: (["Ana Owner"], []),
        DAY: ([], ["Marek Manager"]),
    }
    client = Client()
    client.force_login(owner.user)
    shown = client.get(reverse("portal:settings_notices", args=[owner.studio.slug])).content.decode()
    assert shown.index("Ana Owner") < shown.index("Marek Manager")


def test_a_word_that_its_column_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        register(NoticeKind(word="x" * 41, label="x", about="x", right=None))


def test_what_the_product_tells_stands_by_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kinds of `screens.md`, each with presets that hold its right; the desk hears nothing by itself."""
    monkeypatch.undo()
    found = {kind.word for kind in all_kinds()}
    assert found >= {
        "invoicing.issued", "invoicing.month_to_close", "invoicing.payout", "marketplace.late", "marketplace.conflict",
        "reviews.low", "reviews.written", "bookings.today", "bookings.tomorrow",
    }  # fmt: skip
    for kind in all_kinds():
        assert set(kind.defaults) <= {preset for preset in Preset if kind.right is None or kind.right in RIGHTS[preset]}
        assert not set(kind.defaults) & {Preset.DESK, Preset.VIEWER}
        assert set(kind.defaults.values()) <= set(kind.ways)
    assert kind_of("invoicing.bank_changed").fixed
    assert rounds.MAIL_MORNING
