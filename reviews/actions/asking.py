"""Members are asked for a review after a visit, once for each and not too often; and they can say no to that (Q34)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from django.db import connection, transaction

from bookings.models import Reservation
from portal.jobs import enqueue_many
from portal.models import Member, Studio
from reviews.models import ReviewInvitation, ReviewOptOut
from reviews.rules import OPEN_FOR, UNKNOWN, address_at
from reviews.selectors.authorship import address_hash, changes_for

MAIL_INVITATION = "reviews.mail_invitation"
# So many at once; whoever is left is asked in the next quarter of an hour, the longest waiting first.
MOST = 2000

# Each member for the latest of their visits that nobody asked about. Whoever asks holds the lock, so that two workers
# do not ask one person for two visits; the unique reservation stands behind it. Nobody is asked about a tick that came
# in a file: no desk saw them. Who had an address when the visit ended, `rules.address_at` alone says.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('reviews.invite'))"
_TO_ASK = """
SELECT id, studio_id, member_id, email, ends_at FROM (
  SELECT DISTINCT ON (visit.member_id) visit.id, visit.studio_id, visit.member_id, visit.ends_at, member.email
  FROM bookings_reservation visit
  JOIN portal_member member ON member.id = visit.member_id
  JOIN portal_studio studio ON studio.id = visit.studio_id
  LEFT JOIN reviews_reviewpolicy policy ON policy.studio_id = visit.studio_id
  WHERE visit.ends_at > %(oldest)s AND visit.starts_at > %(oldest)s - interval '1 day'
    AND visit.ends_at <= %(now)s - coalesce(policy.invite_after_hours, 3) * interval '1 hour'
    AND visit.attendance = 'checked_in' AND coalesce(policy.invites, true) AND studio.practice_of_id IS NULL
    AND member.email <> '' AND member.scrubbed_at IS NULL AND member.merged_into_id IS NULL
    AND (visit.source <> 'import' OR visit.checked_in_by_id IS NOT NULL)
    AND NOT EXISTS (SELECT FROM reviews_review review WHERE review.reservation_id = visit.id)
    AND NOT EXISTS (SELECT FROM reviews_reviewinvitation asked WHERE asked.reservation_id = visit.id)
    AND NOT EXISTS (SELECT FROM reviews_reviewoptout stop WHERE stop.member_id = visit.member_id)
    AND NOT EXISTS (
      SELECT FROM reviews_reviewinvitation asked JOIN bookings_reservation earlier ON earlier.id = asked.reservation_id
      WHERE earlier.member_id = visit.member_id
        AND asked.invited_at > %(now)s - coalesce(policy.invite_pause_days, 7) * interval '1 day')
  ORDER BY visit.member_id, visit.ends_at DESC, visit.id DESC
) AS wanted WHERE (ends_at, id) > (%(after)s, %(after_id)s) ORDER BY ends_at, id LIMIT %(most)s
"""


@dataclass(frozen=True)
class _Visit:
    pk: int
    studio_id: int
    member_id: int
    email: str
    ends_at: datetime


def invite(*, now: datetime) -> int:
    """Write a mail's job for each member who is to be asked now; how many. Any number of times at once is as once."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LOCK)
        return sum(_ask(visits, now=now) for visits in _to_ask(now))


def _to_ask(now: datetime) -> Iterator[list[_Visit]]:
    """Up to `MOST` with an address at a time, until so many are asked or nobody is left."""
    after, after_id, found = now - OPEN_FOR, 0, 0
    while found < MOST:
        with connection.cursor() as cursor:
            cursor.execute(
                _TO_ASK,
                {"now": now, "oldest": now - OPEN_FOR, "most": MOST, "after": after, "after_id": after_id},
            )
            visits = [_Visit(*row) for row in cursor.fetchall()]
        with_address = [one for one in _at_their_end(visits) if one.email][: MOST - found]
        found += len(with_address)
        yield with_address
        if len(visits) < MOST:
            return
        after, after_id = visits[-1].ends_at, visits[-1].pk


def _at_their_end(visits: Iterable[_Visit]) -> Iterator[_Visit]:
    """Each with the address that the member had when it ended, whatever the studio put in its place since; or none."""
    by_studio = sorted(visits, key=lambda visit: visit.studio_id)
    for studio, theirs in groupby(by_studio, key=lambda visit: visit.studio_id):
        rows = list(theirs)
        changes = changes_for(Studio(pk=studio), {visit.pk: visit.member_id for visit in rows})
        for visit in rows:
            found = address_at(visit.ends_at, changes[visit.pk], address=visit.email)
            yield replace(visit, email="" if found == UNKNOWN else found)


def _ask(visits: Iterable[_Visit], *, now: datetime) -> int:
    asked = 0
    for studio, theirs in groupby(visits, key=lambda visit: visit.studio_id):
        invitations = ReviewInvitation.objects.bulk_create(
            ReviewInvitation(
                studio_id=studio, reservation_id=visit.pk, invited_at=now, address=address_hash(visit.email)
            )
            for visit in theirs
        )
        jobs = {f"review invitation {one.pk}": {"invitation": one.pk} for one in invitations}
        enqueue_many(MAIL_INVITATION, jobs, studio=Studio(pk=studio))
        asked += len(invitations)
    return asked


def ask_no_more(member: Member, *, now: datetime) -> None:
    """The member is not asked again, from now on. Repeated, it changes nothing."""
    ReviewOptOut.objects.get_or_create(member=member, defaults={"at": now})


def ask_again(member: Member) -> None:
    """Takes `ask_no_more` back."""
    ReviewOptOut.objects.filter(member=member).delete()


def is_asked(member: Member) -> bool:
    return not ReviewOptOut.objects.filter(member=member).exists()


def note_opened(reservation: Reservation, *, now: datetime) -> None:
    """The link of the mail was opened, for the first time."""
    ReviewInvitation.objects.filter(reservation=reservation, opened_at=None).update(opened_at=now)
