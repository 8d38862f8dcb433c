"""The operator's word about a review: a named rule, a reason, on record, told to both."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from bookings.models import Reservation
from bookings.rules import Attendance
from portal.models import Change, Job
from reviews import links, tasks
from reviews.actions.deciding import CannotDecide, decide, open_case
from reviews.actions.reporting import NotReported, report
from reviews.actions.responding import NotTaken, respond
from reviews.models import Report, Review, Rule
from reviews.rules import NoReport
from reviews.rules.moderation import Case, Obstacle, Verdict, obstacle_to
from tests.factories import StaffLoginFactory
from tests.reviews.visits import AFTER, operator, written

LATER = AFTER + timedelta(hours=1)
HIDDEN, KEPT, SHOWN_AGAIN = Report.Decision.HIDDEN, Report.Decision.KEPT, Report.Decision.SHOWN_AGAIN
STANDS, FELL = Report.Decision.VISIT_STANDS, Report.Decision.VISIT_FELL


def test_the_rule_knows_what_the_record_knows() -> None:
    assert {one.value for one in Verdict} == set(Report.Decision.values)


@pytest.mark.parametrize(
    ("verdict", "case", "expected"),
    [
        (Verdict.HIDDEN, Case(hidden=False, checked_in=True), None),
        (Verdict.HIDDEN, Case(hidden=True, checked_in=True), Obstacle.HIDDEN_ALREADY),
        (Verdict.KEPT, Case(hidden=False, checked_in=True), None),
        (Verdict.KEPT, Case(hidden=True, checked_in=True), Obstacle.HIDDEN_ALREADY),
        (Verdict.SHOWN_AGAIN, Case(hidden=True, checked_in=True), None),
        (Verdict.SHOWN_AGAIN, Case(hidden=False, checked_in=True), Obstacle.NOT_HIDDEN),
        (Verdict.VISIT_STANDS, Case(hidden=False, checked_in=True), Obstacle.NOT_DISPUTED),
        (Verdict.VISIT_STANDS, Case(hidden=False, checked_in=False), None),
        (Verdict.VISIT_STANDS, Case(hidden=False, checked_in=False, stands=True), Obstacle.SETTLED_ALREADY),
        (Verdict.VISIT_FELL, Case(hidden=False, checked_in=False), None),
        (Verdict.VISIT_FELL, Case(hidden=False, checked_in=False, stands=True), None),
        (Verdict.VISIT_FELL, Case(hidden=False, checked_in=False, fell=True), Obstacle.SETTLED_ALREADY),
    ],
)
def test_what_can_be_decided(verdict: Verdict, case: Case, expected: Obstacle | None) -> None:
    assert obstacle_to(verdict, case, rule="insult", reason="Because") is expected
    assert obstacle_to(verdict, case, rule="insult", reason=" ") is Obstacle.REASON_MISSING


def test_about_the_words_a_rule_is_named() -> None:
    assert obstacle_to(Verdict.KEPT, Case(hidden=False, checked_in=True), rule="", reason="x") is Obstacle.RULE_MISSING
    assert obstacle_to(Verdict.VISIT_FELL, Case(hidden=False, checked_in=False), rule="", reason="x") is None


@pytest.mark.django_db
class TestDeciding:
    def reported(self) -> Report:
        review = written()
        self.owner = StaffLoginFactory(studio=review.studio)
        return report(review, Rule.INSULT, "They insult Ana", by=self.owner, now=AFTER)

    def test_hides_for_a_rule_and_a_reason_and_says_so_everywhere(self) -> None:
        case = decide(self.reported(), HIDDEN, "insult", " Name calling ", operator=operator(), now=LATER)
        review = Review.objects.get()
        assert (review.hidden_at, case.decided_at, case.decision_reason) == (LATER, LATER, "Name calling")
        assert not Review.objects.counted(LATER).exists()
        change = Change.objects.filter(subject="review").latest("id")
        assert (change.kind, change.by, change.by_word) == ("hidden", None, "operator")
        assert change.after == {"rule": "insult", "reason": "Name calling"}

    def test_tells_author_and_studio(self) -> None:
        case = decide(self.reported(), HIDDEN, "insult", "Name calling", operator=operator(), now=LATER)
        for job in Job.objects.filter(kind=tasks.MAIL_DECIDED):
            tasks.mail_decided(job)
        for job in Job.objects.filter(kind=tasks.MAIL_DECIDED_AUTHOR):
            tasks.mail_decided_author(job)
        to_studio, to_author = outbox.outbox
        assert to_studio.to == [self.owner.user.email]
        assert to_author.to == [case.review.reservation.member.email]
        for sent in outbox.outbox:
            assert "Name calling" in sent.body
            assert "It insults or threatens a person" in sent.body
            assert "hidden" in sent.subject
        token = to_author.body.partition("/review/")[2].partition("/")[0]
        opened = links.opened(token, LATER)
        assert opened is not None
        assert not opened.writes

    def test_the_same_again_changes_nothing_and_another_is_refused(self) -> None:
        case, by = self.reported(), operator()
        first = decide(case, KEPT, "insult", "Harsh, and fair", operator=by, now=LATER)
        again = decide(case, KEPT, "insult", "Harsh, and fair", operator=by, now=LATER + timedelta(hours=1))
        assert again.decided_at == first.decided_at
        with pytest.raises(CannotDecide) as refused:
            decide(case, HIDDEN, "insult", "x", operator=by, now=LATER)
        assert refused.value.obstacle is Obstacle.DECIDED
        assert Change.objects.filter(subject="review", kind="kept").count() == 1
        assert Job.objects.filter(kind=tasks.MAIL_DECIDED_AUTHOR).count() == 1

    def test_kept_again_is_no_second_case_until_the_words_change(self) -> None:
        review, by = written(), operator()
        first = open_case(review, KEPT, "insult", "Harsh, and fair", operator=by, now=LATER)
        assert open_case(review, KEPT, "insult", "Once more", operator=by, now=LATER) == first
        assert (review.reports.count(), Job.objects.filter(kind=tasks.MAIL_DECIDED_AUTHOR).count()) == (1, 1)
        written(review.reservation, text="Changed.", now=LATER + timedelta(hours=1))
        open_case(review, KEPT, "insult", "Still fair", operator=by, now=LATER + timedelta(hours=2))
        assert review.reports.count() == 2

    def test_who_has_not_seen_the_last_decision_is_told_of_it(self) -> None:
        review, by = written(), operator()
        first = open_case(review, HIDDEN, "insult", "Name calling", operator=by, now=LATER, seen=0)
        with pytest.raises(CannotDecide) as refused:
            open_case(review, SHOWN_AGAIN, "insult", "x", operator=by, now=LATER, seen=0)
        assert (refused.value.obstacle, refused.value.decided) == (Obstacle.DECIDED, first)
        open_case(review, SHOWN_AGAIN, "insult", "x", operator=by, now=LATER, seen=first.pk)

    def test_a_hidden_one_that_was_mended_is_looked_at_again(self) -> None:
        review, by = written(), operator()
        open_case(review, HIDDEN, "insult", "Name calling", operator=by, now=LATER)
        assert not Review.objects.mended().exists()
        written(review.reservation, text="Worse.", now=LATER + timedelta(hours=1))
        assert Review.objects.mended().get() == review
        open_case(review, HIDDEN, "insult", "This, too", operator=by, now=LATER + timedelta(hours=2))
        assert not Review.objects.mended().exists()

    def test_without_a_report_opens_a_case_of_its_own_and_with_one_answers_it(self) -> None:
        review = written()
        own = open_case(review, HIDDEN, "contact", "A phone number", operator=operator(), now=LATER)
        assert own.reported_by is None
        again = open_case(review, SHOWN_AGAIN, "contact", "It was taken out", operator=operator(), now=LATER)
        review.refresh_from_db()
        assert (review.hidden_at, review.reports.count()) == (None, 2)
        theirs = report(review, Rule.OFF_TOPIC, "About parking", by=StaffLoginFactory(studio=review.studio), now=LATER)
        answered = open_case(review, KEPT, "off_topic", "Parking is the place", operator=operator(), now=LATER)
        assert (answered.pk, answered.reason) == (theirs.pk, "About parking")
        assert again.pk != theirs.pk

    def test_settles_whether_the_visit_took_place(self) -> None:
        review, by = written(), operator()
        with pytest.raises(CannotDecide):
            open_case(review, STANDS, "", "They were there", operator=by, now=LATER)
        Reservation.objects.filter(pk=review.reservation_id).update(attendance=Attendance.NO_SHOW, checked_in_at=None)
        assert not Review.objects.counted(LATER).exists()
        open_case(review, STANDS, "", "The camera shows them", operator=by, now=LATER)
        assert Review.objects.counted(LATER).exists()
        open_case(review, FELL, "", "It was somebody else", operator=by, now=LATER)
        assert not Review.objects.counted(LATER).exists()
        with pytest.raises(CannotDecide):
            open_case(review, FELL, "", "Again", operator=by, now=LATER)

    def test_the_same_words_are_reported_once_under_each_rule(self) -> None:
        case = self.reported()
        decide(case, KEPT, "insult", "Harsh, and fair", operator=operator(), now=LATER)
        with pytest.raises(NotReported) as refused:
            report(case.review, Rule.INSULT, "Please", by=self.owner, now=LATER)
        assert refused.value.reason is NoReport.REPEATED
        written(case.review.reservation, text="Worse.", now=LATER + timedelta(hours=1))
        report(case.review, Rule.INSULT, "Now they do", by=self.owner, now=LATER + timedelta(hours=1))

    def test_a_reply_to_a_hidden_review_is_refused(self) -> None:
        review = written()
        open_case(review, HIDDEN, "insult", "Name calling", operator=operator(), now=LATER)
        with pytest.raises(NotTaken):
            respond(review, "Thanks", by=StaffLoginFactory(studio=review.studio), now=LATER)


@pytest.mark.django_db
class TestPostgresKeeps:
    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM reviews_review",
            "DELETE FROM reviews_report",
            "DELETE FROM reviews_reviewversion",
            "UPDATE reviews_review SET text = 'Great!'",
            "UPDATE reviews_review SET score = 5",
            "UPDATE reviews_review SET marks = '{\"class\": 5}'",
            "UPDATE reviews_review SET hidden_at = now()",
            "UPDATE reviews_review SET settled_at = now()",
            # Words of long ago are no way back to what was changed since, and a version has its own score.
            "UPDATE reviews_review SET text = (SELECT text FROM reviews_reviewversion LIMIT 1), score = 5",
            "UPDATE reviews_response SET text = ''; UPDATE reviews_responseversion SET text = '[…]'",
            "UPDATE reviews_report SET reason = '[…]'",
            *(
                f"TRUNCATE reviews_{table} CASCADE"
                for table in ("review", "reviewversion", "report", "response", "responseversion")
            ),
            "UPDATE reviews_review SET written_at = written_at - interval '2 years'",
            "UPDATE reviews_review SET scrubbed_at = now(), score = 5, text = ''",
            "UPDATE reviews_reviewversion SET text = 'Great!'",
            "UPDATE reviews_report SET reason = 'Another'",
        ],
    )
    def test_what_no_code_may_do(self, statement: str) -> None:
        review = written()
        written(review.reservation, text="Changed.", now=LATER)
        respond(review, "Thanks", by=StaffLoginFactory(studio=review.studio), now=LATER)
        case = report(review, Rule.INSULT, "They insult", by=StaffLoginFactory(studio=review.studio), now=LATER)
        decide(case, KEPT, "insult", "No", operator=operator(), now=LATER)
        before = self.everything()
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert self.everything() == before

    def test_a_version_of_long_ago_covers_no_change_of_today(self) -> None:
        review = written()
        for hours, text in ((1, "Changed."), (2, "Lovely.")):
            written(review.reservation, text=text, now=AFTER + timedelta(hours=hours))
        for statement in ("SET text = 'Great!'", "SET text = 'Great!', edited_at = now()"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE reviews_review {statement}")

    def test_django_deletes_none_either(self) -> None:
        review = written()
        for delete in (review.delete, review.reservation.delete, review.reservation.member.delete):
            with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
                delete()
        assert Review.objects.count() == 1

    def everything(self) -> list[Any]:
        return [
            list(Review.objects.values()),
            list(Report.objects.values()),
            list(Review.objects.get().versions.values()),
        ]
