"""Two profiles of one person become one; for 30 days they can be two again (Q23)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction

from portal.changes import record_change
from portal.members.addresses import record_addresses
from portal.members.holdings import Preview, holdings
from portal.models import DuplicateSuggestion, Member, MemberMerge, StaffLogin

UNDO_WITHIN = timedelta(days=30)
# What a person is asked to choose where the two differ.
FIELDS = ("first_name", "last_name", "email", "phone", "joined_on", "photo", "blocked_reason")
_KEPT_DATA = (*FIELDS, "notes")
_NOTES_LENGTH = 2000
_TRIES = 5


class Obstacle(StrEnum):
    SAME = "same"
    GONE = "gone"
    TOO_LATE = "too_late"
    UNDONE = "undone"
    MERGED_ON = "merged_on"
    SCRUBBED = "scrubbed"


class CannotMerge(Exception):
    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle)
        self.obstacle = obstacle


class _ChangedMeanwhile(Exception):
    """Between the locks of what the members hold and the locks of the members, something was booked."""


@dataclass(frozen=True)
class Choice:
    """One field in which the two differ. `suggested` is the member whose value wins unless somebody says otherwise."""

    field: str
    kept: Any
    merged: Any
    suggested: str  # "kept" or "merged"


def choices(kept: Member, merged: Member) -> list[Choice]:
    """The fields in which the two differ: what is filled wins over what is empty, the older start over the later."""
    return [
        Choice(name, getattr(kept, name), getattr(merged, name), _suggested(name, kept, merged))
        for name in FIELDS
        if _plain(kept, name) != _plain(merged, name)
    ]


def preview(kept: Member, merged: Member) -> list[Preview]:
    """What would move, holding by holding; those without anything to say are left out."""
    found = (holding.preview(merged, kept) for holding in holdings())
    return [one for one in found if one.number or one.clashes]


def merge(kept: Member, merged: Member, *, take: Mapping[str, str], by: StaffLogin, now: datetime) -> MemberMerge:
    """Give everything of `merged` to `kept`. `take`: for fields that differ, whose value stays ("kept" or "merged").

    Both are locked, after what they hold: a booking for either waits, and one for `merged` becomes one for `kept`.
    Raises CannotMerge.
    """
    for _try in range(_TRIES):
        try:
            with transaction.atomic():
                return _merge(kept, merged, take=take, by=by, now=now)
        except _ChangedMeanwhile:
            continue
    raise _ChangedMeanwhile


def _merge(kept: Member, merged: Member, *, take: Mapping[str, str], by: StaffLogin, now: datetime) -> MemberMerge:
    locked = [holding.lock(merged, kept) for holding in holdings()]
    kept, merged = _locked(kept, merged)
    if locked != [holding.lock(merged, kept) for holding in holdings()]:
        raise _ChangedMeanwhile
    before = {"kept": _data(kept), "merged": _data(merged)}
    wanted = {choice.field: take.get(choice.field, choice.suggested) for choice in choices(kept, merged)}
    moved = {holding.key: holding.move(merged, kept, by=by, now=now) for holding in holdings()}
    _write_data(kept, merged, [name for name, whose in wanted.items() if whose == "merged"])
    before["set"] = _data(kept)
    done = MemberMerge.objects.create(
        studio_id=kept.studio_id, kept=kept, merged=merged, before=before, moved=moved, by=by, merged_at=now
    )
    _remember_words(kept)
    DuplicateSuggestion.objects.filter(one__in=(kept, merged), other__in=(kept, merged)).delete()
    was = [(one, before[side]["email"], one.email) for one, side in ((kept, "kept"), (merged, "merged"))]
    record_addresses(was, studio=by.studio, by=by, now=now, untold=[kept.email])
    record_change(kept, "merged", studio=by.studio, by=by, now=now, after={"number": merged.number})
    return done


def locked_kept(member: Member) -> Member:
    """Who this member is by now, merged or not, and stays until the commit: a merge that is at work is waited for."""
    while True:
        member = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
        if member.merged_into is None:
            return member
        member = member.merged_into


def undo_merge(done: MemberMerge, *, by: StaffLogin, now: datetime) -> list[str]:
    """Make two profiles of it again: what was moved goes back, what came since stays. Sentences on what could not be.

    Raises CannotMerge: after 30 days, undone already, scrubbed, or the kept one was merged into another since.
    """
    with transaction.atomic():
        done = MemberMerge.objects.select_for_update().get(pk=done.pk)
        for holding in holdings():
            holding.lock(done.merged, done.kept, done.moved.get(holding.key))
        members = {
            member.pk: member
            for member in Member.objects.select_for_update()
            .filter(pk__in=(done.kept_id, done.merged_id))
            .order_by("pk")
        }
        kept, merged = members[done.kept_id], members[done.merged_id]
        before = [(one, one.email) for one in (kept, merged)]
        if obstacle := obstacle_to_undo(done, kept, now=now):
            raise CannotMerge(obstacle)
        _restore_data(done, kept, merged)
        left = [
            sentence
            for holding in reversed(holdings())
            if holding.key in done.moved
            for sentence in holding.restore(done.moved[holding.key], merged, kept, by=by, now=now)
        ]
        done.undone_at, done.undone_by = now, by
        done.save(update_fields=["undone_at", "undone_by"])
        _remember_words(kept)
        was = [(one, email, one.email) for one, email in before]
        record_addresses(was, studio=by.studio, by=by, now=now, untold=[kept.email, merged.email])
        record_change(kept, "separated", studio=by.studio, by=by, now=now, after={"number": merged.number})
        return left


def obstacle_to_undo(done: MemberMerge, kept: Member, *, now: datetime) -> Obstacle | None:
    if done.undone_at is not None:
        return Obstacle.UNDONE
    if kept.scrubbed_at is not None or not done.before:
        return Obstacle.SCRUBBED
    if now > done.merged_at + UNDO_WITHIN:
        return Obstacle.TOO_LATE
    return Obstacle.MERGED_ON if kept.merged_into_id is not None else None


def _locked(kept: Member, merged: Member) -> tuple[Member, Member]:
    """Both rows as they are now, locked in the order of their ids. Raises CannotMerge."""
    if kept.pk == merged.pk:
        raise CannotMerge(Obstacle.SAME)
    pair = Member.objects.select_for_update().filter(studio_id=kept.studio_id, pk__in=(kept.pk, merged.pk))
    found = {member.pk: member for member in pair.order_by("pk")}
    if len(found) < 2 or any(one.merged_into_id or one.scrubbed_at for one in found.values()):
        raise CannotMerge(Obstacle.GONE)
    return found[kept.pk], found[merged.pk]


def _write_data(kept: Member, merged: Member, taken: list[str]) -> None:
    """The chosen values, and the notes of both. The merged row keeps its name and lets go of its unique e-mail."""
    email, photo = merged.email, merged.photo.name
    for name in taken:
        if name not in ("email", "photo"):
            setattr(kept, name, getattr(merged, name))
    if "photo" in taken:  # each row has its own file, so that a new photo deletes nobody else's
        kept.photo.name, merged.photo.name = photo, kept.photo.name
    kept.notes = "\n".join(filter(None, (kept.notes, merged.notes)))[:_NOTES_LENGTH]
    merged.email, merged.merged_into = "", kept
    merged.save(update_fields=["email", "photo", "merged_into"])
    if "email" in taken:
        kept.email = email
    kept.save(update_fields=[*_KEPT_DATA])


def _restore_data(done: MemberMerge, kept: Member, merged: Member) -> None:
    """Each value that nobody changed since, as it was before."""
    before, written = done.before["kept"], done.before["set"]
    for name in _KEPT_DATA:
        if _plain(kept, name) == written[name]:
            _set(kept, name, before[name])
    kept.save(update_fields=[*_KEPT_DATA])
    _set(merged, "photo", done.before["merged"]["photo"])
    email = done.before["merged"]["email"]
    merged.email = "" if email and merged.studio.members.with_email(email).exists() else email
    merged.merged_into = None
    merged.save(update_fields=["photo", "email", "merged_into"])


def _remember_words(kept: Member) -> None:
    """By what those who were merged into this one can still be found."""
    merges = MemberMerge.objects.filter(kept=kept, undone_at=None).select_related("merged")
    words = [
        " ".join(filter(None, [one.merged.name, one.merged.number, one.before["merged"]["email"], one.merged.phone]))
        for one in merges
        if one.before
    ]
    deeper = kept.merged_members.exclude(merged_words="").values_list("merged_words", flat=True)
    kept.merged_words = "\n".join([*words, *deeper])
    kept.save(update_fields=["merged_words"])


def _suggested(name: str, kept: Member, merged: Member) -> str:
    mine, theirs = getattr(kept, name), getattr(merged, name)
    if name == "joined_on" and mine and theirs:
        return "merged" if theirs < mine else "kept"
    return "kept" if mine or not theirs else "merged"


def _data(member: Member) -> dict[str, Any]:
    return {name: _plain(member, name) for name in _KEPT_DATA}


def _plain(member: Member, name: str) -> Any:
    value = getattr(member, name)
    if name == "photo":
        return value.name or ""
    return value.isoformat() if isinstance(value, date) else value


def _set(member: Member, name: str, value: Any) -> None:
    if name == "joined_on" and value:
        value = date.fromisoformat(value)
    setattr(member, name, value)
