"""Visits to be reviewed: a class from 18:00 to 19:00 local time on 10 June 2026, with a check-in."""

from datetime import datetime
from typing import Any

from bookings.models import Reservation
from bookings.rules import Attendance
from portal.models import User
from reviews import actions
from reviews.actions.deciding import open_case
from reviews.actions.writing import write
from reviews.models import Review
from tests.bookings.scenes import at, evening_class
from tests.factories import MemberFactory, ReservationFactory, TeacherFactory, UserFactory

__all__ = ["AFTER", "ALL_FIVE", "actions", "at", "hidden", "operator", "visit", "written"]

AFTER = at("21:00")
ALL_FIVE = {"class": 4, "teacher": 5, "place": 3, "welcome": 5}


def visit(*, attended: bool = True, teacher: bool = True, **fields: Any) -> Reservation:
    """A reservation past its end; with a check-in unless told otherwise."""
    session = fields.pop("session", None) or evening_class()
    if teacher and session.teacher is None:
        session.teacher = TeacherFactory(studio=session.studio)
        session.save(update_fields=["teacher"])
    state = {"attendance": Attendance.CHECKED_IN, "checked_in_at": session.starts_at} if attended else {}
    if "member" not in fields:
        fields["member"] = MemberFactory(studio=session.studio)
    return ReservationFactory(session=session, **(state | fields))


def written(
    reservation: Reservation | None = None, *, text: str = "Lovely.", now: datetime = AFTER, **marks: int
) -> Review:
    return write(reservation or visit(), marks=ALL_FIVE | marks, text=text, source="link", now=now)


def operator() -> User:
    return UserFactory(is_staff=True, is_superuser=True)


def hidden(review: Review, *, now: datetime = AFTER) -> Review:
    """Hidden by the operator, for an insult."""
    open_case(review, "hidden", "insult", "It insults.", operator=operator(), now=now)
    review.refresh_from_db()
    return review
