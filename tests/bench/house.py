"""`python -m tests.bench.house`: the studio of the benchmark, by the models, so that new fields have their defaults.

Ids are given here, so that the rows that PostgreSQL makes itself (`database.py`) can count on them.
"""

import django
from django.db import connection, transaction

from tests.bench.database import MEMBERS, SLUG


def furnish() -> None:
    from bookings.models import CalendarItem  # noqa: PLC0415 (Django must be set up first)
    from portal.models import Location, Member, StaffLogin, Studio, Teacher, User  # noqa: PLC0415

    studio = Studio.objects.create(id=1, slug=SLUG, name="Bench")
    Location.objects.bulk_create(
        Location(id=n, studio=studio, slug=f"place-{n}", name=f"Place {n}", position=n, country="NL") for n in (1, 2)
    )
    person = User.objects.create(id=1, email="bench@example.test", name="Ana Bench", password="!")
    StaffLogin.objects.create(id=1, studio=studio, user=person, preset="owner")
    Teacher.objects.bulk_create(Teacher(id=n, studio=studio, name=f"Teacher {n}") for n in range(1, 11))
    Member.objects.bulk_create(
        Member(
            id=n,
            studio=studio,
            number=str(4000 + n),
            first_name=f"First{n}",
            last_name=f"van der Last{n}",
            email=f"member-{n}@example.test",
        )
        for n in range(1, MEMBERS + 1)
    )
    CalendarItem.objects.bulk_create(
        CalendarItem(id=n, studio=studio, location_id=1 + n % 2, name=f"Class {n}", teacher_id=1 + n % 10, capacity=40)
        for n in range(1, 21)
    )
    with connection.cursor() as cursor:  # later ids do not meet the given ones
        for model in (Studio, Location, User, StaffLogin, Teacher, Member, CalendarItem):
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), 100000)", [model._meta.db_table])


def let_columns_have_defaults() -> None:
    """Give PostgreSQL the defaults of the models whose rows it makes itself, for what `database.py` leaves out."""
    from bookings.models import Reservation, ReservationEvent, ScheduledSession  # noqa: PLC0415

    with connection.cursor() as cursor:
        for model in (ScheduledSession, Reservation, ReservationEvent):
            for field in model._meta.concrete_fields:
                value = field.get_db_prep_save(field.get_default(), connection)
                if value is not None and not field.primary_key and not field.has_db_default():
                    column = f'"{model._meta.db_table}" ALTER COLUMN "{field.column}"'
                    cursor.execute(f"ALTER TABLE {column} SET DEFAULT %s", [value])


if __name__ == "__main__":
    django.setup()
    with transaction.atomic():
        furnish()
        let_columns_have_defaults()
