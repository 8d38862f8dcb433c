"""The demo's reviews, made of whatever visits a timetable has."""

from datetime import timedelta
from uuid import uuid4

import pytest

from bookings import actions
from portal.roles import Preset
from reviews.demo.load import ANSWERED_AFTER, furnish
from reviews.demo.words import DISPUTED, HIDDEN, REPORTED, SAID
from reviews.models import Report, Review, ReviewInvitation
from tests.bookings.scenes import evening_class
from tests.factories import MemberFactory, StaffLoginFactory
from tests.reviews.visits import at, operator, visit

pytestmark = pytest.mark.django_db


def test_has_one_of_each_kind_and_is_made_once() -> None:
    session = evening_class(capacity=30)
    by = StaffLoginFactory(studio=session.studio, preset=Preset.MANAGER)
    for _number in range(4):
        booked = visit(session=session, member=MemberFactory(studio=session.studio), source="direct", attended=False)
        actions.check_in(booked, action_id=uuid4(), by=by, now=session.starts_at)
    early = evening_class(item=session.item, starts_at=at("18:00", days=-5))
    for _number in range(4):
        visit(session=early, member=MemberFactory(studio=session.studio), source="wellpass")
    operator()
    now = at("12:00", days=1)
    assert furnish(session.studio, now=now) == 7  # three of yesterday, which is looked at; four of last week
    assert Review.objects.exclude(hidden_at=None).count() == 1
    assert Report.objects.open().count() == 1
    assert sum(review.is_disputed for review in Review.objects.all()) == 1
    assert all(review.reservation.ends_at < review.written_at <= now for review in Review.objects.all())
    assert set(Review.objects.values_list("source", flat=True)) == {"link", "wellpass"}
    assert ReviewInvitation.objects.filter(invited_at__lt=now - timedelta(days=1)).count() == 4
    assert furnish(session.studio, now=now) == 0


def test_the_studio_has_answered_what_is_older() -> None:
    session = evening_class(capacity=30)
    StaffLoginFactory(studio=session.studio, preset=Preset.MANAGER)
    for days in range(-60, 0, 4):
        early = evening_class(item=session.item, starts_at=at("18:00", days=days))
        visit(session=early, member=MemberFactory(studio=session.studio), source="wellpass")
    now = at("12:00", days=1)
    assert furnish(session.studio, now=now) == 15
    left = Review.objects.unanswered().exclude(text__in=[HIDDEN.text, REPORTED.text, DISPUTED.text])
    assert len(left) <= 3
    assert all(one.written_at > now - ANSWERED_AFTER for one in left)


def test_speaks_three_languages_and_is_not_all_praise() -> None:
    texts = [one.text for one in SAID]
    assert len({text for text in texts if text}) == len([text for text in texts if text]) >= 45
    assert sum(max(one.marks) <= 3 for one in SAID) >= 2
    assert sum(bool(one.reply) for one in SAID) >= 10
