"""PINs: set by their person, typed at the desk, counted when wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from portal.changes import record_change
from portal.models import DeskPin, StaffLogin
from portal.staff.rules import PIN_PAUSE_MINUTES, PIN_TRIES, weakness


@dataclass(frozen=True)
class Tried:
    """What came of a PIN that was typed: the row when it was right, else when the next try counts (None: at once)."""

    pin: DeskPin | None
    locked_until: datetime | None = None


@sensitive_variables("digits")
@transaction.atomic
def set_pin(login: StaffLogin, digits: str, *, now: datetime) -> DeskPin:
    """Give the login this PIN instead of the one it had, which opens nothing from now on.

    Raises ValueError for one that is too weak (`rules.weakness`); a form has asked before.
    """
    if weakness(digits):
        raise ValueError("A weak PIN reached set_pin")
    values = {"digits": make_password(digits), "set_at": now, "wrong_tries": 0, "locked_until": None}
    pin, _was_new = DeskPin.objects.update_or_create(login=login, defaults=values)
    record_change(login, "pin_set", studio=login.studio, by=login, now=now)
    return pin


@transaction.atomic
def remove_pin(login: StaffLogin, *, by: StaffLogin, now: datetime) -> None:
    deleted, _by_model = DeskPin.objects.filter(login=login).delete()
    if deleted:
        record_change(login, "pin_removed", studio=login.studio, by=by, now=now)


@sensitive_variables("digits")
@transaction.atomic
def try_pin(login: StaffLogin, digits: str, *, now: datetime) -> Tried:
    """Compare, and count what was wrong: after five the PIN rests for a quarter of an hour, the right one too (S9)."""
    pin = DeskPin.objects.select_for_update().filter(login=login).first()
    if pin is None:
        return Tried(None)
    if pin.locked_until and now < pin.locked_until:
        return Tried(None, pin.locked_until)
    if check_password(digits, pin.digits):
        pin.wrong_tries, pin.locked_until = 0, None
        pin.save(update_fields=["wrong_tries", "locked_until"])
        StaffLogin.objects.filter(pk=login.pk).update(seen_at=now)
        pin.login = login
        return Tried(pin)
    pin.wrong_tries += 1
    if pin.wrong_tries >= PIN_TRIES:
        pin.wrong_tries, pin.locked_until = 0, now + timedelta(minutes=PIN_PAUSE_MINUTES)
        record_change(login, "pin_locked", studio=login.studio, by=None, by_word="desk", now=now)
    pin.save(update_fields=["wrong_tries", "locked_until"])
    return Tried(None, pin.locked_until)
