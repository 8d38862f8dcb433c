"""Deleting a person: what tells who it was goes, what was counted stays under "deleted member 4711" (Q39)."""

from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from portal.changes import record_change
from portal.members.holdings import holdings
from portal.members.merging import CannotMerge, Obstacle
from portal.members.words import PLAIN_NUMBER, people_of
from portal.models import Member, StaffLogin

_TRIES = 5


def profiles_of(member: Member) -> list[Member]:
    """The member's own profile, and those that were merged into it, however deep."""
    found, deeper = [member], [member]
    while deeper:
        deeper = list(Member.objects.filter(merged_into__in=deeper))
        found += deeper
    return found


def scrub(member: Member, *, by: StaffLogin, now: datetime) -> int:
    """Scrub the person for good; how many bookings and waits were still to come and are cancelled with it.

    Files go when the transaction is committed. Raises CannotMerge where the profile is gone already.
    """
    ended = 0
    with transaction.atomic():
        for _try in range(_TRIES):
            members = profiles_of(member)
            ended += sum(holding.let_go(members, by=by, now=now) for holding in holdings())
            locked = Member.objects.select_for_update().filter(pk__in=[one.pk for one in members]).order_by("pk")
            found = {one.pk: one for one in locked}
            more = sum(holding.let_go(members, by=by, now=now) for holding in holdings())
            ended += more
            if not more:
                break
        if found[member.pk].scrubbed_at is not None or found[member.pk].merged_into_id is not None:
            raise CannotMerge(Obstacle.GONE)
        people = people_of(list(found.values()))  # before the first of them forgets
        for holding in holdings():
            holding.scrub(people, now=now)
        files = [(one.photo.storage, one.photo.name) for one in found.values() if one.photo]
        for one in found.values():
            _blank(one, now=now)
        for storage, name in files:
            transaction.on_commit(lambda storage=storage, name=name: storage.delete(name))  # type: ignore[misc]
        record_change(found[member.pk], "scrubbed", studio=by.studio, by=by, now=now)
    return ended


def _blank(member: Member, *, now: datetime) -> None:
    if not PLAIN_NUMBER.fullmatch(member.number):
        member.number = f"#{member.pk}"
    with translation.override(member.studio.language):
        member.first_name = _("deleted member %(number)s") % {"number": member.number}
    member.last_name = member.email = member.phone = member.notes = member.blocked_reason = member.merged_words = ""
    member.photo = ""
    member.joined_on, member.scrubbed_at, member.compared_at = None, now, now
    member.save()
