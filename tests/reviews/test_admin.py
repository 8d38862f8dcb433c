"""The operator's desk: reports first, a decision with rule and reason, and nothing to be written or deleted by hand."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Reservation
from bookings.rules import Attendance
from portal.members.scrubbing import scrub
from reviews.actions.reporting import report
from reviews.models import Report, Review, Rule
from reviews.operator import disputed, reports
from reviews.operator import mended as mended_need
from tests.factories import LocationFactory, StaffLoginFactory, StudioFactory
from tests.reviews.visits import AFTER, evening_class, hidden, operator, visit, written

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(operator())
    return client


def case_of(review: Review) -> str:
    return reverse("admin:reviews_case", args=[review.pk])


def reported(text: str = "Lovely.") -> Review:
    review = written(text=text)
    by = StaffLoginFactory(studio=review.studio)
    report(review, Rule.INSULT, "They insult Ana", by=by, now=timezone.now())
    return review


def test_reports_that_wait_stand_first_and_lead_to_the_case(desk: Client) -> None:
    done, waits = reported(), reported()
    desk.post(case_of(done), {"decision": "kept", "rule": "insult", "reason": "Harsh, and fair"})
    page = desk.get(reverse("admin:reviews_report_changelist")).text
    assert page.index(case_of(waits)) < page.index(case_of(done))
    change = reverse("admin:reviews_report_change", args=[Report.objects.get(review=waits).pk])
    assert desk.get(change).url == case_of(waits)


def test_hides_with_rule_and_reason_and_shows_it_again(desk: Client) -> None:
    review = reported("<script>alert(1)</script>")
    page = desk.get(case_of(review)).text
    assert "They insult Ana" in page
    assert "<script>alert" not in page
    for missing in ({"rule": ""}, {"reason": " "}, {"decision": ""}, {"decision": "shown_again"}):
        refused = desk.post(case_of(review), {"decision": "hidden", "rule": "insult", "reason": "Insult"} | missing)
        assert refused.status_code == 422
    assert not Review.objects.exclude(hidden_at=None).exists()
    done = desk.post(case_of(review), {"decision": "hidden", "rule": "insult", "reason": "Name calling"})
    assert (done.status_code, done.url) == (302, case_of(review))
    review.refresh_from_db()
    assert review.hidden_at is not None
    assert "Name calling" in desk.get(case_of(review)).text
    desk.post(case_of(review), {"decision": "shown_again", "rule": "insult", "reason": "It was mended"})
    review.refresh_from_db()
    assert review.hidden_at is None


def test_a_disputed_visit_stands_first_until_it_is_settled(desk: Client) -> None:
    review, _other = written(), written(visit())
    Reservation.objects.filter(pk=review.reservation_id).update(attendance=Attendance.NO_SHOW, checked_in_at=None)
    disputed = f"{reverse('admin:reviews_review_changelist')}?state=disputed"
    assert case_of(review) in desk.get(disputed).text
    assert "The visit did not take place" in desk.get(case_of(review)).text
    desk.post(case_of(review), {"decision": "visit_fell", "rule": "", "reason": "Another person"})
    assert case_of(review) not in desk.get(disputed).text
    desk.post(case_of(review), {"decision": "visit_stands", "rule": "", "reason": "It was them after all"})
    review.refresh_from_db()
    assert review.settled_at is not None


def test_a_stale_page_overrules_nobody_and_says_what_was_decided(desk: Client) -> None:
    review = reported()
    stale = {"waiting": str(review.reports.get().pk), "seen": "0"}
    sent = {"decision": "hidden", "rule": "insult", "reason": "Name calling"}
    for answer in (sent, sent):  # pressed twice
        assert desk.post(case_of(review), answer | stale).status_code == 302
    refused = desk.post(case_of(review), {"decision": "kept", "rule": "insult", "reason": "Mine"} | stale)
    assert refused.status_code == 422
    assert "hidden: Name calling" in refused.text
    assert review.reports.count() == 1
    assert desk.post(case_of(review), sent | {"waiting": "9" * 5000, "seen": "x"}).status_code == 422


def test_what_needs_the_operator_is_what_the_list_holds(desk: Client) -> None:
    doubted, mended = written(), hidden(written())
    Reservation.objects.filter(pk=doubted.reservation_id).update(attendance=Attendance.NO_SHOW, checked_in_at=None)
    scrub(doubted.reservation.member, by=StaffLoginFactory(studio=doubted.studio), now=AFTER)
    written(mended.reservation, text="Kinder words.", now=AFTER + timedelta(hours=1))
    for need, waits in ((disputed, doubted), (mended_need, mended)):
        (one,) = need(timezone.now())
        assert one.count == 1
        assert case_of(waits) in desk.get(one.url).text


def test_what_is_practised_needs_no_operator(desk: Client) -> None:
    place = LocationFactory(studio=StudioFactory(practice_of=StudioFactory()))
    waits, doubted = (written(visit(session=evening_class(item__location=place))) for _number in range(2))
    assert waits.studio.is_practice
    report(waits, Rule.INSULT, "They insult Ana", by=StaffLoginFactory(studio=place.studio), now=timezone.now())
    Reservation.objects.filter(pk=doubted.reservation_id).update(attendance=Attendance.NO_SHOW, checked_in_at=None)
    for need, review in ((reports, waits), (disputed, doubted)):
        (one,) = need(timezone.now())
        assert one.count == 0
        assert case_of(review) not in desk.get(one.url).text


@pytest.mark.parametrize("model", ["review", "report"])
def test_nothing_is_added_changed_or_deleted_by_hand(desk: Client, model: str) -> None:
    review = reported()
    pk = review.pk if model == "review" else review.reports.get().pk
    assert desk.get(reverse(f"admin:reviews_{model}_add")).status_code == 403
    assert desk.post(reverse(f"admin:reviews_{model}_delete", args=[pk])).status_code == 403
    listed: Any = desk.get(reverse(f"admin:reviews_{model}_changelist"))
    assert "delete_selected" not in listed.text
    desk.post(
        reverse(f"admin:reviews_{model}_changelist"),
        {"action": "delete_selected", "_selected_action": [str(pk)], "post": "yes"},
    )
    assert (Review.objects.count(), Report.objects.count()) == (1, 1)


def test_is_for_the_operator_alone(client: Client) -> None:
    review = reported()
    owner = StaffLoginFactory(studio=review.studio)
    client.force_login(owner.user)
    assert client.get(case_of(review)).status_code in {302, 403}
    assert client.post(case_of(review), {"decision": "hidden", "rule": "insult", "reason": "x"}).status_code in {
        302,
        403,
    }
    review.refresh_from_db()
    assert review.hidden_at is None
