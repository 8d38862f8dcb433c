"""A row of a reservation history, read: texts become moments, places and words, or a reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_noop as _

from bookings.imports.rules import Said
from bookings.imports.targets import NO, YES
from portal.imports.dates import NotADate, Order, read_moment
from portal.imports.mapping import plain
from portal.imports.rows import Text
from portal.models import Location

LEAVE_OUT = "-"
UTC_ZONE = ZoneInfo("UTC")

_TEXTS = {
    "external_ref": Text(100),
    "member_number": Text(40),
    "member_email": Text(254, validate_email),
    "member_name": Text(200),
    "class_name": Text(100),
}


def place_key(place: str, address: str) -> str:
    """What a person is asked about: the studio's name in the file or, where there is none, the address."""
    return f"place:{place.strip()}" if place.strip() else f"address:{address.strip()}"


@dataclass
class Visit:
    """One row. `errors` by column: why it cannot be imported; the other values then mean nothing."""

    line: int
    errors: dict[str, ValidationError] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    ref: str = ""
    location: Location | None = None
    starts_at: datetime | None = None  # both are known where there are no errors
    booked_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled: bool = False
    checked_in_at: datetime | None = None
    checked_in: bool = False
    status: Said | None = None


class Reader:
    """Reads rows by the answers that a person gave."""

    def __init__(self, answers: Mapping[str, str], locations: Mapping[str, Location]) -> None:
        self.order = Order(answers.get("order", Order.YEAR))
        self.answers, self.locations = answers, locations
        # Two systems may have given the same number to two bookings.
        self.prefix = f"{answers['origin']}:" if answers.get("origin") else ""
        self.in_utc = answers.get("times") == "utc"

    def read(self, line: int, row: Mapping[str, str]) -> Visit:
        visit = Visit(line)
        for column, widget in _TEXTS.items():
            visit.texts[column] = self._try(visit, column, widget.clean, row[column]) or ""
        if not visit.texts["member_number"] and not visit.texts["member_email"]:
            self._refuse(visit, "member_number", _("There is neither a member number nor an e-mail."))
        if not visit.texts["class_name"]:
            self._refuse(visit, "class_name", _("There is no class."))
        self._place(visit, row)
        if visit.location is not None:
            self._moments(visit, row, visit.location)
        visit.cancelled = self._try(visit, "cancelled", _yes, row["cancelled"]) or False
        visit.checked_in = self._try(visit, "checked_in", _yes, row["checked_in"]) or False
        visit.status = self._try(visit, "status", self._status, row["status"])
        if not visit.errors:
            visit.ref = self.prefix + (visit.texts["external_ref"] or self._own_ref(visit))
        return visit

    def _place(self, visit: Visit, row: Mapping[str, str]) -> None:
        slug = self.answers.get(place_key(row["place"], row["address"])) or self.answers.get("place", "")
        visit.location = self.locations.get(slug)
        if visit.location is None:
            text = (
                _("You chose to leave these rows out.")
                if slug == LEAVE_OUT
                else _("Nobody said which location this is.")
            )
            self._refuse(visit, "place", text)

    def _moments(self, visit: Visit, row: Mapping[str, str], location: Location) -> None:
        if not row["starts_at"].strip():
            self._refuse(visit, "starts_at", _("There is no date."))
            return
        visit.starts_at = self._moment(visit, "starts_at", row["starts_at"], location, clock=row["start_clock"].strip())
        day = visit.starts_at and location.local_day(visit.starts_at)
        for column in ("booked_at", "cancelled_at", "checked_in_at"):
            if row[column].strip():
                setattr(visit, column, self._moment(visit, column, row[column], location, day=day))

    def _moment(
        self, visit: Visit, column: str, text: str, location: Location, *, clock: str = "", day: date | None = None
    ) -> datetime | None:
        zone = UTC_ZONE if self.in_utc else location.tz
        try:
            return read_moment(text, order=self.order, zone=zone, clock=clock, day=day)
        except NotADate as error:
            visit.errors[column] = ValidationError(error.text, params={"value": error.value[:100]})
            return None

    def _status(self, text: str) -> Said | None:
        answer = self.answers.get(f"status:{plain(text)}", "")
        if answer == LEAVE_OUT:
            raise ValidationError(_("You chose to leave these rows out."))
        if not answer and text.strip():
            raise ValidationError(_("Nobody said what “%(word)s” means."), params={"word": text.strip()[:100]})
        return Said(answer) if answer else None

    def _own_ref(self, visit: Visit) -> str:
        """A name for a row that has none: the same for the same member, class, start and time of booking."""
        facts = [
            visit.texts["member_number"] or visit.texts["member_email"].lower(),
            str(visit.location and visit.location.pk),
            visit.texts["class_name"].casefold(),
            str(visit.starts_at),
            str(visit.booked_at or ""),
        ]
        return "row:" + sha256("\0".join(facts).encode()).hexdigest()[:32]

    def _try(self, visit: Visit, column: str, clean: Any, text: str) -> Any:
        try:
            return clean(text)
        except ValidationError as error:
            visit.errors[column] = error
            return None

    @staticmethod
    def _refuse(visit: Visit, column: str, text: str) -> None:
        visit.errors.setdefault(column, ValidationError(text))


def _yes(text: str) -> bool:
    word = text.strip().casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValidationError(_("“%(word)s” is neither yes nor no."), params={"word": text.strip()[:100]})
