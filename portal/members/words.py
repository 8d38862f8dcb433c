"""What a person was ever known by: collected once, before a scrub takes away what would tell it (Q39)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from django.db.models import Q

from portal.members.holdings import People
from portal.members.masking import GONE
from portal.models import Change, Member, MemberMerge

# A number that a person could be known by elsewhere, such as an e-mail, does not stay.
PLAIN_NUMBER = re.compile(r"[A-Za-z]{0,3}[-/ ]?\d[\d/ -]{0,19}")
_FIELDS = ("first_name", "last_name", "email", "phone", "number")
SHORTEST = 3  # characters


def people_of(members: Sequence[Member]) -> People:
    """The person of these profiles, with all that was ever written there: now, before a change, before a merge.

    Three queries. An earlier e-mail that is somebody else's by now is not theirs.
    """
    known: dict[str, set[str]] = {name: set() for name in _FIELDS}
    for values in (*_now(members), *_before_changes(members), *_before_merges(members)):
        for name in _FIELDS:
            known[name] |= {str(values[name]).strip()} - {GONE} if values.get(name) else set()
    others = Member.objects.filter(studio=members[0].studio_id).exclude(pk__in=[one.pk for one in members])
    taken = {email.casefold() for email in others.filter(_one_of(known["email"])).values_list("email", flat=True)}
    emails = {email for email in known["email"] if email.casefold() not in taken}
    words = emails | known["phone"] | {one for one in known["number"] if not PLAIN_NUMBER.fullmatch(one)}
    for first, last in product(known["first_name"], known["last_name"]):
        words |= {f"{first} {last}", f"{last}, {first}", f"{last} {first}"}
    return People(
        members=members,
        words=_long_enough(words),
        emails=sorted(emails),
        names=_long_enough(known["first_name"] | known["last_name"]),
    )


def _now(members: Sequence[Member]) -> list[Mapping[str, Any]]:
    return [{name: getattr(one, name) for name in _FIELDS} for one in members]


def _before_changes(members: Sequence[Member]) -> list[Mapping[str, Any]]:
    """A merge's own lines name the other profile's number, which is not this person's once it is taken back."""
    keys = [one.pk for one in members]
    rows = Change.objects.filter(studio=members[0].studio_id, subject="member", subject_id__in=keys)
    rows = rows.exclude(kind__in=("merged", "separated"))
    return [values for both in rows.values_list("before", "after") for values in both]


def _before_merges(members: Sequence[Member]) -> list[Mapping[str, Any]]:
    """Of a merge that was taken back, only what the own profile was before it."""
    own, found = {one.pk for one in members}, []
    for merge in MemberMerge.objects.filter(Q(kept__in=own) | Q(merged__in=own)):
        sides = {"kept": merge.kept_id in own, "merged": merge.merged_id in own}
        sides["set"] = sides["kept"] and merge.undone_at is None
        found += [merge.before.get(side) or {} for side, is_own in sides.items() if is_own]
    return found


def _one_of(emails: Iterable[str]) -> Q:
    found = Q(pk__in=[])
    for email in emails:
        found |= Q(email__iexact=email)
    return found


def _long_enough(words: Iterable[str]) -> list[str]:
    return sorted(word for word in words if len(word) >= SHORTEST)
