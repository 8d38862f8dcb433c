"""A month is signed by name before it is invoiced, and the signature taken back until then (N8)."""

from datetime import date, datetime
from enum import StrEnum

from django.db import transaction

from invoicing import rules
from invoicing.actions.locking import behind_issues
from invoicing.models import MonthClosing
from invoicing.selectors.closing import has_unclaused, is_issued
from portal.changes import record_change
from portal.models import StaffLogin, Studio


class NotYet(StrEnum):
    NOT_OVER = "not_over"
    ISSUED = "issued"
    NO_CLAUSE = "no_clause"


class NotSigned(Exception):
    """`reason` says why the month was not signed or taken back; nothing was changed."""

    def __init__(self, reason: NotYet) -> None:
        super().__init__(reason)
        self.reason = reason


def sign(studio: Studio, month: date, *, by: StaffLogin, now: datetime) -> MonthClosing:
    """The month (its first day) was looked at by this person. The first signature stays. Issues nothing by itself.

    Raises NotSigned: the month is not over at each location, is issued, or has visits that no contract's terms cover.
    """
    with transaction.atomic():
        locked = _locked(studio)
        if (made := MonthClosing.objects.filter(studio=locked, month=month).first()) is not None:
            return made
        if any(rules.ends_at(month, place.tz) > now for place in locked.locations.all()):
            raise NotSigned(NotYet.NOT_OVER)
        if is_issued(locked, month):
            raise NotSigned(NotYet.ISSUED)
        if has_unclaused(locked, month, now=now):
            raise NotSigned(NotYet.NO_CLAUSE)
        made = MonthClosing.objects.create(
            studio=locked, month=month, signed_at=now, login=by, name=by.user.name or by.user.email
        )
        record_change(made, "signed", studio=locked, by=by, now=now, after={"month": month})
        return made


def take_back(studio: Studio, month: date, *, by: StaffLogin, now: datetime) -> bool:
    """Whether there was a signature to take back. Raises NotSigned once an invoice of the month stands."""
    with transaction.atomic():
        locked = _locked(studio)
        if is_issued(locked, month):
            raise NotSigned(NotYet.ISSUED)
        made = MonthClosing.objects.filter(studio=locked, month=month).first()
        if made is None:
            return False
        before = {"month": month, "signed_at": made.signed_at, "name": made.name}
        record_change(made, "signature_taken_back", studio=locked, by=by, now=now, before=before)
        made.delete()
        return True


def _locked(studio: Studio) -> Studio:
    """Behind what is issued of the studio right now."""
    behind_issues([studio.pk])
    return Studio.objects.select_for_update(no_key=True).get(pk=studio.pk)
