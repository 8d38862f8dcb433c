"""A new studio by invitation: the studio, its first place, and a link for its owner (the operator's admin)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.text import slugify

from portal.changes import record_change
from portal.models import Invitation, Location, Studio
from portal.roles import Preset
from portal.staff import invitations
from portal.staff.invitations import OPERATOR, Wanted


@dataclass(frozen=True, kw_only=True)
class NewStudio:
    """`slug`: its address; `zone`: IANA's name, of the first location; `language`: of its mails."""

    name: str
    slug: str
    zone: str
    language: str
    location: str
    owner_name: str
    owner_email: str


@transaction.atomic
def found(new: NewStudio, *, now: datetime, origin: str) -> Invitation:
    """Make all of it, or nothing; the owner's mail is on its way. `origin`: where the product answers.

    Raises IntegrityError where the address was taken meanwhile.
    """
    studio = Studio.objects.create(slug=new.slug, name=new.name, language=new.language)
    place = Location.objects.create(
        studio=studio, slug=slugify(new.location)[:50] or "main", name=new.location, zone=new.zone
    )
    record_change(
        studio,
        "created",
        studio=studio,
        by=None,
        by_word=OPERATOR,
        now=now,
        after={"name": studio.name, "slug": studio.slug, "location": place.name, "zone": place.zone},
    )
    return invite_owner(studio, name=new.owner_name, email=new.owner_email, now=now, origin=origin)


def invite_owner(studio: Studio, *, name: str, email: str, now: datetime, origin: str) -> Invitation:
    """Ask somebody to be an owner: the first one, or another where nobody is left. Raises StaffRefused."""
    wanted = Wanted(email=email, name=name, preset=Preset.OWNER)
    return invitations.invite(studio, wanted, by=None, now=now, origin=origin)
