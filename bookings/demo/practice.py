"""A studio of made-up people beside a real one, to look around in and to practise: in and out with one click.

A studio of its own, so that nothing of it can be mistaken for the real one, whatever was entered there meanwhile.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from bookings.demo.furnish import furnish
from bookings.demo.load import dice_for, fill
from bookings.demo.plan import DEMO, StudioPlan
from bookings.selectors.practising import somebody_is_trained
from portal.changes import record_change
from portal.erasing import erase
from portal.models import StaffLogin, Studio
from portal.onboarding.path import say_done

# A third of the demo's people of today, and some who were never here.
SHARE, MEMBERS = 1 / 3, 200
PAST, FUTURE = timedelta(days=14), timedelta(days=7)


@transaction.atomic
def make(studio: Studio, *, by: StaffLogin, now: datetime) -> Studio:
    """The practice studio of this one, made where it is missing, with classes up to a week from now and one that runs.

    Everybody who works in the studio has the same login there. Takes two to three seconds; a second click waits.
    """
    with connection.cursor() as cursor:  # two weeks of desk work are invented, and a slow machine takes its time
        cursor.execute("SET LOCAL transaction_timeout = 0")
    studio = Studio.objects.select_for_update(no_key=True).get(pk=studio.pk)
    practice = Studio.objects.filter(practice_of=studio).first()
    plan = plan_for(studio, slug=practice.slug if practice else free_slug(studio))
    dice = dice_for(plan, now)
    is_new = practice is None
    practice = practice or furnish(plan, today=now.date(), dice=dice, practice_of=studio)
    for login in studio.logins.filter(is_active=True):
        enter(practice, login)
    if is_new or not _runs(practice, now):
        fill(practice, plan, now=now, dice=dice, is_new=is_new)
    if is_new:
        record_change(studio, "practice_made", studio=studio, by=by, now=now)
    return practice


def enter(practice: Studio, login: StaffLogin) -> StaffLogin:
    """The login of the same person in the practice studio, with the preset that they have in the real one."""
    there, _made = StaffLogin.objects.update_or_create(
        studio=practice,
        user=login.user,
        defaults={"preset": login.preset, "is_active": True, "removed_at": None},
    )
    return there


@transaction.atomic
def remove(studio: Studio, *, by: StaffLogin, now: datetime) -> int:
    """Erase the practice studio of this one; how many rows went. 0: there is none."""
    held = Studio.objects.select_for_update(no_key=True).get(pk=studio.pk)
    practice = Studio.objects.select_for_update().filter(practice_of=held).first()
    if practice is None:
        return 0
    # Who has practised has practised, though nothing of it is left.
    if somebody_is_trained(practice):
        say_done(held, "training", by=by, now=now)
    rows = erase(practice)
    record_change(held, "practice_removed", studio=held, by=by, now=now)
    return rows


def plan_for(studio: Studio, *, slug: str) -> StudioPlan:
    """The demo's plan, smaller, in the studio's language and zone, without logins that anybody knows."""
    first = studio.locations.in_order().first()
    zone = first.zone if first else DEMO.places[0].zone
    places = [replace(one, zone=zone, regulars=round(one.regulars * SHARE)) for one in DEMO.places]
    with translation.override(studio.language):
        name = _("%(studio)s, practice") % {"studio": studio.name[:80]}
    return replace(
        DEMO,
        slug=slug,
        name=name,
        language=studio.language,
        members=MEMBERS,
        places=places,
        logins=[],
        contract_hours={},
        past=PAST,
        future=FUTURE,
    )


def free_slug(studio: Studio) -> str:
    wanted = f"{studio.slug[:40]}-practice"
    taken = set(Studio.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    return next(one for one in [wanted, *(f"{wanted}-{number}" for number in range(2, 1000))] if one not in taken)


def _runs(practice: Studio, now: datetime) -> bool:
    return practice.sessions.filter(starts_at__lte=now, ends_at__gt=now, cancelled_at=None).exists()
