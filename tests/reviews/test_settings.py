"""Settings of reviews: weights hold for new reviews only, and somebody must always have something to mark."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from portal.models import Change, StaffLogin
from portal.roles import Preset
from reviews.models import Review, ReviewPolicy
from reviews.selectors.judged import mean_with
from tests.factories import LocationFactory, StaffLoginFactory
from tests.reviews.visits import AFTER, visit, written

pytestmark = pytest.mark.django_db
JULY = AFTER + timedelta(days=30)
FORM = {
    "weight_class": "40",
    "weight_teacher": "30",
    "weight_place": "15",
    "weight_welcome": "15",
    "invites": "on",
    "invite_after_hours": "3",
    "invite_pause_days": "7",
}


@pytest.fixture
def review() -> Review:
    return written()


@pytest.fixture
def owner(review: Review, client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=review.studio, preset=Preset.OWNER)
    client.force_login(login.user)
    return login


def post(client: Client, owner: StaffLogin, **fields: str) -> Any:
    with time_machine.travel(JULY, tick=False):
        return client.post(f"/{owner.studio.slug}/settings/reviews/", FORM | fields)


def test_new_weights_leave_written_reviews_alone(client: Client, owner: StaffLogin, review: Review) -> None:
    assert post(client, owner, weight_class="80").status_code == 302
    assert ReviewPolicy.objects.get(studio=owner.studio).weight_class == 80
    assert Change.objects.filter(subject="reviewpolicy", kind="set", by=owner).count() == 1
    review.refresh_from_db()
    assert (review.weights["class"], str(review.score)) == (40, "4.30")
    newer = written(visit(session=review.reservation.session))
    assert newer.weights["class"] == 80


def test_the_teacher_cannot_carry_all_of_it(client: Client, owner: StaffLogin) -> None:
    refused = post(client, owner, weight_class="0", weight_place="0", weight_welcome="0")
    assert refused.status_code == 422
    assert "A class without a teacher would have nothing to mark" in refused.text
    assert ReviewPolicy.objects.get(studio=owner.studio).weight_class == 40


def test_the_preview_judges_last_month_anew(client: Client, owner: StaffLogin) -> None:
    shown = post(client, owner, weight_class="0", step="preview").text
    assert "With these weights the mean of June 2026 would have been 4.50 instead of 4.30." in shown
    assert "40 % of the score." not in shown
    elsewhere = LocationFactory(studio=owner.studio)
    weights = {"class": 0, "teacher": 30, "place": 15, "welcome": 15}
    assert mean_with(owner.studio, weights, zone=elsewhere.tz, now=JULY, locations=[elsewhere]).reviews == 0
    assert ReviewPolicy.objects.get(studio=owner.studio).weight_class == 40
