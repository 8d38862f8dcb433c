"""`portal.prepared.insert` leaves what `save` leaves."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict
from django.utils import timezone

from bookings.models import ReservationEvent
from portal.prepared import insert
from tests.factories import ReservationFactory

pytestmark = pytest.mark.django_db


def event(**fields: object) -> ReservationEvent:
    reservation = ReservationFactory()
    given = {
        "studio": reservation.studio,
        "reservation": reservation,
        "kind": "checked_in",
        "action_id": uuid4(),
        "occurred_at": timezone.now(),
        "before": {"attendance": "unknown", "note": "é'\"%s"},
        "after": {},
        "version": 1,
    }
    return ReservationEvent(**(given | fields))


def test_a_row_is_as_save_makes_it() -> None:
    inserted, saved = event(), event()
    insert(inserted)
    saved.save(force_insert=True)
    for one in (inserted, saved):
        again = ReservationEvent.objects.get(pk=one.pk)
        assert model_to_dict(again) == model_to_dict(one)
        assert again.recorded_at == one.recorded_at
        assert (one._state.adding, one._state.db) == (False, "default")


def test_what_the_database_refuses_is_raised_as_save_does() -> None:
    first = event()
    insert(first)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(event(studio=first.studio, reservation=first.reservation, action_id=first.action_id))
    assert ReservationEvent.objects.count() == 1
