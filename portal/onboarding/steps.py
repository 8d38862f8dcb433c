"""The ground floor's own steps."""

from django.utils.translation import gettext_lazy as _

from portal.models import Invitation, Studio
from portal.onboarding.registry import Step, register


def _has_address(studio: Studio) -> bool:
    return studio.locations.exclude(city="").exists()


def _has_people(studio: Studio) -> bool:
    return studio.members.exists()


def _has_more_logins(studio: Studio) -> bool:
    if studio.logins.filter(is_active=True).count() > 1:
        return True
    return Invitation.objects.open().filter(studio=studio).exists()


def register_steps() -> None:
    register(
        Step(
            word="studio",
            place=10,
            title=_("Studio"),
            about=_("Name, language of mails, time zone"),
            minutes=1,
            url_name="portal:start_studio",
        )
    )
    register(
        Step(
            word="locations",
            place=20,
            title=_("Locations"),
            about=_("Where people come: one place or several, under one account"),
            minutes=2,
            url_name="portal:start_locations",
            is_done=_has_address,
        )
    )
    register(
        Step(
            word="people",
            place=50,
            title=_("People"),
            about=_("Bring members and what they have bought, with a rehearsal and a proof of balances"),
            minutes=2,
            url_name="portal:start_people",
            is_done=_has_people,
        )
    )
    register(
        Step(
            word="desk",
            place=60,
            title=_("Desk login and PIN"),
            about=_("A login for reception that sees what it needs, and a PIN to switch person"),
            minutes=1,
            url_name="portal:start_desk",
            is_done=_has_more_logins,
        )
    )
