"""Reservation history as a kind of import: what is asked, and how it is undone."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from bookings.actions.importing import changed_elsewhere, count_places, lock_sessions, record_restored
from bookings.imports.rules import Said
from bookings.imports.targets import STATUS_WORDS, TARGETS
from bookings.imports.visits import LEAVE_OUT, place_key
from bookings.models import CalendarItem, Reservation, ScheduledSession
from bookings.resources import ReservationResource
from bookings.rules import State
from bookings.states import STATE_WORDS
from portal.imports import questions
from portal.imports.kinds import ImportKind, Mapped, Question
from portal.imports.mapping import plain
from portal.imports.reading import Table
from portal.imports.rows import RowResource
from portal.imports.undoing import USED_SINCE, take_back
from portal.models import ImportRow, ImportRun, Member, Studio

MOMENTS = ("starts_at", "booked_at", "cancelled_at", "checked_in_at")
WHAT_BECAME = {"cancelled_at", "cancelled", "checked_in_at", "checked_in", "status"}
MOST_PLACES, MOST_WORDS = 60, 40


CHANGE_WORDS = {
    "member": gettext_noop("member"),
    "session": gettext_noop("class"),
    "location": gettext_noop("location"),
    "starts_at": gettext_noop("start of the class"),
    "ends_at": gettext_noop("start of the class"),
    "booked_at": gettext_noop("booked at"),
    "cancelled_at": gettext_noop("cancelled at"),
    "checked_in_at": gettext_noop("checked in at"),
    "booking": gettext_noop("status"),
    "attendance": gettext_noop("status"),
    "excused": gettext_noop("status"),
    "flagged": gettext_noop("what to look at"),
}


class ReservationImport(ImportKind):
    word = "reservations"
    label = gettext_lazy("Reservation history")
    explanation = gettext_lazy("One row per booking: who, which class, when, and what became of it.")
    targets = TARGETS

    def columns(self) -> list[str]:
        return [_("Member"), _("Class"), _("Start"), _("Location"), _("State")]

    def show(self, row: ImportRow) -> dict[str, Any]:
        shown = row.shown
        return {
            "row": row,
            "cells": [shown.get("member", ""), shown.get("class", ""), _start(shown), shown.get("location", "")],
            "state": shown.get("state", ""),
            "changes": sorted({_(CHANGE_WORDS[name]) for name in row.changes}),
        }

    def new_objects(self, counts: Mapping[str, int]) -> list[str]:
        words = (
            ("new_member", lambda n: ngettext("%(count)d new member", "%(count)d new members", n)),
            ("new_calendaritem", lambda n: ngettext("%(count)d new class", "%(count)d new classes", n)),
            ("new_scheduledsession", lambda n: ngettext("%(count)d new session", "%(count)d new sessions", n)),
        )
        return [word(counts[name]) % {"count": counts[name]} for name, word in words if counts.get(name)]

    def problems(self, table: Table, mapping: Mapped) -> list[str]:
        found = []
        if not {"member_number", "member_email"} & set(mapping):
            found.append(_("Choose the column with the member number or the one with the e-mail."))
        if "class_name" not in mapping:
            found.append(_("Choose the column with the name of the class."))
        if "starts_at" not in mapping:
            found.append(_("Choose the column with the start of the class."))
        if not WHAT_BECAME & set(mapping) & set(mapping):
            found.append(_("Choose a column that says who came or who cancelled; else all would be no-shows."))
        for name, values, most in (
            ("place", {place_key(*pair) for pair in _pairs(table, mapping)}, MOST_PLACES),
            ("status", set(table.column(mapping["status"])) if "status" in mapping else set(), MOST_WORDS),
        ):
            if len(values) > most:
                label = next(target.words for target in TARGETS if target.name == name)
                found.append(
                    _("The column for “%(label)s” has %(count)s different values. Is it the right one?")
                    % {"label": label, "count": len(values)}
                )
        return found

    def questions(self, studio: Studio, table: Table, mapping: Mapped) -> list[Question]:
        return [
            *self._places(studio, table, mapping),
            *questions.date_order(table, mapping, MOMENTS),
            Question(
                name="times",
                group=_("Dates"),
                label=_("Times of day in the file are"),
                choices=[("local", _("local time at the location")), ("utc", _("UTC"))],
                suggested="local",
            ),
            *self._statuses(table, mapping),
            *self._origin(mapping),
        ]

    def _origin(self, mapping: Mapped) -> list[Question]:
        if "external_ref" not in mapping:
            return []
        return [
            Question(
                name="origin",
                group=_("Booking numbers"),
                label=_("Name of the other system"),
                choices=[],
                help=_(
                    "Only needed when files of two systems use the same booking numbers. Letters, digits and hyphens."
                ),
            )
        ]

    def _places(self, studio: Studio, table: Table, mapping: Mapped) -> list[Question]:
        locations = [(place.slug, f"{place.name} ({place.zone})") for place in studio.locations.in_order()]
        only = locations[0][0] if len(locations) == 1 else ""
        if not {"place", "address"} & set(mapping):
            return [
                Question(
                    name="place",
                    group=_("Locations"),
                    label=_("Where did these classes take place?"),
                    choices=locations,
                    suggested=only,
                )
            ]
        rows = Counter(_pairs(table, mapping))
        choices = [*locations, (LEAVE_OUT, _("Leave these rows out"))]
        same_address = {address: place for place, address in rows if place and address}
        found: dict[str, Question] = {}
        for place, address in sorted(rows, key=lambda pair: -rows[pair]):
            key = place_key(place, address)
            if key in found:
                continue
            count = sum(n for pair, n in rows.items() if place_key(*pair) == key)
            words = ngettext("%(count)d row", "%(count)d rows", count) % {"count": count}
            label = place or (
                _("no studio named, %(address)s") % {"address": address} if address else _("no studio named")
            )
            twin = "" if place else same_address.get(address, "")
            found[key] = Question(
                name=key,
                group=_("Locations"),
                label=f"{label} · {words}",
                choices=choices,
                suggested=only or _location_named(place, locations),
                help=_("The same address as %(studio)s.") % {"studio": twin} if twin else "",
            )
        return sorted(found.values(), key=lambda question: question.name.startswith("address:"), reverse=True)

    def _statuses(self, table: Table, mapping: Mapped) -> list[Question]:
        if "status" not in mapping:
            return []
        words = Counter(text for text in table.column(mapping["status"]) if text)
        choices = [(said.value, str(STATE_WORDS[State(said.value)])) for said in Said]
        found: dict[str, Question] = {}
        for word, count in words.most_common(MOST_WORDS):
            rows = ngettext("%(count)d row", "%(count)d rows", count) % {"count": count}
            found.setdefault(
                f"status:{plain(word)}",
                Question(
                    name=f"status:{plain(word)}",
                    group=_("Words for what became of a booking"),
                    label=f"{word} · {rows}",
                    choices=[*choices, (LEAVE_OUT, _("Leave these rows out"))],
                    suggested=next((said for said, known in STATUS_WORDS.items() if plain(word) in known.split()), ""),
                ),
            )
        return list(found.values())

    def resource(self, run: ImportRun, table: Table, *, now: datetime, write: bool) -> ReservationResource:
        numbers = table.column(run.mapping["member_number"]) if "member_number" in run.mapping else ()
        return ReservationResource(run, now=now, write=write, numbers_in_file=numbers)

    def finish(self, resource: RowResource, *, now: datetime) -> None:
        if isinstance(resource, ReservationResource):
            resource.close()

    def undo(
        self, run: ImportRun, rows: Sequence[ImportRow], *, now: datetime, keep_job: Callable[[], None]
    ) -> dict[int, str]:
        """Reservations first, then the sessions, classes and members that nothing else needs."""
        written = [record for row in rows for record in row.written if record["model"] == "reservation"]
        pks = [record["pk"] for record in written]
        sessions = ScheduledSession.objects.filter(reservations__in=pks) if pks else ScheduledSession.objects.none()
        locked = lock_sessions(ScheduledSession.objects.filter(pk__in=sessions.values("pk")))
        used = changed_elsewhere(pks, but_by_the_clock=False)
        kept = {row.line: USED_SINCE for row in rows for record in row.written if _is_in(record, used)}
        free = [row for row in rows if row.line not in kept]
        kept |= take_back(Reservation, free, keep_job=keep_job)
        restored = [
            (row.line, record["pk"])
            for row in free
            for record in row.written
            if record["model"] == "reservation" and record.get("changed") and row.line not in kept
        ]
        moved = Reservation.objects.filter(pk__in=[pk for _line, pk in restored]).values_list("session_id", flat=True)
        count_places({session.pk for session in locked} | set(moved))
        for model in (ScheduledSession, CalendarItem, Member):
            for line, why in take_back(model, rows, keep_job=keep_job).items():
                kept.setdefault(line, why)
        record_restored(run.studio_id, run.pk, restored, now=now)
        return kept


def _start(shown: dict[str, Any]) -> str:
    """Local date and time in the reader's way; of a refused row, what stands in the file."""
    try:
        return date_format(datetime.fromisoformat(shown["start"]), "SHORT_DATETIME_FORMAT")
    except (KeyError, ValueError):
        return str(shown.get("start", ""))


def _is_in(record: dict[str, object], pks: set[int]) -> bool:
    return record["model"] == "reservation" and record["pk"] in pks


def _pairs(table: Table, mapping: Mapped) -> list[tuple[str, str]]:
    """Studio and address of each row, empty where there is no such column."""
    blank = [""] * len([row for row in table.rows if not row.problem])
    places = table.column(mapping["place"]) if "place" in mapping else blank
    addresses = table.column(mapping["address"]) if "address" in mapping else blank
    return list(zip(places, addresses, strict=True))


def _location_named(place: str, locations: list[tuple[str, str]]) -> str:
    return next((slug for slug, _words in locations if slug == slugify(place)), "")
