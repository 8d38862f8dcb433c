"""Profiles that look like one person: suggested in a queue, never joined by themselves (Q23)."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from portal.models import DuplicateSuggestion, Member, StaffLogin, Studio

AT_ONCE = 200  # members compared in one transaction
EVERY = timedelta(minutes=10)
# Of one member; who looks like more people than that has a common name.
MOST_SUGGESTIONS = 5
# The least similarity of two names in trigrams, from 0 to 1: "Jon Jansen" and "John Jansen".
ALIKE = 0.7
# A telephone number without its country's code, or without the 0 dialled at home, ends alike.
PHONE_DIGITS = 8

# By the index on words: who has that number, who has that name, and whose name is like it. Bounded, so that a name
# that thousands have costs no more than another.
_COMPARE = r"""
WITH one AS (
  SELECT id, studio_id, sort_name, right(regexp_replace(phone, '\D', '', 'g'), %(digits)s) AS digits
    FROM portal_member WHERE id = %(member)s
), found AS (
  (SELECT other.id, 'phone' AS reason, 0 AS weight
     FROM portal_member other, one
    WHERE length(one.digits) = %(digits)s AND other.studio_id = one.studio_id
      AND other.search_text LIKE '%%' || one.digits || '%%'
      AND right(regexp_replace(other.phone, '\D', '', 'g'), %(digits)s) = one.digits
      AND other.id <> one.id AND other.merged_into_id IS NULL AND other.scrubbed_at IS NULL
    LIMIT %(most)s)
  UNION ALL
  (SELECT other.id, 'name', 1
     FROM portal_member other, one
    WHERE one.sort_name <> '' AND other.studio_id = one.studio_id AND other.sort_name = one.sort_name
      AND other.id <> one.id AND other.merged_into_id IS NULL AND other.scrubbed_at IS NULL
    LIMIT %(most)s)
  UNION ALL
  (SELECT id, 'similar', 2
     FROM (
       SELECT other.id, similarity(other.sort_name, one.sort_name) AS likeness
         FROM portal_member other, one
        WHERE length(one.sort_name) > 5 AND other.studio_id = one.studio_id
          AND one.sort_name <<%% other.search_text
          AND other.id <> one.id AND other.merged_into_id IS NULL AND other.scrubbed_at IS NULL
        LIMIT 100
     ) near
    WHERE likeness >= %(alike)s
    ORDER BY likeness DESC, id
    LIMIT %(most)s)
)
INSERT INTO portal_duplicatesuggestion (studio_id, one_id, other_id, reason, found_at)
SELECT one.studio_id, least(one.id, best.id), greatest(one.id, best.id), best.reason, %(now)s
  FROM one, (SELECT DISTINCT ON (id) id, reason FROM found ORDER BY id, weight) best
 ORDER BY 2, 3 LIMIT %(most)s
ON CONFLICT (one_id, other_id) DO NOTHING
"""


_LIMITS = {"digits": PHONE_DIGITS, "most": MOST_SUGGESTIONS, "alike": ALIKE}


def compare(member: Member, *, now: datetime) -> None:
    """Suggest whoever looks like this member: one statement, bounded. A pair that was dismissed stays so."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_COMPARE, {"member": member.pk, "now": now, **_LIMITS})
        Member.objects.filter(pk=member.pk).update(compared_at=Now())


def compare_next(*, now: datetime) -> int:
    """Compare members who are new or changed, so many at once; how many that were."""
    waiting = Member.objects.people().filter(compared_at=None).order_by("id")
    with transaction.atomic():
        members = list(waiting.select_for_update(skip_locked=True, of=("self",), no_key=True)[:AT_ONCE])
        for member in members:
            compare(member, now=now)
    return len(members)


def suggestions(studio: Studio) -> "QuerySet[DuplicateSuggestion]":
    """The queue, the oldest first: pairs of which both are still there and that nobody said are two people."""
    return studio.duplicate_suggestions.filter(
        dismissed_at=None,
        one__merged_into=None,
        one__scrubbed_at=None,
        other__merged_into=None,
        other__scrubbed_at=None,
    ).select_related("one", "other")


def dismiss(suggestion: DuplicateSuggestion, *, by: StaffLogin, now: datetime) -> None:
    """These are two people, and are not suggested again."""
    DuplicateSuggestion.objects.filter(pk=suggestion.pk, dismissed_at=None).update(dismissed_by=by, dismissed_at=now)
