"""Everything compared with what the marketplace was told: only what differs is sent (I5)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.models import CalendarItem, ScheduledSession
from marketplace import actions, tasks
from marketplace.adapters import CallRefused
from marketplace.models import Call, Connection, ContractTerms, Listing, SyncRun
from marketplace.rules import Stand
from marketplace.selectors.offers import wanted
from portal.models import Job
from tests.factories import SessionFactory
from tests.marketplace.scenes import Marketplace, book, connected, deliver, drain, item_of, session_of

pytestmark = pytest.mark.django_db


def sync(connection: Connection) -> SyncRun:
    return actions.sync(connection, cause=SyncRun.Cause.CLOCK, now=timezone.now())


def timetable(connection: Connection, count: int) -> list[ScheduledSession]:
    """So many classes in the next days."""
    item = item_of(connection)
    start = timezone.now() + timedelta(hours=1)
    return ScheduledSession.objects.bulk_create(
        ScheduledSession(
            studio=item.studio,
            item=item,
            location=item.location,
            capacity=10,
            starts_at=start + timedelta(minutes=number),
            ends_at=start + timedelta(minutes=number + 60),
        )
        for number in range(count)
    )


def told_already(connection: Connection, sessions: list[ScheduledSession]) -> None:
    """As if all of them had been sent."""
    now = timezone.now()
    as_they_are = wanted(connection, [one.pk for one in sessions], now=now)
    listings = []
    for session in sessions:
        offer = as_they_are[session.pk].offer
        assert offer is not None
        listings.append(
            Listing(
                studio=connection.studio,
                connection=connection,
                session=session,
                reference=session.pk,
                stand=Stand.SELLING,
                place_mark=offer.marks.place,
                content_mark=offer.marks.content,
                seats_mark=offer.marks.seats,
                told_at=now,
            )
        )
    Listing.objects.bulk_create(listings)


def test_the_first_one_publishes_what_is_sold(there: Marketplace) -> None:
    connection = connected()
    sessions = timetable(connection, 3)
    SessionFactory(item=item_of(connection, kind=CalendarItem.Kind.COURSE))
    run = sync(connection)
    assert (run.compared, run.differed) == (4, 3)
    assert run.outcome == {"selling": 3, "course": 1}
    deliver(connection)
    assert there.words == ["publish"] * 3
    assert {reference for reference, _, _ in there.heard} == {one.pk for one in sessions}
    connection.refresh_from_db()
    assert connection.first_synced_at is not None


def test_the_second_one_finds_nothing_to_say(there: Marketplace) -> None:
    connection = connected()
    timetable(connection, 3)
    sync(connection)
    deliver(connection)
    run = sync(connection)
    assert (run.compared, run.differed) == (3, 0)
    assert deliver(connection) == 0


def test_of_two_thousand_sessions_the_hundred_that_changed_are_told(there: Marketplace) -> None:
    connection = connected()
    sessions = timetable(connection, 2000)
    told_already(connection, sessions)
    changed = {one.pk for one in sessions[::20]}
    ScheduledSession.objects.filter(pk__in=changed).update(capacity=9)
    run = sync(connection)
    assert (run.compared, run.differed) == (2000, 100)
    assert deliver(connection) == 100
    assert there.words == ["seats"] * 100
    assert {reference for reference, _, _ in there.heard} == changed


@pytest.mark.parametrize("count", [1, 30])
def test_it_takes_as_many_queries_for_one_as_for_thirty(count: int, django_assert_num_queries: Any) -> None:
    connection = connected()
    Connection.objects.update(first_synced_at=timezone.now())
    connection = Connection.objects.select_related("marketplace").get()
    timetable(connection, count)
    with django_assert_num_queries(14):
        assert sync(connection).differed == count


def test_new_terms_reach_the_sessions_of_their_days(there: Marketplace) -> None:
    """A contract that changes sends no news of its own; neither does the policy of a studio."""
    connection = connected()
    near, far = timetable(connection, 1)[0], session_of(connection, starts_at=timezone.now() + timedelta(days=5))
    sync(connection)
    deliver(connection)
    terms = ContractTerms.objects.get()
    terms.pk, terms.first_on, terms.cancel_hours = None, timezone.now().date() + timedelta(days=3), 8
    terms.save(force_insert=True)
    sync(connection)
    deliver(connection)
    assert [(reference, word) for reference, word, _ in there.heard[2:]] == [(far.pk, "change")]
    assert near.pk != far.pk


def test_what_was_refused_is_said_again_when_it_is_something_else(there: Marketplace) -> None:
    connection = connected()
    (session,) = timetable(connection, 1)
    there.failing = [CallRefused("no such category")]
    sync(connection)
    deliver(connection)
    assert sync(connection).differed == 0
    book(session)
    deliver(connection)
    assert there.words == ["publish"]
    assert Listing.objects.get().refused_marks == ""


def test_a_session_that_went_unnoticed_is_withdrawn(there: Marketplace) -> None:
    connection = connected()
    (session,) = timetable(connection, 1)
    sync(connection)
    deliver(connection)
    ScheduledSession.objects.filter(pk=session.pk).delete()  # past the actions, without news
    sync(connection)
    deliver(connection)
    assert there.words == ["publish", "withdraw"]
    assert sync(connection).differed == 0


def test_other_locations_and_other_studios_are_not_compared() -> None:
    connection, other = connected(), connected()
    timetable(other, 2)
    assert sync(connection).compared == 0
    assert Call.objects.count() == 0


def test_the_clock_compares_each_connection_once_in_half_an_hour(there: Marketplace) -> None:
    live, ended = connected(), connected(state=Connection.State.ENDED, ended_at=timezone.now())
    for connection in (live, ended):
        timetable(connection, 2)
    for _ in range(2):  # a job that runs twice
        tasks.sync_all(Job(key="marketplace.sync_all 2026-06-10T10:00:00Z"))
    asked = Job.objects.get(kind=actions.SYNC)
    assert (asked.payload, asked.studio) == ({"connection": live.pk}, live.studio)
    drain()
    assert there.words == ["publish"] * 2
    assert SyncRun.objects.get().cause == SyncRun.Cause.CLOCK
    Connection.objects.update(state=Connection.State.ENDED, ended_at=timezone.now())
    tasks.sync(asked)
    assert SyncRun.objects.count() == 1
