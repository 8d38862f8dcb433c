"""Reviews of the demo studio, of visits in its timetable: with replies, a report, a hidden and a disputed one."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain, islice
from random import Random
from uuid import uuid4

from django.db import connection, transaction

from bookings.actions import Refused, mark_no_show, revert_check_in
from bookings.models import Reservation
from bookings.sources import OWN
from portal.models import Change, StaffLogin, Studio, User
from portal.roles import Preset
from reviews import rules
from reviews.actions.deciding import open_case
from reviews.actions.reporting import report
from reviews.demo.words import (
    DISPUTED,
    HIDDEN,
    HIDDEN_REASON,
    REPORT_REASON,
    REPORTED,
    SAID,
    SORRY,
    THANKS,
    Said,
    more,
)
from reviews.models import Report, Response, ResponseVersion, Review, ReviewPolicy, Rule
from reviews.selectors.asking import weights_for

# Of the newest visits none is reviewed yet; the two that a person looks at stand among the newest.
QUIET, HOURS_TO_REPLY = timedelta(hours=3), (2, 44)
# Whoever answers has answered everything that is older.
ANSWERED_AFTER = timedelta(days=5)
RECENT = timedelta(days=2)

_ASKED_LONG_AGO = """
INSERT INTO reviews_reviewinvitation (studio_id, reservation_id, invited_at)
SELECT studio_id, id, ends_at + interval '4 hours' FROM bookings_reservation
WHERE studio_id = %s AND attendance = 'checked_in' AND ends_at > %s AND ends_at < %s
UNION ALL
SELECT visit.studio_id, visit.id, visit.ends_at + interval '4 hours'
  FROM reviews_review review JOIN bookings_reservation visit ON visit.id = review.reservation_id
 WHERE review.studio_id = %s AND review.source = 'link'
ON CONFLICT DO NOTHING
"""
# One visit in so many is reviewed.
VISITS_EACH = 55
LONG_AGO = timedelta(days=800)


def furnish(studio: Studio, *, now: datetime) -> int:
    """Make the reviews of a demo studio that has none; how many. The same studio, day and hour give the same rows."""
    if studio.reviews.exists():
        return 0
    dice = Random(f"{studio.slug} reviews {now:%Y-%m-%d}")  # noqa: S311 - invents words, keeps no secrets
    with transaction.atomic():
        policy, _made = ReviewPolicy.objects.get_or_create(studio=studio)
        visits = _visits(studio, dice, now=now)
        special = [HIDDEN, REPORTED, DISPUTED][: len(visits)]
        said = [*special, *islice(chain(SAID, more(dice)), len(visits) - len(special))]
        made = [
            _review(visit, one, policy, dice, now=now, is_special=number < len(special))
            for number, (visit, one) in enumerate(zip(visits, said, strict=False))
        ]
        reviews = Review.objects.bulk_create(made)
        _log([(one, one.written_at, {"score": str(one.score)}) for one in reviews], "written", studio=studio, by=None)
        _reply(studio, list(zip(reviews, said, strict=True)), dice, now=now)
        _look_at(studio, reviews[: len(special)], now=now)
        with connection.cursor() as cursor:
            cursor.execute(_ASKED_LONG_AGO, [studio.pk, now - rules.OPEN_FOR, now - timedelta(days=1), studio.pk])
    return len(reviews)


def _visits(studio: Studio, dice: Random, *, now: datetime) -> list[Reservation]:
    """Visits to be reviewed: first of the last two days and of our own members, then any; a member's once a month."""
    attended = studio.reservations.attended().filter(ends_at__lt=now - QUIET, session__cancelled_at=None)
    attended = attended.select_related("session").order_by("pk")
    recent = list(attended.filter(ends_at__gt=now - RECENT, source__in=OWN)[:200])
    others = list(attended.filter(ends_at__lte=now - RECENT).values_list("pk", flat=True))
    dice.shuffle(recent)
    dice.shuffle(others)
    count = max(2 * len(SAID), len(others) // VISITS_EACH)
    wanted = {visit.pk: visit for visit in attended.filter(pk__in=others[:count])}
    return _once_a_month([*recent[:3], *(wanted[pk] for pk in others[:count])])


def _once_a_month(visits: Sequence[Reservation]) -> list[Reservation]:
    def when(visit: Reservation) -> tuple[int, str]:
        return visit.member_id, f"{visit.starts_at:%Y-%m}"

    return list({when(visit): visit for visit in reversed(visits)}.values())[::-1]


def _review(
    visit: Reservation, said: Said, policy: ReviewPolicy, dice: Random, *, now: datetime, is_special: bool
) -> Review:
    """Written some hours or days after the visit, and not in the future."""
    weights = weights_for(visit, policy)
    # The studio has learnt: long ago fewer were pleased.
    was_worse = not said.text and dice.random() < (now - visit.ends_at) / LONG_AGO
    given = [max(2, mark - was_worse) for mark in said.marks]
    marks = {one.value: mark for one, mark in zip(rules.CRITERIA, given, strict=True) if one in weights}
    after = timedelta(minutes=dice.randint(40, 160 if is_special else 5 * 24 * 60))
    return Review(
        studio=visit.studio,
        reservation=visit,
        marks=marks,
        weights=weights,
        score=rules.score(marks, weights).score,
        text=said.text,
        source="link" if visit.source in OWN else visit.source,
        written_at=min(visit.ends_at + after, now - timedelta(minutes=dice.randint(20, 170))),
    )


def _reply(studio: Studio, said: Sequence[tuple[Review, Said]], dice: Random, *, now: datetime) -> None:
    by = _who(studio)
    given = [(review, _answer(review, one, dice, now=now)) for review, one in said]
    replies = Response.objects.bulk_create(
        Response(
            studio=studio,
            review=review,
            text=text,
            written_at=min(review.written_at + timedelta(hours=dice.randint(*HOURS_TO_REPLY)), now),
            written_by=by,
        )
        for review, text in given
        if text
    )
    ResponseVersion.objects.bulk_create(
        ResponseVersion(response=reply, text=reply.text, by=by, written_at=reply.written_at) for reply in replies
    )
    _log([(reply.review, reply.written_at, {}) for reply in replies], "replied", studio=studio, by=by)


def _answer(review: Review, said: Said, dice: Random, *, now: datetime) -> str:
    """What the studio has said to it; nothing yet to some of the last days, nor to those that wait."""
    if said.reply or said in (HIDDEN, REPORTED, DISPUTED) or review.written_at > now - ANSWERED_AFTER:
        return said.reply
    return dice.choice(SORRY if review.score <= rules.LOW else THANKS)


def _log(
    done: Sequence[tuple[Review, datetime, dict[str, str]]], kind: str, *, studio: Studio, by: StaffLogin | None
) -> None:
    """Lines of the studio's log, of the moments at which it was done, in their order."""
    Change.objects.bulk_create(
        Change(
            studio=studio, subject="review", subject_id=review.pk, kind=kind, after=after, by=by,
            by_word="" if by else "link", occurred_at=at, recorded_at=at,
        )
        for review, at, after in sorted(done, key=lambda one: one[1])
    )  # fmt: skip


def _look_at(studio: Studio, special: Sequence[Review], *, now: datetime) -> None:
    """The hidden, the reported and the disputed one, by the deeds that make them so."""
    by, operator = _who(studio), User.objects.filter(is_superuser=True).order_by("pk").first()
    if by is None or operator is None or len(special) < 3:
        return
    hidden, reported, disputed = special
    open_case(hidden, Report.Decision.HIDDEN, Rule.CONTACT, HIDDEN_REASON, operator=operator, now=now)
    report(reported, Rule.INSULT, REPORT_REASON, by=by, now=now)
    with suppress(Refused):  # too long ago to be corrected: a timetable without visits of these days
        revert_check_in(disputed.reservation, action_id=uuid4(), by=by, now=now)
        mark_no_show(disputed.reservation, action_id=uuid4(), by=by, now=now)


def _who(studio: Studio) -> StaffLogin | None:
    """Who answers at the studio: the manager, else the owner."""
    logins = studio.logins.filter(is_active=True, preset__in=(Preset.MANAGER, Preset.OWNER))
    return logins.order_by("preset", "pk").first()
