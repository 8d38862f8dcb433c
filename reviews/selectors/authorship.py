"""What the studio did to the address that a visit's member is written at, as its log has it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from bookings.models import Reservation
from portal.members.addresses import MAIL_CHANGED
from portal.members.masking import GONE
from portal.models import Change, ImportRow, ImportRun, Job, Member, MemberMerge, Studio
from reviews import rules
from reviews.rules import UNKNOWN, AddressChange

_HANDED_OVER = ("merged", "separated")
_MERGE = ("pk", "kept", "merged", "merged_at", "undone_at", "moved")


@dataclass(frozen=True)
class Owned:
    """That a visit was this member's from some moment until another: a merge moved it, or its undo did.

    None: always, or to this day.
    """

    member: int
    since: datetime | None = None
    until: datetime | None = None

    def had(self, moment: datetime) -> bool:
        return (self.since is None or moment > self.since) and (self.until is None or moment < self.until)


class _Moved(NamedTuple):
    """A merge or its undo gave visits of one profile to another. `visits` None: not known any more, one was deleted."""

    at: datetime
    is_undo: bool
    merge: int
    giver: int
    taker: int
    visits: Collection[int] | None


@dataclass(frozen=True)
class Told:
    """What the log says of some members: their lines, and the address of each today (`UNKNOWN` of the deleted)."""

    lines: Mapping[int, Sequence[Change]]
    emails: Mapping[int, str]

    def changes(self, member: int) -> list[Change]:
        return [one for one in self.lines.get(member, ()) if "email" in one.after]

    def address(self, member: int, *, before: datetime | None = None, after: datetime | None = None) -> str:
        """The member's address just before a moment, or just after one."""
        for line in self.changes(member):
            if (before and line.occurred_at >= before) or (after and line.occurred_at > after):
                return _email(line.before)
        return self.emails.get(member, "")

    def line_of(self, moment: datetime, members: Collection[int]) -> int | None:
        """The line that says that a visit went from one of them to the other then."""
        at_once = [line for one in members for line in self.lines.get(one, ()) if line.occurred_at == moment]
        return next((one.pk for one in sorted(at_once, key=lambda one: one.kind not in _HANDED_OVER)), None)


def changes_for(studio: Studio, visits: Mapping[int, int]) -> Mapping[int, list[AddressChange]]:
    """Each visit's changes of the address where its member is written, in their order, by the visit's key.

    `visits`: member by visit, of this studio. Of whoever the visit was at the time: a merge that gave it to another
    profile is a change of its own, and so is its undo. Three queries, and one for each merge behind a merge.
    """
    chains = _chains(studio, visits)
    told = _told(studio, {one.member for chain in chains.values() for one in chain})
    return {visit: list(_along(chain, told)) for visit, chain in chains.items()}


def doubt_of(visit: Reservation, *, asked: str, now: datetime) -> int | None:
    """The line of the log that makes it doubtful whether what comes by the link is the member's word; None: none.

    `asked`: the hash of the address that the link went to, "" where none is kept. Where the log knows no such address
    any more, the youngest line about the profile stands for it. Asked when it is written: what the studio changes
    afterwards takes nothing out of its mean.
    """
    chain = _chains(visit.studio, {visit.pk: visit.member_id})[visit.pk]
    told = _told(visit.studio, {one.member for one in chain})
    changes = list(_along(chain, told))
    if found := rules.change_in_doubt(changes, ends_at=visit.ends_at, now=now):
        return found.key
    if asked and asked not in {address_hash(one) for one in _addresses(visit, changes)}:
        lines = _log(visit.studio).filter(subject_id__in=[one.member for one in chain])
        if (youngest := lines.order_by("id").values_list("pk", flat=True).last()) is not None:
            return youngest
    made = _log(visit.studio).filter(subject_id=chain[0].member, kind="created", by__isnull=False)
    entered, place = made.order_by("id").first(), visit.location
    entered_on = place.local_day(entered.occurred_at) if entered else None
    is_late = rules.is_entered_late(entered_on, visited_on=place.local_day(visit.starts_at))
    return entered.pk if entered and is_late else None


def late_file_of(visit: Reservation) -> tuple[Member, ImportRun] | None:
    """The visit's member and the import that brought them on a later day than the visit; None: none did.

    A file that brings visits as well asks nobody about them (`selectors.asking.reviewable`): a studio that moves in
    with all it has is not meant.
    """
    first = _chains(visit.studio, {visit.pk: visit.member_id})[visit.pk][0].member
    member, place = visit.studio.members.get(pk=first), visit.location
    entered_on, visited_on = place.local_day(member.created_at), place.local_day(visit.starts_at)
    if visit.source == "import" or not rules.is_entered_late(entered_on, visited_on=visited_on):
        return None
    run = _made_by(visit.studio, member)
    return (member, run) if run is not None else None


def _made_by(studio: Studio, member: Member) -> ImportRun | None:
    wrote = ImportRow.objects.filter(run__studio=studio, written__contains=[{"model": "member", "pk": member.pk}])
    for row in wrote.select_related("run").order_by("pk"):
        if any(one["model"] == "member" and one["pk"] == member.pk and one.get("made") for one in row.written):
            return row.run
    return None


def address_hash(email: str) -> str:
    """What is kept of the address that is asked for a review: enough to know it again, not to know it."""
    return salted_hmac("reviews.address", email.strip().lower(), algorithm="sha256").hexdigest()


def address_asked(visit: Reservation, asked: str) -> str:
    """The address of this hash: the member's, or one that they had; "" where the log knows it not."""
    changes = changes_for(visit.studio, {visit.pk: visit.member_id})[visit.pk]
    return next((one for one in _addresses(visit, changes) if address_hash(one) == asked), "")


@dataclass
class Address:
    """One of the addresses that a visit's member had. `since`, `until` None: always, or to this day.

    `email` "": none, "[…]": not known any more. `is_asked`: the link went there. `told_at`: when a mail told it that it
    was changed; None: it was not, or nothing is known of that (any more).
    """

    email: str
    since: datetime | None
    until: datetime | None
    is_asked: bool
    told_at: datetime | None


def addresses_in_time(visit: Reservation, *, asked: str) -> list[Address]:
    """Every address that the visit's member had, the first one first. `asked`: the hash of the one that was."""
    chain = _chains(visit.studio, {visit.pk: visit.member_id})[visit.pk]
    told = _told(visit.studio, {one.member for one in chain})
    changes = [one for one in _along(chain, told) if one.before != one.after or UNKNOWN in (one.before, one.after)]
    moments = [None, *(one.at for one in changes), None]
    emails = [changes[0].before if changes else visit.member.email, *(one.after for one in changes)]
    mails = _mails(visit.studio, [line for one in chain for line in told.changes(one.member)])
    return [
        Address(
            email=GONE if email == UNKNOWN else email,
            since=since,
            until=until,
            is_asked=bool(email) and address_hash(email) == asked,
            told_at=mails.get((email.casefold(), until)),
        )
        for email, since, until in zip(emails, moments, moments[1:], strict=False)
    ]


def _mails(studio: Studio, lines: Sequence[Change]) -> dict[tuple[str, datetime | None], datetime]:
    """When the mail about each of these changes was done, by the old address and the moment of the change."""
    jobs = Job.objects.filter(studio=studio, kind=MAIL_CHANGED, done_at__isnull=False, last_error="")
    done = dict(jobs.filter(payload__change__in=[one.pk for one in lines]).values_list("payload__change", "done_at"))
    return {(_email(one.before).casefold(), one.occurred_at): done[one.pk] for one in lines if one.pk in done}


def _addresses(visit: Reservation, changes: Iterable[AddressChange]) -> list[str]:
    """Every address that the visit's member has or had, as far as it is known, the present one first."""
    found = [visit.member.email, *(address for one in changes for address in (one.after, one.before))]
    return [address for address in dict.fromkeys(found) if address not in ("", UNKNOWN)]


def _chains(studio: Studio, visits: Mapping[int, int]) -> dict[int, list[Owned]]:
    """Whose each visit was, one after the other: from whom it was moved, however often, and moved back."""
    moves = _moves(studio, set(visits.values()))
    return {visit: _chain(visit, member, moves) for visit, member in visits.items()}


def _chain(visit: int, member: int, moves: Sequence[_Moved]) -> list[Owned]:
    """`moves`: the latest first."""
    chain, undone = [Owned(member)], set()
    for move in moves:
        first, *later = chain
        # Where a person was deleted, nobody knows which visits it were: of an undo all that the profile took back.
        is_its = move.is_undo or move.merge in undone if move.visits is None else visit in move.visits
        if first.member == move.taker and is_its:
            chain = [Owned(move.giver, until=move.at), replace(first, since=move.at), *later]
            if move.is_undo:
                undone.add(move.merge)
    return chain


def _moves(studio: Studio, members: Collection[int]) -> list[_Moved]:
    """Every merge and undo that could have brought a visit to one of these, the latest first."""
    found: dict[int, dict[str, Any]] = {}
    seen, asked = set(members), set(members)
    while asked:
        about = Q(kept__in=asked) | Q(merged__in=asked, undone_at__isnull=False)
        rows = MemberMerge.objects.filter(about, studio=studio).exclude(pk__in=found)
        new = {one["pk"]: one for one in rows.values(*_MERGE)}
        found |= new
        asked = {one[side] for one in new.values() for side in ("kept", "merged")} - seen
        seen |= asked
    moves = []
    for one in found.values():
        visits = set(one["moved"].get("reservations", {}).get("moved", ())) if one["moved"] else None
        moves.append(_Moved(one["merged_at"], False, one["pk"], one["merged"], one["kept"], visits))
        if one["undone_at"] is not None:
            moves.append(_Moved(one["undone_at"], True, one["pk"], one["kept"], one["merged"], visits))
    return sorted(moves, key=lambda move: (move.at, move.merge, move.is_undo), reverse=True)


def _log(studio: Studio) -> "QuerySet[Change]":
    return Change.objects.filter(studio=studio, subject="member")


def _told(studio: Studio, members: Collection[int]) -> Told:
    lines: dict[int, list[Change]] = defaultdict(list)
    is_told = Q(kind="edited", after__has_key="email") | Q(kind__in=_HANDED_OVER)
    for line in _log(studio).filter(is_told, subject_id__in=members).order_by("id"):
        lines[line.subject_id].append(line)
    people = Member.objects.filter(studio=studio, pk__in=members).values_list("pk", "email", "scrubbed_at")
    return Told(lines, {pk: UNKNOWN if scrubbed_at else email for pk, email, scrubbed_at in people})


def _along(chain: Sequence[Owned], told: Told) -> Iterable[AddressChange]:
    for owned, following in zip(chain, [*chain[1:], None], strict=True):
        for line in told.changes(owned.member):
            if owned.had(line.occurred_at):
                yield AddressChange(
                    key=line.pk, at=line.occurred_at, before=_email(line.before), after=_email(line.after)
                )
        if following is not None and owned.until is not None:
            line_of = told.line_of(owned.until, (owned.member, following.member))
            before = told.address(owned.member, before=owned.until)
            after = told.address(following.member, after=owned.until)
            if line_of is not None and before != after:
                yield AddressChange(key=line_of, at=owned.until, before=before, after=after)


def _email(values: Mapping[str, Any]) -> str:
    found = str(values.get("email") or "")
    return UNKNOWN if found == GONE else found
