"""The still part of a demo studio: places, rooms, spots, calendar items, teachers, logins, members."""

from datetime import date, timedelta
from random import Random

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from bookings.demo.names import mailbox, people
from bookings.demo.plan import PASSWORD, StudioPlan
from bookings.demo.portraits import portrait
from bookings.models import HUES, CalendarItem, Recurrence, Room, Spot
from portal.models import Location, Member, StaffLogin, Studio, Teacher, User
from portal.models.people import photo_path


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
    _members(studio, plan.members, today=today, dice=dice)
    return studio


def write_series(studio: Studio, plan: StudioPlan, first_on: date, last_on: date) -> None:
    """Each slot of the week's plan as a series until that day; one that is there already is prolonged."""
    for one in plan.classes:
        item = studio.calendar_items.get(name=one.name)
        for weekdays, start in one.week:
            slot = {"studio": studio, "item": item, "weekdays": list(weekdays), "local_start": start}
            series = Recurrence.objects.filter(**slot).first() or Recurrence(**slot, first_on=first_on)
            # A series lasts two years at most; a demo may be older.
            series.first_on, series.last_on = max(series.first_on, last_on - timedelta(days=700)), last_on
            series.save()


def person(email: str, name: str, *, operator: bool = False) -> User:
    """The person with this address, made if missing. The demo's password is set past the rules for real ones."""
    user = User.objects.filter(email=email).first()
    return user or User.objects.create_user(email, PASSWORD, name=name, is_staff=operator, is_superuser=operator)


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


def _members(studio: Studio, count: int, *, today: date, dice: Random) -> None:
    """Members in the order of their numbers; the first ones are the regulars and have been here longest."""
    members = []
    for position, (first, last) in enumerate(people(count, dice)):
        number = 4000 + position
        member = Member(
            studio=studio,
            number=str(number),
            first_name=first,
            last_name=last,
            email=mailbox(first, last, number),
            phone=f"+31 6 {dice.randrange(10**7, 10**8)}" if dice.random() < 0.8 else "",
            joined_on=today - timedelta(days=1200 - 2 * position + dice.randrange(40)),
            notes=dice.choice(["Knee injury, no jumps", "Prefers the back row", "Pregnant, 5th month"])
            if dice.random() < 0.05
            else "",
        )
        if dice.random() < 0.4:
            member.photo = _saved(photo_path(member, ""), portrait(dice))
        members.append(member)
    Member.objects.bulk_create(members)


def _saved(path: str, picture: bytes) -> str:
    """Write the picture where the member's photo belongs; one of an earlier demo gives way. The name it got."""
    default_storage.delete(path)
    return default_storage.save(path, ContentFile(picture))
