"""What of the timetable and of bookings leaves with a studio."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as lazy

from bookings import open_active
from bookings.models import (
    CalendarFeed,
    CalendarItem,
    ItemPackage,
    Pulse,
    Recurrence,
    Reservation,
    ReservationEvent,
    Room,
    ScheduledSession,
    Spot,
    WaitingEntry,
    WaitingEvent,
)
from bookings.states import STATE_WORDS
from packages.rules import Verdict
from portal.leaving.own import MACHINERY, SECRET
from portal.leaving.registry import Derived, export, leave_out, register_files

COUNT_WORDS = {
    Verdict.COUNTED: lazy("counts"),
    Verdict.NOT_COUNTED: lazy("does not count"),
    Verdict.NOT_YET: lazy("does not count yet"),
}


def register() -> None:
    export(Room, "rooms")
    export(Spot, "spots")
    export(CalendarItem, "calendar_items")
    export(ItemPackage, "calendar_item_packages")
    export(Recurrence, "recurrences")
    export(ScheduledSession, "sessions")
    export(
        Reservation,
        "reservations",
        derived={
            "state_word": Derived("text", lazy("What became of it, as screens show it."), STATE_WORDS),
            "count_word": Derived("text", lazy("Whether it counts against its purchase."), COUNT_WORDS),
        },
        annotate=_with_words,
    )
    export(ReservationEvent, "reservation_events")
    export(WaitingEntry, "waiting_entries")
    export(WaitingEvent, "waiting_events")
    export(CalendarFeed, "calendar_feeds", without={"secret_hash": SECRET})
    leave_out(Pulse, MACHINERY)
    register_files("open_active", open_active.feeds)


def _with_words(rows: Any, now: datetime) -> Any:
    return rows.with_state(now).with_count(now)
