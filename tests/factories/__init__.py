"""Rows for tests. Each factory makes the least that is valid; its studio, location and zone come along."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from factory.django import DjangoModelFactory

from bookings.models import CalendarItem, Reservation, Room, ScheduledSession, Spot
from portal.models import Location, Member, StaffLogin, Studio, Teacher, User
from portal.roles import Preset

PASSWORD = "correct-horse-battery"
ZONE = "Europe/Amsterdam"  # of a location; `by_day` has another


def where_it_is_noon() -> str:
    """A zone: there a class "in an hour" or "an hour ago" is one of today, whenever the test runs."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


class StudioFactory(DjangoModelFactory[Studio]):
    class Meta:
        model = Studio

    slug = factory.Sequence(lambda n: f"studio-{n}")
    name = factory.Sequence(lambda n: f"Studio {n}")


class LocationFactory(DjangoModelFactory[Location]):
    class Meta:
        model = Location

    studio = factory.SubFactory(StudioFactory)
    slug = factory.Sequence(lambda n: f"place-{n}")
    name = factory.Sequence(lambda n: f"Place {n}")
    zone = factory.LazyFunction(lambda: ZONE)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person-{n}@example.test")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password(PASSWORD)


class StaffLoginFactory(DjangoModelFactory[StaffLogin]):
    class Meta:
        model = StaffLogin

    studio = factory.SubFactory(StudioFactory)
    user = factory.SubFactory(UserFactory)
    preset = Preset.OWNER


class TeacherFactory(DjangoModelFactory[Teacher]):
    class Meta:
        model = Teacher

    studio = factory.SubFactory(StudioFactory)
    name = factory.Sequence(lambda n: f"Teacher {n}")


class MemberFactory(DjangoModelFactory[Member]):
    class Meta:
        model = Member

    studio = factory.SubFactory(StudioFactory)
    number = factory.Sequence(lambda n: f"{4000 + n}")
    first_name = factory.Sequence(lambda n: f"First{n}")
    last_name = factory.Sequence(lambda n: f"Last{n}")
    email = factory.Sequence(lambda n: f"member-{n}@example.test")


class RoomFactory(DjangoModelFactory[Room]):
    class Meta:
        model = Room

    location = factory.SubFactory(LocationFactory)
    name = factory.Sequence(lambda n: f"Room {n}")


class SpotFactory(DjangoModelFactory[Spot]):
    class Meta:
        model = Spot

    room = factory.SubFactory(RoomFactory)
    label = factory.Sequence(str)
    fill_order = factory.Sequence(lambda n: n)


class CalendarItemFactory(DjangoModelFactory[CalendarItem]):
    class Meta:
        model = CalendarItem

    location = factory.SubFactory(LocationFactory)
    studio = factory.SelfAttribute("location.studio")
    name = factory.Sequence(lambda n: f"Class {n}")
    capacity = 16


class SessionFactory(DjangoModelFactory[ScheduledSession]):
    """An hour from now on, unless told otherwise."""

    class Meta:
        model = ScheduledSession

    item = factory.SubFactory(CalendarItemFactory)
    studio = factory.SelfAttribute("item.studio")
    location = factory.SelfAttribute("item.location")
    teacher = factory.SelfAttribute("item.teacher")
    capacity = factory.SelfAttribute("item.capacity")
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))
    ends_at = factory.LazyAttribute(lambda session: session.starts_at + timedelta(hours=1))


class ReservationFactory(DjangoModelFactory[Reservation]):
    """A booked place; past the actions, so the session's count of places is raised here."""

    class Meta:
        model = Reservation

    session = factory.SubFactory(SessionFactory)
    studio = factory.SelfAttribute("session.studio")
    location = factory.SelfAttribute("session.location")
    starts_at = factory.SelfAttribute("session.starts_at")
    ends_at = factory.SelfAttribute("session.ends_at")
    member = factory.SubFactory(MemberFactory, studio=factory.SelfAttribute("..studio"))
    source = "desk"
    booked_at = factory.LazyAttribute(lambda reservation: reservation.starts_at - timedelta(days=2))
    deadline_at = factory.LazyAttribute(lambda reservation: reservation.starts_at - timedelta(hours=12))
    deadline_from = Reservation.Deadline.STUDIO

    @classmethod
    def _create(cls, model_class: type[Reservation], *args: Any, **kwargs: Any) -> Reservation:
        with transaction.atomic():
            reservation = super()._create(model_class, *args, **kwargs)
            if reservation.booking == Reservation.Booking.BOOKED:
                ScheduledSession.objects.filter(pk=reservation.session_id).update(places_taken=F("places_taken") + 1)
                reservation.session.refresh_from_db(fields=["places_taken"])
        return reservation
