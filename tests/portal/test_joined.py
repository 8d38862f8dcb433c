"""The read whose SQL is composed once answers as the ORM does."""

import pytest
from django.db import connection, transaction
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext

from bookings.models import Reservation, ReservationEvent
from portal.joined import Joined
from tests.factories import ReservationFactory

pytestmark = pytest.mark.django_db


def test_a_row_comes_with_what_it_points_to_in_one_query() -> None:
    reservation = ReservationFactory()
    read = Joined(Reservation, "session", "location", "member")
    with CaptureQueriesContext(connection) as queries:
        found = read.first("reservation.id = %s AND session.id = %s", [reservation.pk, reservation.session_id])
        assert found is not None
        parts = [found, found.session, found.location, found.member]
    assert len(queries) == 1
    selected = Reservation.objects.select_related("session", "location", "member").get(pk=reservation.pk)
    for part, expected in zip(parts, [selected, selected.session, selected.location, selected.member], strict=True):
        assert part == expected
        assert model_to_dict(part) == model_to_dict(expected)
        assert not part._state.adding


def test_no_row_is_none() -> None:
    assert Joined(Reservation, "session").first("reservation.id = %s", [0]) is None


def test_columns_that_are_json_become_values() -> None:
    reservation = ReservationFactory()
    event = ReservationEvent.objects.create(
        studio=reservation.studio,
        reservation=reservation,
        kind="checked_in",
        action_id="8c0b1b8e-5b1c-4b53-9f4b-0f3a5f0f6a55",
        occurred_at=reservation.starts_at,
        after={"booking": "booked"},
        version=1,
    )
    found = Joined(ReservationEvent, "reservation").first("reservationevent.id = %s", [event.pk])
    assert found is not None
    assert found.after == {"booking": "booked"}


def test_a_lock_holds_the_row_alone() -> None:
    reservation = ReservationFactory()
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        Joined(Reservation, "session", lock=True).first("reservation.id = %s", [reservation.pk])
    assert queries.captured_queries[0]["sql"].endswith('FOR UPDATE OF "reservation"')
