"""Guests of a marketplace and their visits, by the product's own actions."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from bookings.actions import Refused
from bookings.models import ScheduledSession
from bookings.rules import Question
from marketplace import actions
from marketplace.models import Connection, Guest, Visit
from tests.factories import SessionFactory
from tests.marketplace.scenes import item_of


def guest_of(connection: Connection, **fields: Any) -> Guest:
    given = {"external_id": uuid4().hex, "first_name": "Kim", "last_name": "Jansen", "now": timezone.now()}
    return actions.welcome(connection, **(given | fields))[0]


def book(session: ScheduledSession, guest: Guest, **fields: Any) -> Visit:
    given = {"action_id": uuid4(), "now": timezone.now()}
    return actions.book(guest.connection, session, guest, **(given | fields))


def later(connection: Connection, hours: float, **fields: Any) -> ScheduledSession:
    return SessionFactory(item=item_of(connection, **fields), starts_at=timezone.now() + timedelta(hours=hours))


def refusal(error: pytest.ExceptionInfo[Refused]) -> Question:
    step = error.value.decision.refusal
    assert step is not None
    return step.question
