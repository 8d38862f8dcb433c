"""The steps of a new studio that are about classes, packages and practice."""

from django.utils.translation import gettext_lazy as _

from bookings.models import ItemPackage
from bookings.selectors.practising import practice_of, somebody_is_trained
from portal.models import Studio
from portal.onboarding.registry import Step, register


def _has_timetable(studio: Studio) -> bool:
    return studio.sessions.exists()


def _has_packages(studio: Studio) -> bool:
    return ItemPackage.objects.filter(studio=studio).exists()


def _has_trained(studio: Studio) -> bool:
    practice = practice_of(studio)
    return practice is not None and somebody_is_trained(practice)


def register_steps() -> None:
    register(
        Step(
            word="timetable",
            place=30,
            title=_("Timetable"),
            about=_("Three classes to begin with; more of them, rooms and series come later"),
            minutes=4,
            url_name="bookings:start_timetable",
            is_done=_has_timetable,
        )
    )
    register(
        Step(
            word="packages",
            place=40,
            title=_("Packages"),
            about=_("What people buy and which classes take it, or everything free for now"),
            minutes=2,
            url_name="bookings:start_packages",
            is_done=_has_packages,
        )
    )
    register(
        Step(
            word="training",
            place=70,
            title=_("Three minutes of practice"),
            about=_("A studio of made-up people: check in, take back, book, with nothing at stake"),
            minutes=3,
            url_name="bookings:practice",
            is_done=_has_trained,
        )
    )
