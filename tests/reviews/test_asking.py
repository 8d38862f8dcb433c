"""Members are asked by mail after a visit: who, when, how often, and never twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
import time_machine
from django.core import mail as outbox
from django.db import connections

from bookings.models import Reservation
from bookings.rules import Attendance
from portal.jobs.registry import HANDLERS
from portal.models import Job, Notice
from portal.notices.saying import ask
from reviews import kinds, tasks
from reviews.actions.asking import MAIL_INVITATION, ask_no_more, invite
from reviews.actions.responding import respond
from reviews.models import ReviewInvitation, ReviewPolicy
from tests.bookings.scenes import evening_class
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, StaffLoginFactory, StudioFactory
from tests.reviews.visits import AFTER, at, hidden, visit, written

pytestmark = pytest.mark.django_db
DUE = at("22:00")  # three hours after the end


def asked() -> list[int]:
    return list(ReviewInvitation.objects.order_by("pk").values_list("reservation", flat=True))


class TestWhoIsAsked:
    def test_whoever_was_there_some_hours_after_it_once(self) -> None:
        reservation = visit()
        assert invite(now=DUE - timedelta(seconds=1)) == 0
        assert invite(now=DUE) == 1
        assert invite(now=DUE) == 0
        assert asked() == [reservation.pk]
        (job,) = Job.objects.filter(kind=MAIL_INVITATION)
        assert job.payload == {"invitation": ReviewInvitation.objects.get().pk}

    def test_it_runs_by_itself(self) -> None:
        assert HANDLERS["reviews.invite"].every == timedelta(minutes=15)

    @pytest.mark.parametrize(
        "why_not",
        [
            "no_check_in",
            "no_address",
            "scrubbed",
            "opted_out",
            "reviewed",
            "studio_does_not_ask",
            "practice",
            "too_long_ago",
        ],
    )
    def test_others_are_not(self, why_not: str) -> None:
        house = StudioFactory(practice_of=StudioFactory()) if why_not == "practice" else StudioFactory()
        session = evening_class(item=CalendarItemFactory(location=LocationFactory(studio=house)))
        reservation = visit(session=session, attended=why_not != "no_check_in")
        member, studio, now = reservation.member, reservation.studio, DUE
        match why_not:
            case "no_address":
                member.email = ""
            case "scrubbed":
                member.scrubbed_at = DUE
            case "opted_out":
                ask_no_more(member, now=DUE)
            case "reviewed":
                written(reservation)
            case "studio_does_not_ask":
                ReviewPolicy.objects.create(studio=studio, invites=False)
            case "too_long_ago":
                now = at("19:00", days=14)
        member.save()
        assert invite(now=now) == 0
        assert asked() == []

    def test_the_studio_says_after_how_many_hours(self) -> None:
        reservation = visit()
        ReviewPolicy.objects.create(studio=reservation.studio, invite_after_hours=24)
        assert invite(now=at("18:59", days=1)) == 0
        assert invite(now=at("19:00", days=1)) == 1

    def test_of_two_visits_for_the_later_one_and_then_not_for_a_week(self) -> None:
        first = visit()
        member = first.member
        later_class = evening_class(item=first.session.item, starts_at=at("20:00"))
        second = visit(session=later_class, member=member)
        assert invite(now=at("23:59", days=0) + timedelta(hours=1)) == 1
        assert asked() == [second.pk]
        now = at("23:59", days=0) + timedelta(hours=1)
        assert invite(now=now + timedelta(days=6)) == 0
        assert invite(now=now + timedelta(days=7)) == 1
        assert asked() == [second.pk, first.pk]

    def test_costs_the_same_for_many(self, django_assert_num_queries: Any) -> None:
        session = evening_class(capacity=100)
        for _number in range(12):
            visit(session=session, member=MemberFactory(studio=session.studio))
        with django_assert_num_queries(9):
            assert invite(now=DUE) == 12


class TestTheMail:
    def sent(self, *, now: datetime = DUE) -> list[Any]:
        with time_machine.travel(now, tick=False):
            tasks.invite(Job())
            for job in Job.objects.filter(kind=MAIL_INVITATION):
                tasks.mail_invitation(job)
        return outbox.outbox

    def test_asks_and_leads_to_the_page_and_out_of_it(self, settings: Any, client: Any) -> None:
        settings.SITE_URL = "https://tresen.example"
        reservation = visit()
        (sent,) = self.sent()
        assert sent.to == [reservation.member.email]
        assert sent.subject == f"How was {reservation.session.item.name}, Wed 10 Jun, 18:00?"
        page, stop = [line for line in map(str.strip, sent.body.splitlines()) if line.startswith("https://")]
        assert sent.alternatives[0][0].count('class="button"') == 1  # the page; the way out is words
        assert sent.extra_headers["List-Unsubscribe"] == f"<{stop}>"
        with time_machine.travel(DUE, tick=False):
            assert client.get(page.removeprefix("https://tresen.example")).status_code == 200
            assert client.post(stop.removeprefix("https://tresen.example")).status_code == 302
        assert "until Wed 24 Jun, 19:00" in sent.body

    @pytest.mark.parametrize("meanwhile", ["no_show", "opted_out", "reviewed", "no_address", "studio_does_not_ask"])
    def test_is_not_sent_when_there_is_nothing_to_ask_any_more(self, meanwhile: str) -> None:
        reservation = visit()
        invite(now=DUE)
        match meanwhile:
            case "no_show":
                Reservation.objects.update(attendance=Attendance.NO_SHOW, checked_in_at=None)
            case "opted_out":
                ask_no_more(reservation.member, now=DUE)
            case "reviewed":
                written(reservation)
            case "no_address":
                reservation.member.email = ""
                reservation.member.save()
            case "studio_does_not_ask":
                ReviewPolicy.objects.create(studio=reservation.studio, invites=False)
        (job,) = Job.objects.filter(kind=MAIL_INVITATION)
        with time_machine.travel(DUE, tick=False):
            tasks.mail_invitation(job)
        assert outbox.outbox == []
        assert asked() == []  # not asked: a later visit can be


@pytest.mark.django_db(transaction=True)
def test_four_workers_ask_once() -> None:
    first = visit()
    visit(session=evening_class(item=first.session.item, starts_at=at("20:00")), member=first.member)

    def ask(_worker: int) -> int:
        try:
            return invite(now=at("23:30"))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == [0, 0, 0, 1]
    assert (len(asked()), Job.objects.filter(kind=MAIL_INVITATION).count()) == (1, 1)


class TestTheAddress:
    def test_that_was_changed_since_gets_no_mail(self) -> None:
        reservation = visit()
        invite(now=DUE)
        member = reservation.member
        member.email = "studio@example.test"
        member.save()
        (job,) = Job.objects.filter(kind=MAIL_INVITATION)
        with time_machine.travel(DUE, tick=False):
            tasks.mail_invitation(job)
        assert not outbox.outbox
        assert not asked()


class TestStaffIsTold:
    LOW: ClassVar[dict[str, int]] = {"class": 1, "teacher": 1, "place": 1, "welcome": 1}

    def told(self, kind: str) -> list[Job]:
        return list(Job.objects.filter(kind=kind).order_by("pk"))

    def test_of_a_review_that_becomes_a_low_one(self) -> None:
        review = written()
        StaffLoginFactory(studio=review.studio)
        for minutes, marks in ((1, {"place": 2}), (2, self.LOW), (3, {}), (4, self.LOW)):
            written(review.reservation, now=AFTER + timedelta(minutes=minutes), **marks)
        (job,) = self.told(tasks.MAIL_WRITTEN)
        with time_machine.travel(AFTER, tick=False):
            tasks.mail_written(job)
        assert "1.00" in outbox.outbox[0].subject

    def test_once_a_day_of_changes_after_a_reply(self) -> None:
        review = written()
        respond(review, "Thanks", by=StaffLoginFactory(studio=review.studio), now=AFTER)
        for hours in (1, 2, 24):
            written(review.reservation, text=f"{hours} hours", now=AFTER + timedelta(hours=hours))
        assert len(self.told(tasks.MAIL_CHANGED)) == 2

    def test_whoever_may_not_look_there_any_more_is_not(self) -> None:
        reservation = visit()
        login = StaffLoginFactory(studio=reservation.studio)
        written(reservation, **self.LOW)
        login.locations.add(LocationFactory(studio=reservation.studio))
        with time_machine.travel(AFTER, tick=False):
            tasks.mail_written(self.told(tasks.MAIL_WRITTEN)[0])
        assert not outbox.outbox

    def test_in_the_morning_of_none_that_was_hidden_since(self) -> None:
        reservation = visit()
        StaffLoginFactory(studio=reservation.studio)
        review = written(reservation)
        tasks.mail_written(self.told(tasks.MAIL_WRITTEN)[0])
        assert [said.words.subject[:12] for _row, said in ask(Notice.objects.all())] == ["Review: 4.30"]
        hidden(review)
        assert ask(Notice.objects.filter(kind=kinds.WRITTEN)) == []
