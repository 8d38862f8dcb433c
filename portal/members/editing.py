"""Changing a member's data, blocking, and notes: each by one person, and in the studio's log."""

from datetime import datetime
from typing import Any

from django.db import transaction

from portal.changes import changed_values, record_change
from portal.members.addresses import tell_old_addresses
from portal.models import Member, MemberNote, StaffLogin

EDITABLE = ["first_name", "last_name", "email", "phone", "joined_on", "notes"]


def edit(member: Member, values: dict[str, Any], *, by: StaffLogin, now: datetime) -> bool:
    """Write these values of `EDITABLE` fields; whether anything differed. Duplicates are looked for again, and
    an address that was given up is told."""
    with transaction.atomic():
        old = Member.objects.select_for_update().get(pk=member.pk)
        new = Member.objects.get(pk=member.pk)
        for name in EDITABLE:
            setattr(new, name, values.get(name, getattr(new, name)))
        before, after = changed_values(old, new, EDITABLE)
        if not after:
            return False
        new.compared_at = None
        new.save(update_fields=[*EDITABLE, "compared_at"])
        change = record_change(new, "edited", studio=by.studio, by=by, now=now, before=before, after=after)
        tell_old_addresses([change], studio=by.studio)
        return True


def block(member: Member, reason: str, *, by: StaffLogin, now: datetime) -> None:
    """Nobody books for the member from now on, but staff who say so; an empty reason lifts the block."""
    with transaction.atomic():
        old = Member.objects.select_for_update().get(pk=member.pk)
        if old.blocked_reason == reason:
            return
        Member.objects.filter(pk=member.pk).update(blocked_reason=reason)
        record_change(
            member,
            "blocked" if reason else "unblocked",
            studio=by.studio,
            by=by,
            now=now,
            before={"blocked_reason": old.blocked_reason},
            after={"blocked_reason": reason},
        )


def write_note(member: Member, text: str, *, for_next_visit: bool, by: StaffLogin, now: datetime) -> MemberNote:
    return MemberNote.objects.create(
        member=member, text=text, for_next_visit=for_next_visit, written_by=by, written_at=now
    )


def finish_note(note: MemberNote, *, by: StaffLogin, now: datetime) -> None:
    """It has been said, or does not hold any more; who did that first stays on record."""
    MemberNote.objects.filter(pk=note.pk, done_at=None).update(done_at=now, done_by=by)


def reopen_note(note: MemberNote) -> None:
    MemberNote.objects.filter(pk=note.pk).update(done_at=None, done_by=None)
