"""The still part of a demo studio: places, rooms, spots, calendar items, teachers, logins, members."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from random import Random

from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from bookings.demo.course import closed
from bookings.demo.diary import Diary
from bookings.demo.names import mailbox, people
from bookings.demo.plan import PASSWORD, StudioPlan
from bookings.demo.portraits import portrait
from bookings.models import HUES, CalendarItem, Recurrence, Room, Spot
from packages.models import Purchase
from portal.models import ClosingDays, Location, Member, StaffLogin, Studio, Teacher, User
from portal.models.people import photo_path

_JOINED = """
UPDATE portal_member SET joined_on = said.day
  FROM unnest(%s::bigint[], %s::date[]) AS said (id, day) WHERE portal_member.id = said.id
"""
PORTRAYED = 0.22  # the share of members with a photo


def furnish(plan: StudioPlan, *, today: date, dice: Random, practice_of: Studio | None = None) -> Studio:
    """A new studio with everything but sessions. The slug must be free. `practice_of`: whose practice it is for."""
    studio = Studio.objects.create(
        slug=plan.slug,
        name=plan.name,
        language=plan.language,
        cancel_hours=plan.cancel_hours,
        practice_of=practice_of,
    )
    rooms = _places(studio, plan)
    teachers = _logins_and_teachers(studio, plan)
    for number, one in enumerate(plan.classes):
        room = rooms[one.place, one.room]
        CalendarItem.objects.create(
            studio=studio,
            location=room.location,
            room=room,
            kind=one.kind,
            name=one.name,
            teacher=teachers[one.teacher],
            capacity=one.capacity,
            duration_minutes=one.minutes,
            cancel_hours=one.cancel_hours,
            colour=number * 5 % HUES,
            # What marketplaces sell: single classes and workshops (Q25).
            allows_marketplaces=one.kind in {CalendarItem.Kind.CLASS, CalendarItem.Kind.WORKSHOP},
            marketplace_quota=one.quota,
        )
    _members(studio, plan, today=today, dice=dice)
    return studio


def write_series(studio: Studio, plan: StudioPlan, today: date) -> None:
    """Each slot of the week's plan as a series as far as the plan goes; one that is there already is prolonged."""
    opened = {one.slug: one.opened for one in plan.places}
    last_on = today + plan.future
    for one in plan.classes:
        item = studio.calendar_items.get(name=one.name)
        since = opened[one.place]
        first_on = max(plan.begins(today), today - since) if since else plan.begins(today)
        for weekdays, start in one.week:
            slot = {"studio": studio, "item": item, "weekdays": list(weekdays), "local_start": start}
            series = Recurrence.objects.filter(**slot).first() or Recurrence(**slot, first_on=first_on)
            # A series lasts two years at most; a demo may be older.
            series.first_on, series.last_on = max(series.first_on, last_on - timedelta(days=700)), last_on
            series.save()


def close(studio: Studio, first: date, before: date) -> None:
    """On the holidays that were."""
    ClosingDays.objects.bulk_create(
        ClosingDays(studio=studio, first_on=day, last_on=day, reason=name) for day, name in closed(first, before)
    )


def say_since_when(diary: Diary, bought: Sequence[Purchase], *, is_new: bool) -> None:
    """Who came for the first time in these days has been a member since then; who never came, for some weeks.

    Nobody books or buys before they are a member.
    """
    joined = diary.crowd.joined
    did = [(one.member, one.booked_at) for one in diary.reservations] + [
        (one.member, one.purchased_at) for one in bought
    ]
    for member, at in did:
        since = joined.get(member.pk) or member.joined_on
        if since and at.date() < since:
            joined[member.pk] = at.date()
    if is_new:
        joined = {one.pk: diary.today - timedelta(days=3 + one.pk % 60) for one in diary.crowd.newcomers} | joined
    with connection.cursor() as cursor:
        cursor.execute(_JOINED, [list(joined), list(joined.values())])


def person(email: str, name: str, *, operator: bool = False) -> User:
    """The person with this address, made if missing. The demo's password is set past the rules for real ones."""
    user = User.objects.filter(email=email).first()
    return user or User.objects.create(
        email=email, password=_hashed(), name=name, is_staff=operator, is_superuser=operator
    )


@cache
def _hashed() -> str:
    """Once for all: they have one password, which everybody knows, and to hash it takes a third of a second."""
    return make_password(PASSWORD)


def _places(studio: Studio, plan: StudioPlan) -> dict[tuple[str, str], Room]:
    rooms = {}
    for position, place in enumerate(plan.places):
        location = Location.objects.create(
            studio=studio,
            slug=place.slug,
            name=place.name,
            position=position,
            zone=place.zone,
            street=place.street,
            postcode=place.postcode,
            city=place.city,
            country=place.country,
            region=place.region,
            grace_minutes=place.grace_minutes,
        )
        for name, spots in place.rooms.items():
            room = rooms[place.slug, name] = Room.objects.create(location=location, name=name)
            # Filled back to front, so that regulars keep the front (Q29).
            Spot.objects.bulk_create(
                Spot(room=room, label=str(number), fill_order=spots - number) for number in range(1, spots + 1)
            )
    return rooms


def _logins_and_teachers(studio: Studio, plan: StudioPlan) -> dict[str, Teacher]:
    teachers = {
        name: Teacher.objects.create(studio=studio, name=name) for name in sorted({one.teacher for one in plan.classes})
    }
    for one in plan.logins:
        login = StaffLogin.objects.create(studio=studio, user=person(one.email, one.name), preset=one.preset)
        if one.teaches_as:
            Teacher.objects.filter(pk=teachers[one.teaches_as].pk).update(login=login)
    return teachers


def _members(studio: Studio, plan: StudioPlan, *, today: date, dice: Random) -> None:
    """Members in the order of their numbers; the first ones are the regulars and have been here longest."""
    members = []
    for position, (first, last) in enumerate(people(plan.members, dice)):
        number = 4000 + position
        member = Member(
            studio=studio,
            number=str(number),
            first_name=first,
            last_name=last,
            email=mailbox(first, last, number),
            phone=f"+31 6 {dice.randrange(10**7, 10**8)}" if dice.random() < 0.8 else "",
            joined_on=today - plan.age - timedelta(days=3 + dice.randrange(900)),
            notes=dice.choice(["Knee injury, no jumps", "Prefers the back row", "Pregnant, 5th month"])
            if dice.random() < 0.05
            else "",
        )
        if dice.random() < PORTRAYED:
            member.photo = _saved(photo_path(member, ""), portrait(dice))
        members.append(member)
    Member.objects.bulk_create(members)


def _saved(path: str, picture: bytes) -> str:
    """Write the picture where the member's photo belongs; one of an earlier demo gives way. The name it got."""
    default_storage.delete(path)
    return default_storage.save(path, ContentFile(picture))
