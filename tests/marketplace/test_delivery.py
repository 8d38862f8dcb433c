"""Sending the outbox: in order, one at a time for each session, again when it failed, never lost."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from bookings import actions as booking
from bookings.actions import schedule
from bookings.models import Reservation, ScheduledSession
from marketplace import actions, tasks
from marketplace.actions import delivering
from marketplace.adapters import ADAPTERS, CallRefused, LockedOut, Unanswered
from marketplace.models import Call, Connection, Listing
from marketplace.rules.retrying import PAUSES
from portal.models import Job
from tests.factories import StaffLoginFactory
from tests.marketplace.scenes import Marketplace, book, connected, deliver, due_now, session_of, states

pytestmark = pytest.mark.django_db


def check_in(reservation: Reservation) -> None:
    login = StaffLoginFactory(studio=reservation.studio)
    booking.check_in(reservation, action_id=uuid4(), by=login, now=timezone.now())


def soon() -> dict[str, object]:
    return {"starts_at": timezone.now() + timedelta(minutes=10)}


def lease_over(listing: Listing) -> None:
    Listing.objects.filter(pk=listing.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.usefixtures("by_day")
class TestOrder:
    def test_of_one_session_in_the_order_of_its_changes(self, there: Marketplace) -> None:
        connection = connected()
        reservation = book(session_of(connection, **soon()), source="fitpass")
        check_in(reservation)
        booking.revert_check_in(
            reservation, action_id=uuid4(), by=StaffLoginFactory(studio=reservation.studio), now=timezone.now()
        )
        deliver(connection)
        assert there.words == ["publish", "checked_in", "check_in_reverted"]

    def test_what_failed_is_not_overtaken(self, there: Marketplace) -> None:
        connection = connected()
        reservation = book(session_of(connection, **soon()), source="fitpass")
        check_in(reservation)
        there.failing = [ValueError("what is this?")]
        deliver(connection)
        assert (there.words, states(connection)) == ([], ["waiting", "waiting"])
        due_now(connection)
        deliver(connection)
        assert there.words == ["publish", "checked_in"]

    def test_but_other_sessions_go_on(self, there: Marketplace) -> None:
        connection = connected()
        first, second = session_of(connection), session_of(connection)
        book(first)
        book(second)
        there.failing = [ValueError("what is this?")]
        deliver(connection)
        assert [reference for reference, _, _ in there.heard] == [second.pk]

    def test_a_change_while_it_is_being_sent_is_sent_after_it(
        self, there: Marketplace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection = connected()
        session = session_of(connection)
        book(session)
        hear = there.tell

        def and_meanwhile(*args: object, **kwargs: object) -> object:
            monkeypatch.setattr(there, "tell", hear)
            book(session)
            return hear(*args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(there, "tell", and_meanwhile)
        deliver(connection)
        assert there.free == [9, 8]
        assert states(connection) == ["done", "done"]

    def test_a_change_while_it_fails_is_part_of_the_next_try(
        self, there: Marketplace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection = connected()
        session = session_of(connection)
        book(session)

        def fail(*args: object, **kwargs: object) -> object:
            monkeypatch.undo()
            book(session)
            raise Unanswered("timeout")

        monkeypatch.setattr(there, "tell", fail)
        deliver(connection)
        assert states(connection) == ["waiting", "overtaken"]
        due_now(connection)
        deliver(connection)
        assert there.free == [8]

    def test_a_move_that_the_marketplace_cannot_make(self, there: Marketplace) -> None:
        there.can_move = False
        connection = connected()
        session = session_of(connection)
        book(session)
        deliver(connection)
        ScheduledSession.objects.filter(pk=session.pk).update(
            starts_at=session.starts_at + timedelta(hours=1), ends_at=session.ends_at + timedelta(hours=1)
        )
        with transaction.atomic():
            actions.tell(session.studio, [session.pk], now=timezone.now())
        deliver(connection)
        assert there.words == ["publish", "cancel", "publish"]
        assert there.heard[-1][2] is not None
        assert there.heard[-1][2].place.starts_at == session.starts_at + timedelta(hours=1)


class TestFailures:
    def test_an_unanswered_call_is_tried_again_under_the_same_key(self, there: Marketplace) -> None:
        connection = connected()
        book(session_of(connection))
        there.failing = [Unanswered("timeout"), Unanswered("timeout")]
        for _ in range(3):
            deliver(connection)
            due_now(connection)
        assert there.words == ["publish"]
        assert len(there.keys) == 3
        assert len(set(there.keys)) == 1

    def test_with_other_content_it_is_another_call(self, there: Marketplace) -> None:
        connection = connected()
        session = session_of(connection)
        book(session)
        there.failing = [Unanswered("timeout")]
        deliver(connection)
        book(session)
        due_now(connection)
        deliver(connection)
        assert len(set(there.keys)) == 2

    def test_it_waits_longer_each_time_and_rings_for_itself(self, there: Marketplace) -> None:
        connection = connected()
        book(session_of(connection))
        there.failing = [ValueError("?")] * 2
        before = timezone.now()
        for pause in PAUSES[:2]:
            deliver(connection)
            call = Call.objects.get()
            after = call.due_at - before
            assert pause - timedelta(seconds=5) <= after <= pause * 1.1 + timedelta(seconds=30)
            assert Job.objects.filter(kind=actions.DELIVER, run_after=call.due_at).exists()
            due_now(connection)

    def test_after_ten_tries_it_waits_for_a_person(self, there: Marketplace) -> None:
        connection = connected()
        book(session_of(connection))
        there.failing = [ValueError("ana@example.test has no seat")] * 10
        for _ in range(12):
            deliver(connection)
            due_now(connection)
        call = Call.objects.get()
        assert (call.state, call.attempts) == (Call.State.DEAD, 10)
        assert call.answer.startswith("ValueError in ")
        assert "ana" not in call.answer

    def test_a_person_has_it_tried_again(self, there: Marketplace) -> None:
        connection = connected()
        book(session_of(connection))
        there.failing = [CallRefused("no such venue")]
        deliver(connection)
        call = Call.objects.get()
        assert (call.state, call.answer) == (Call.State.DEAD, "no such venue")
        with transaction.atomic():
            assert actions.retry(call)
        deliver(connection)
        assert there.words == ["publish"]
        with transaction.atomic():
            assert not actions.retry(call)

    def test_what_was_refused_holds_up_nothing(self, there: Marketplace) -> None:
        connection = connected()
        session = session_of(connection)
        book(session)
        there.failing = [CallRefused("no such venue")]
        deliver(connection)
        book(session)
        deliver(connection)
        assert states(connection) == ["dead", "done"]

    def test_an_adapter_of_another_release_costs_an_attempt_and_no_call(self, there: Marketplace) -> None:
        connection = connected()
        book(session_of(connection))
        maker = ADAPTERS.pop("testing")
        deliver(connection)
        assert Call.objects.get().answer.startswith("UnknownAdapter")
        ADAPTERS["testing"] = maker
        due_now(connection)
        deliver(connection)
        assert there.words == ["publish"]

    def test_a_killed_workers_call_is_taken_when_the_lease_is_over(self, there: Marketplace) -> None:
        connection = connected()
        session = session_of(connection)
        book(session)
        claimed = delivering.claim(connection.pk)
        assert claimed is not None
        assert deliver(connection) == 0
        lease_over(claimed.listing)
        assert deliver(connection) == 1
        assert there.words == ["publish"]

    def test_whoever_lost_the_lease_writes_nothing(self, there: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
        connection = connected()
        book(session_of(connection))
        hear = there.tell

        def slowly(*args: object, **kwargs: object) -> object:
            monkeypatch.undo()
            lease_over(Listing.objects.get())
            deliver(connection)
            return hear(*args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(there, "tell", slowly)
        deliver(connection)
        assert there.words == ["publish", "publish"]
        assert len(set(there.keys)) == 1
        call = Call.objects.get()
        assert (call.state, call.attempts) == (Call.State.DONE, 2)

    def test_a_call_that_kills_its_workers_is_given_up(self, there: Marketplace) -> None:
        connection = connected()
        book(session_of(connection))
        for _ in range(10):
            claimed = delivering.claim(connection.pk)
            assert claimed is not None
            lease_over(claimed.listing)
        deliver(connection)
        assert there.keys == []
        assert Call.objects.get().state == Call.State.DEAD


class TestOutage:
    def test_nobody_else_calls_a_marketplace_that_is_away(self, there: Marketplace) -> None:
        connection = connected()
        for _ in range(5):
            book(session_of(connection))
        there.failing = [Unanswered("timeout")]
        deliver(connection)
        connection.refresh_from_db()
        assert len(there.keys) == 1
        assert sorted(Call.objects.values_list("attempts", flat=True)) == [0, 0, 0, 0, 1]
        assert connection.quiet_until is not None
        assert Job.objects.filter(kind=actions.DELIVER, run_after=connection.quiet_until).exists()

    def test_it_says_how_long_it_wants_to_be_left_alone(self, there: Marketplace) -> None:
        connection = connected()
        book(session_of(connection))
        there.failing = [Unanswered("429", retry_after=timedelta(minutes=20))]
        before = timezone.now()
        deliver(connection)
        connection.refresh_from_db()
        assert connection.quiet_until is not None
        assert connection.quiet_until - before > timedelta(minutes=19)

    def test_after_an_hour_everything_goes_at_once_and_nothing_is_lost(self, there: Marketplace) -> None:
        connection = connected()
        sessions = [session_of(connection) for _ in range(8)]
        for session in sessions:
            book(session)
        there.failing = [Unanswered("503")] * 6
        for _ in range(6):  # each silence is over, no call's own pause is
            Connection.objects.update(quiet_until=None)
            deliver(connection)
        assert there.heard == []
        Connection.objects.update(quiet_until=None)
        deliver(connection)
        assert sorted(reference for reference, _, _ in there.heard) == sorted(one.pk for one in sessions)
        assert set(states(connection)) == {"done"}
        connection.refresh_from_db()
        assert (connection.failures, connection.quiet_until) == (0, None)

    def test_wrong_credentials_cost_no_call_an_attempt(self, there: Marketplace) -> None:
        connection = connected()
        book(session_of(connection))
        there.failing = [LockedOut("401")] * 30
        for _ in range(30):
            deliver(connection)
            due_now(connection)
        connection.refresh_from_db()
        assert connection.locked_out_at is not None
        assert (Call.objects.get().attempts, states(connection)) == (0, ["waiting"])
        deliver(connection)
        connection.refresh_from_db()
        assert (there.words, connection.locked_out_at) == (["publish"], None)

    def test_a_paused_or_ended_connection(self, there: Marketplace) -> None:
        """Paused, it is told that nothing is free; ended, nobody calls."""
        connection = connected()
        session = session_of(connection)
        book(session, source="fitpass")
        deliver(connection)
        Connection.objects.update(state=Connection.State.PAUSED)
        book(session)
        deliver(connection)
        assert there.free == [9, 0]
        book(session)
        Connection.objects.update(state=Connection.State.ENDED, ended_at=timezone.now())
        assert deliver(connection) == 0


class TestJobs:
    def test_the_sweep_rings_where_a_job_was_lost(self, there: Marketplace) -> None:
        connection = connected()
        book(session_of(connection))
        Job.objects.all().delete()
        tasks.sweep(Job())
        job = Job.objects.get(kind=actions.DELIVER)
        assert tasks.deliver(job) is None
        assert there.words == ["publish"]
        Job.objects.all().delete()
        tasks.sweep(Job())
        assert Job.objects.count() == 0

    def test_a_long_delivery_comes_back_for_the_rest(self, there: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tasks, "BUDGET", -1)
        connection = connected()
        for _ in range(2):
            book(session_of(connection))
        job = Job(payload={"connection": connection.pk})
        assert tasks.deliver(job) is tasks.MORE
        assert tasks.deliver(job) is tasks.MORE
        assert tasks.deliver(job) is None
        assert len(there.heard) == 2

    def test_a_call_of_a_started_class_says_nothing(self, there: Marketplace) -> None:
        connection = connected()
        session = session_of(connection)
        book(session)
        ScheduledSession.objects.filter(pk=session.pk).update(starts_at=timezone.now() - timedelta(minutes=1))
        deliver(connection)
        assert (there.words, states(connection)) == ([], ["done"])

    def test_a_session_that_is_removed_while_its_call_is_on_the_way(self, there: Marketplace) -> None:
        connection = connected()
        session = session_of(connection)
        with transaction.atomic():
            actions.tell(session.studio, [session.pk], now=timezone.now())
        deliver(connection)
        with transaction.atomic():
            ScheduledSession.objects.update(capacity=3)
            actions.tell(session.studio, [session.pk], now=timezone.now())
        claimed = delivering.claim(connection.pk)
        assert claimed is not None
        schedule.remove_item(session.item, by=None, now=timezone.now())
        lease_over(claimed.listing)
        deliver(connection)
        assert there.words == ["publish", "withdraw"]

    def test_a_class_that_takes_place_after_all(self, there: Marketplace) -> None:
        connection = connected()
        session = session_of(connection)
        book(session)
        deliver(connection)
        (cancelled,) = schedule.cancel_sessions([session], by=None, now=timezone.now())
        deliver(connection)
        schedule.restore_session(cancelled, by=None, now=timezone.now())
        deliver(connection)
        assert there.words == ["publish", "cancel", "publish"]
