"""The settings that bookings obey, and which of them cannot hold together."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.preferences.registry import Conflict, Group, Scope, Setting

BOOKING_RULES = (
    Setting(
        "opens_hours",
        _("Booking opens"),
        _("Members cannot book earlier; staff are warned. A class can have its own time."),
        _("hours before the start"),
    ),
    Setting(
        "closes_minutes",
        _("Booking closes"),
        _("Members cannot book later; staff are warned. A class can have its own time."),
        _("minutes before the start"),
    ),
    Setting(
        "cancel_hours",
        _("Free cancellation until"),
        _("A cancellation after that is late. It holds for bookings from now on; those made keep the rule they had."),
        _("hours before the start"),
    ),
)
WAITING_LIST = (
    Setting(
        "waiting_places",
        _("Places on the waiting list"),
        _("So many can wait for one class; none: no list."),
        _("places"),
    ),
    Setting(
        "waiting_cutoff_minutes",
        _("A free place is offered until"),
        _("From then on a free place goes to whoever books it first."),
        _("minutes before the start"),
    ),
    Setting(
        "waiting_hold_minutes",
        _("A place offered is held for"),
        _("Then it is offered to the next one. Never beyond the start of the class, never under 5 minutes."),
        _("minutes"),
    ),
)
CHECK_IN = (
    Setting(
        "grace_minutes",
        _("Grace after the end"),
        _("A booking without a tick becomes a no-show so long after the end of the class."),
        _("minutes"),
    ),
    Setting(
        "correction_hours",
        _("Corrections until"),
        _("So long after the end of a class its ticks and bookings can be changed, and at least until midnight."),
        _("hours after the end"),
    ),
)


def effective(scope: Scope, values: Mapping[str, Any]) -> dict[str, Any]:
    """The rules as they would hold: what is empty at a location comes from the studio."""
    found = {setting.field: values.get(setting.field) for setting in (*BOOKING_RULES, *WAITING_LIST)}
    if scope.location:
        for name, value in found.items():
            found[name] = getattr(scope.studio, name) if value is None else value
    return found


def conflicting(rules: Mapping[str, Any]) -> list[Conflict]:
    """Which of these rules cannot hold together? The values are those that apply, None: no such rule."""
    opens, closes = rules.get("opens_hours"), rules.get("closes_minutes")
    cancel, cutoff = rules.get("cancel_hours"), rules.get("waiting_cutoff_minutes")
    opens_minutes = None if opens is None else opens * 60
    facts = {"opens": opens, "closes": closes, "cancel": cancel, "cutoff": cutoff}
    possible = [
        (
            _at_least(closes, opens_minutes),
            ("opens_hours", "closes_minutes"),
            gettext("Booking would close (%(closes)s minutes before) before it opens (%(opens)s hours before)."),
        ),
        (
            bool(cancel) and _at_least(cancel, opens),
            ("opens_hours", "cancel_hours"),
            gettext("No booking could be cancelled free: that ends %(cancel)s hours, booking opens %(opens)s before."),
        ),
        (
            _at_least(cutoff, opens_minutes),
            ("opens_hours", "waiting_cutoff_minutes"),
            gettext("No place could be offered: that ends %(cutoff)s minutes, booking opens %(opens)s hours before."),
        ),
        (
            closes is not None and cutoff is not None and cutoff < closes,
            ("closes_minutes", "waiting_cutoff_minutes"),
            gettext("Places would be offered until %(cutoff)s minutes before, but booking closes %(closes)s before."),
        ),
    ]
    return [Conflict(fields, words % facts) for holds, fields, words in possible if holds]


def _at_least(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one >= other


def booking_conflicts(scope: Scope, values: Mapping[str, Any]) -> list[Conflict]:
    """Conflicts of what was typed; a studio's rule is also read with the locations that have one of their own."""
    found = conflicting(effective(scope, values))
    if scope.location:
        return found
    said = {conflict.fields for conflict in found}
    for place in scope.studio.locations.in_order():
        own = {setting.field: getattr(place, setting.field) for setting in BOOKING_RULES}
        merged = {
            name: value if own.get(name) is None else own[name] for name, value in effective(scope, values).items()
        }
        for conflict in conflicting(merged):
            if conflict.fields not in said:
                words = gettext("At %(place)s: %(words)s") % {"place": place.name, "words": conflict.words}
                found.append(Conflict(conflict.fields, words))
    return found


BOOKING = Group(
    word="booking",
    label=_("Booking rules"),
    summary=_("When booking opens and closes, free cancellation, waiting list"),
    icon="calendar-clock",
    of_studio=(*BOOKING_RULES, *WAITING_LIST),
    of_location=BOOKING_RULES,
    conflicts=booking_conflicts,
)
CHECK_IN_GROUP = Group(
    word="check-in",
    label=_("Check-in"),
    summary=_("Grace and correction limit"),
    icon="check",
    of_location=CHECK_IN,
)

PRACTICE_GROUP = Group(
    word="practice",
    label=_("Practice"),
    summary=_("A studio of made-up people, in and out with one click"),
    icon="graduation-cap",
    of_studio=(Setting("practice", _("Practice"), _("Nothing in it is counted, paid or mailed.")),),
    url_name="bookings:practice",
)
