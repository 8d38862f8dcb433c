"""What the studio did to the address that a visit's member is written at, as its log has it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from bookings.models import Reservation
from portal.models import Change, MemberMerge, Studio
from reviews import rules
from reviews.rules import AddressChange


@dataclass(frozen=True)
class Owned:
    """That a visit was this member's from some moment until another: a merge moved it. None: always, or to this day.

    `follows`: the address that took over at the end.
    """

    member: int
    since: datetime | None = None
    until: datetime | None = None
    follows: str = ""

    def had(self, moment: datetime) -> bool:
        return (self.since is None or moment > self.since) and (self.until is None or moment <= self.until)


def changes_for(studio: Studio, visits: Mapping[int, int]) -> Mapping[int, list[AddressChange]]:
    """Each visit's changes of the address where its member is written, in their order, by the visit's key.

    `visits`: member by visit, of this studio. Of whoever the visit was at the time: a merge that gave it to another
    profile is a change of its own. Two queries, and one for each merge behind a merge.
    """
    chains = _chains(studio, visits)
    lines = _lines(studio, {one.member for chain in chains.values() for one in chain})
    return {visit: _along(chain, lines) for visit, chain in chains.items()}


def doubt_of(visit: Reservation, *, now: datetime) -> int | None:
    """The line of the log that makes it doubtful whether what comes by the link is the member's word; None: none.

    Asked when it is written: what the studio changes afterwards takes nothing out of its mean.
    """
    chain = _chains(visit.studio, {visit.pk: visit.member_id})[visit.pk]
    changes = _along(chain, _lines(visit.studio, {one.member for one in chain}))
    if found := rules.change_in_doubt(changes, ends_at=visit.ends_at, now=now):
        return found.key
    made = _log(visit.studio).filter(subject_id=chain[0].member, kind="created", by__isnull=False)
    entered, place = made.order_by("id").first(), visit.location
    entered_on = place.local_day(entered.occurred_at) if entered else None
    is_late = rules.is_entered_late(entered_on, visited_on=place.local_day(visit.starts_at))
    return entered.pk if entered and is_late else None


def addresses_of(visit: Reservation) -> list[str]:
    """Every address that the visit's member has or had, the present one first."""
    changes = changes_for(visit.studio, {visit.pk: visit.member_id})[visit.pk]
    found = [visit.member.email, *(address for one in changes for address in (one.after, one.before))]
    return [address for address in dict.fromkeys(found) if address]


def _chains(studio: Studio, visits: Mapping[int, int]) -> dict[int, list[Owned]]:
    """Whose each visit was, one after the other: first the profile that it was moved from, however often."""
    chains = {visit: [Owned(member)] for visit, member in visits.items()}
    asked = set(visits.values())
    while asked:
        merges = _merges(studio, asked)
        for one in merges:
            for visit in set(one["moved__reservations__moved"] or ()) & chains.keys():
                first, *later = chains[visit]
                if first.member == one["kept"]:
                    follows = one["before__set__email"] or ""
                    before = Owned(one["merged"], until=one["merged_at"], follows=follows)
                    chains[visit] = [before, replace(first, since=one["merged_at"]), *later]
        asked = {one["merged"] for one in merges}
    return chains


def _merges(studio: Studio, kept: Collection[int]) -> list[Any]:
    found = MemberMerge.objects.filter(studio=studio, kept__in=kept, undone_at=None).order_by("-merged_at", "-id")
    return list(found.values("kept", "merged", "merged_at", "before__set__email", "moved__reservations__moved"))


def _log(studio: Studio) -> "QuerySet[Change]":
    return Change.objects.filter(studio=studio, subject="member")


def _lines(studio: Studio, members: Collection[int]) -> Mapping[int, Sequence[Change]]:
    found: dict[int, list[Change]] = defaultdict(list)
    for line in _log(studio).filter(subject_id__in=members, kind="edited", after__has_key="email").order_by("id"):
        found[line.subject_id].append(line)
    return found


def _along(chain: Sequence[Owned], lines: Mapping[int, Sequence[Change]]) -> list[AddressChange]:
    return [
        AddressChange(key=line.pk, at=line.occurred_at, before=_email(line.before), after=_after(line, owned))
        for owned in chain
        for line in lines.get(owned.member, ())
        if owned.had(line.occurred_at)
    ]


def _after(line: Change, owned: Owned) -> str:
    """What was put there; of the merge that moved the visit, the address of the profile that was kept."""
    return _email(line.after) or (owned.follows if line.occurred_at == owned.until else "")


def _email(values: Mapping[str, Any]) -> str:
    return str(values.get("email") or "")
