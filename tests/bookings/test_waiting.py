"""Waiting lists: joining, offers, answers, lapses; each in its transaction, with its event, mail and news."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bookings import actions
from bookings.actions import ActionIdReused, Refused, schedule
from bookings.mails import send_place_free
from bookings.models import ScheduledSession, WaitingEntry, WaitingEvent
from bookings.rules import Question
from bookings.selectors import waiting
from bookings.signals import waiting_changed
from bookings.words import refusal_words
from portal.models import Job, StaffLogin
from tests.bookings.scenes import at, booked, evening_class, kinds, pulse
from tests.bookings.waits import (
    BEFORE,
    accept,
    decline,
    everything_of_lists,
    full_class,
    give_up,
    happened,
    join,
    places,
    states,
)
from tests.factories import MemberFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db

State = WaitingEntry.State


def desk_of(session: ScheduledSession) -> StaffLogin:
    return StaffLoginFactory(studio=session.studio)


def why(refused: Any) -> Question:
    return refused.value.decision.refusal.question


def mails() -> list[int]:
    """The entries whose mail is due, in order."""
    return [job.payload["entry"] for job in Job.objects.filter(kind="bookings.mail_place_free").order_by("id")]


class TestJoining:
    def test_who_comes_first_is_first(self) -> None:
        session, _ = full_class()
        entries = [join(session) for _ in range(3)]
        assert [one.entry for one in waiting.on_list(session, now=BEFORE)] == entries
        assert [one.position for one in waiting.on_list(session, now=BEFORE)] == [1, 2, 3]
        assert happened(entries[0]) == ["joined"]
        assert places(session) == (2, 0)

    def test_a_class_with_a_free_place_has_no_list(self) -> None:
        session = evening_class(item__capacity=2)
        booked(session)
        with pytest.raises(Refused) as refused:
            join(session)
        assert why(refused) == Question.NOT_FULL
        assert everything_of_lists() == [[], []]

    def test_nobody_waits_twice_or_while_booked(self) -> None:
        session, (kim, _) = full_class()
        entry = join(session)
        with pytest.raises(Refused) as refused:
            join(session, entry.member)
        assert why(refused) == Question.WAITING_ALREADY
        with pytest.raises(Refused) as refused:
            join(session, kim.member)
        assert why(refused) == Question.ALREADY_BOOKED

    def test_the_class_says_how_many_may_wait_else_the_studio(self) -> None:
        session, _ = full_class(item__waiting_places=1, item__location__studio__waiting_places=5)
        join(session)
        with pytest.raises(Refused) as refused:
            join(session)
        assert refused.value.decision.refusal.fact == 1
        session, _ = full_class(item__location__studio__waiting_places=1)
        join(session)
        with pytest.raises(Refused) as refused:
            join(session)
        assert why(refused) == Question.LIST_FULL

    def test_a_repeated_join_is_the_same_one(self) -> None:
        session, _ = full_class()
        member, action_id = MemberFactory(studio=session.studio), uuid4()
        first = join(session, member, action_id=action_id)
        assert join(session, member, action_id=action_id) == first
        assert WaitingEvent.objects.count() == 1
        with pytest.raises(ActionIdReused):
            join(session, action_id=action_id)

    def test_a_join_is_news(self) -> None:
        session, _ = full_class()
        heard: list[str] = []

        def hear(event: WaitingEvent, **_: Any) -> None:
            heard.append(event.kind)

        waiting_changed.connect(hear)
        before = pulse(session)
        entry = join(session)
        waiting_changed.disconnect(hear)
        assert heard == ["joined"]
        assert pulse(session) == before + 1 == entry.events.get().version


class TestAPlaceThatComesFree:
    def test_is_offered_to_the_next_and_held_in_the_same_transaction(self) -> None:
        session, (kim, _) = full_class()
        first, second = join(session), join(session)
        give_up(kim)
        assert states(session) == ["offered", "waiting"]
        assert places(session) == (1, 1)
        first.refresh_from_db()
        assert (first.offered_at, first.held_until) == (BEFORE, BEFORE + timedelta(hours=1))
        assert happened(first) == ["joined", "offered"]
        assert first.events.last().by_word == "list"
        assert mails() == [first.pk]
        assert happened(second) == ["joined"]

    def test_is_not_free_for_anybody_else(self) -> None:
        session, (kim, _) = full_class()
        join(session)
        give_up(kim)
        with pytest.raises(Refused) as refused:
            booked(session, now=BEFORE)
        assert why(refused) == Question.HELD
        assert refused.value.decision.refusal.fact == BEFORE + timedelta(hours=1)
        with pytest.raises(Refused):
            booked(session, by=desk_of(session), now=BEFORE)

    def test_goes_to_whom_it_is_held_for_when_they_book_as_usual(self) -> None:
        session, (kim, _) = full_class()
        entry = join(session)
        give_up(kim)
        reservation = booked(session, entry.member, now=BEFORE)
        entry.refresh_from_db()
        assert (entry.state, entry.reservation) == (State.ACCEPTED, reservation)
        assert places(session) == (2, 0)

    def test_passes_over_who_is_blocked(self) -> None:
        session, (kim, _) = full_class()
        blocked, second = join(session), join(session)
        blocked.member.blocked_reason = "unpaid"
        blocked.member.save()
        give_up(kim)
        assert states(session) == ["waiting", "offered"]
        assert mails() == [second.pk]

    def test_after_the_cut_off_is_first_come_first_served(self) -> None:
        session, (kim, _) = full_class()
        entry = join(session)
        give_up(kim, now=at("16:00"))
        assert places(session) == (1, 0)
        assert mails() == []
        booked(session, now=at("16:01"))
        assert places(session) == (2, 0)
        assert happened(entry) == ["joined"]

    def test_a_waiting_member_who_comes_first_then_is_off_the_list(self) -> None:
        session, (kim, _) = full_class()
        entry = join(session)
        give_up(kim, now=at("16:00"))
        booked(session, entry.member, now=at("16:01"))
        assert states(session) == ["accepted"]

    def test_by_more_capacity_is_offered_too(self) -> None:
        session, _ = full_class()
        entries = [join(session) for _ in range(3)]
        ScheduledSession.objects.filter(pk=session.pk).update(capacity=4)
        assert actions.sweep_waiting(now=BEFORE) == 1
        assert states(session) == ["offered", "offered", "waiting"]
        assert mails() == [entries[0].pk, entries[1].pk]
        assert actions.sweep_waiting(now=BEFORE) == 0

    def test_without_a_list_costs_one_question(self) -> None:
        _session, (kim, _) = full_class()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            give_up(kim)
        assert [query for query in queries if "waitingevent" in query["sql"]] == []
        assert len([query for query in queries if "waitingentry" in query["sql"]]) == 1


class TestUndo:
    def test_a_booking_that_is_taken_back_frees_its_place_for_the_list(self) -> None:
        session, (kim, _) = full_class()
        join(session)
        actions.withdraw(kim, action_id=uuid4(), by=desk_of(session), now=BEFORE)
        assert states(session) == ["offered"]
        assert places(session) == (1, 1)

    def test_a_cancellation_is_not_taken_back_over_an_offer(self) -> None:
        session, (kim, _) = full_class()
        entry = join(session)
        give_up(kim)
        before = everything_of_lists()
        with pytest.raises(Refused) as refused:
            actions.reinstate(kim, action_id=uuid4(), by=desk_of(session), now=BEFORE)
        assert why(refused) == Question.HELD
        assert "held for someone from the waiting list, the first until Wed 10 Jun, 13:00" in refusal_words(
            refused.value.decision, session.location
        )
        assert everything_of_lists() == before
        decline(entry)
        actions.reinstate(kim, action_id=uuid4(), by=desk_of(session), now=BEFORE)
        assert places(session) == (2, 0)

    def test_a_cancellation_is_taken_back_with_the_place_that_was_offered_to_the_same_person(self) -> None:
        session, (kim, bo) = full_class()
        give_up(kim)
        booked(session, now=BEFORE)
        join(session, kim.member)
        give_up(bo)
        actions.reinstate(kim, action_id=uuid4(), by=desk_of(session), now=BEFORE)
        assert states(session) == ["accepted"]
        assert places(session) == (2, 0)

    def test_a_tick_asks_nothing_of_the_list(self) -> None:
        session, (kim, _) = full_class()
        desk = desk_of(session)
        actions.check_in(kim, action_id=uuid4(), by=desk, now=at("17:55"))
        with CaptureQueriesContext(connection) as queries:
            actions.revert_check_in(kim, action_id=uuid4(), by=desk, now=at("17:56"))
        assert [query for query in queries if "bookings_waitingentry" in query["sql"]] == []


class TestAnOffer:
    @pytest.fixture
    def offered(self) -> tuple[ScheduledSession, WaitingEntry, WaitingEntry]:
        session, (kim, _) = full_class()
        first, second = join(session), join(session)
        give_up(kim)
        first.refresh_from_db()
        return session, first, second

    def test_that_is_accepted_becomes_a_reservation(self, offered: Any) -> None:
        session, first, _ = offered
        done = accept(first, now=at("12:30"))
        assert done.reservation is not None
        assert (done.reservation.member, done.reservation.source) == (first.member, "direct")
        assert kinds(done.reservation) == ["reserved"]
        assert happened(first) == ["joined", "offered", "accepted"]
        assert done.reservation.events.get().action_id == done.event.action_id
        assert states(session) == ["accepted", "waiting"]
        assert places(session) == (2, 0)

    def test_accepted_twice_with_one_id_is_one_place(self, offered: Any) -> None:
        session, first, _ = offered
        action_id = uuid4()
        one, again = accept(first, action_id=action_id), accept(first, action_id=action_id)
        assert again.repeated
        assert again.reservation == one.reservation
        with pytest.raises(Refused) as refused:
            accept(first)
        assert why(refused) == Question.ALREADY_BOOKED
        assert places(session) == (2, 0)

    def test_that_is_declined_goes_to_the_next(self, offered: Any) -> None:
        session, first, second = offered
        decline(first)
        assert states(session) == ["left", "offered"]
        assert happened(first) == ["joined", "offered", "declined"]
        assert mails() == [first.pk, second.pk]
        assert places(session) == (1, 1)
        with pytest.raises(Refused) as refused:
            accept(first)
        assert why(refused) == Question.OFFER_OPEN

    def test_is_too_late_when_its_time_is_over_swept_or_not(self, offered: Any) -> None:
        session, first, _ = offered
        with pytest.raises(Refused) as refused:
            accept(first, now=at("13:00"))
        assert why(refused) == Question.OFFER_LAPSED
        actions.sweep_waiting(now=at("13:00"))
        with pytest.raises(Refused) as refused:
            accept(first, now=at("13:00"))
        assert why(refused) == Question.OFFER_LAPSED
        assert states(session) == ["lapsed", "offered"]

    def test_that_lapses_goes_to_the_next_by_the_sweep(self, offered: Any) -> None:
        session, first, second = offered
        assert actions.sweep_waiting(now=at("12:59")) == 0
        assert actions.sweep_waiting(now=at("13:00")) == 1
        assert happened(first) == ["joined", "offered", "lapsed"]
        assert first.events.last().by_word == "clock"
        second.refresh_from_db()
        assert second.held_until == at("14:00")
        assert places(session) == (1, 1)

    def test_that_lapsed_is_free_at_once_though_nobody_swept(self, offered: Any) -> None:
        session, _, second = offered
        actions.leave_waiting(second, action_id=uuid4(), by=None, now=BEFORE)
        booked(session, now=at("13:00"))
        assert places(session) == (2, 0)
        assert states(session) == ["lapsed", "left"]

    def test_that_lapsed_is_the_nexts_before_it_is_anybodys(self, offered: Any) -> None:
        session, _first, second = offered
        with pytest.raises(Refused) as refused:
            booked(session, now=at("13:00"))
        assert why(refused) == Question.HELD
        assert refused.value.decision.refusal.fact == at("14:00")
        assert booked(session, second.member, now=at("13:00")).member == second.member

    def test_made_before_the_cut_off_stands_after_it(self) -> None:
        session, (kim, _) = full_class()
        first, _second = join(session), join(session)
        give_up(kim, now=at("15:50"))
        with pytest.raises(Refused):
            booked(session, now=at("16:30"))
        actions.sweep_waiting(now=at("16:50"))
        assert states(session) == ["lapsed", "waiting"]
        assert places(session) == (1, 0)
        assert first.events.last().kind == "lapsed"

    def test_is_not_on_the_list_any_more_when_it_lapsed(self, offered: Any) -> None:
        session, first, second = offered
        assert [one.entry for one in waiting.on_list(session, now=at("12:59"))] == [first, second]
        assert [(one.entry, one.position) for one in waiting.on_list(session, now=at("13:00"))] == [(second, 1)]
        assert waiting.numbers([session], now=at("13:00")) == {session.pk: 1}
        assert waiting.waits_of(first.member, now=at("13:00")) == []
        (one,) = waiting.waits_of(second.member, now=at("13:00"))
        assert (one.entry, one.position) == (second, 1)


class TestStaff:
    def test_give_a_place_out_of_turn_after_the_cut_off(self) -> None:
        session, (kim, _) = full_class()
        first, second = join(session), join(session)
        give_up(kim, now=at("16:00"))
        desk = desk_of(session)
        done = actions.promote(second, action_id=uuid4(), by=desk, now=at("16:05"))
        assert done.reservation is not None
        assert done.event.by == desk
        assert states(session) == ["waiting", "accepted"]
        with pytest.raises(Refused) as refused:
            actions.promote(first, action_id=uuid4(), by=desk, now=at("16:06"))
        assert why(refused) == Question.FULL

    def test_take_the_held_place_for_who_is_at_the_telephone(self) -> None:
        session, (kim, _) = full_class()
        entry = join(session)
        give_up(kim)
        actions.promote(entry, action_id=uuid4(), by=desk_of(session), now=BEFORE)
        assert places(session) == (2, 0)

    def test_offer_a_free_place_with_its_mail(self) -> None:
        session, (kim, _) = full_class()
        _first, second = join(session), join(session)
        give_up(kim, now=at("16:00"))
        actions.offer_place(second, action_id=uuid4(), by=desk_of(session), now=at("16:05"))
        assert states(session) == ["waiting", "offered"]
        assert mails() == [second.pk]
        assert places(session) == (1, 1)

    def test_take_someone_off_and_the_held_place_goes_on(self) -> None:
        session, (kim, _) = full_class()
        first, second = join(session), join(session)
        give_up(kim)
        actions.leave_waiting(first, action_id=uuid4(), by=desk_of(session), now=BEFORE)
        assert happened(first) == ["joined", "offered", "left"]
        assert states(session) == ["left", "offered"]
        actions.leave_waiting(second, action_id=uuid4(), by=desk_of(session), now=BEFORE)
        assert places(session) == (1, 0)
        with pytest.raises(Refused) as refused:
            actions.leave_waiting(second, action_id=uuid4(), by=desk_of(session), now=BEFORE)
        assert why(refused) == Question.ON_THE_LIST


class TestTheEnd:
    def test_the_list_closes_when_the_class_begins(self) -> None:
        session, (kim, _) = full_class()
        first, second = join(session), join(session)
        give_up(kim, now=at("15:59"))
        assert actions.sweep_waiting(now=at("18:00")) == 1
        assert states(session) == ["lapsed", "lapsed"]
        assert happened(first)[-1] == "lapsed"
        assert happened(second)[-1] == "closed"
        assert places(session) == (1, 0)

    def test_the_list_closes_when_the_class_is_cancelled(self) -> None:
        session, (kim, _) = full_class()
        first = join(session)
        give_up(kim)
        ScheduledSession.objects.filter(pk=session.pk).update(cancelled_at=BEFORE)
        actions.sweep_waiting(now=BEFORE)
        assert happened(first) == ["joined", "offered", "closed"]
        assert places(session) == (1, 0)


class TestWhatPostgresqlKeeps:
    def test_a_held_place_cannot_be_taken_beside_its_holder(self) -> None:
        session, (kim, _) = full_class()
        join(session)
        give_up(kim)
        with pytest.raises(IntegrityError, match="session_within_capacity"), transaction.atomic():
            ScheduledSession.objects.filter(pk=session.pk).update(places_taken=2)

    @pytest.mark.django_db(transaction=True)
    def test_held_places_are_counted(self) -> None:
        session, _ = full_class()
        entry = join(session)
        with pytest.raises(IntegrityError, match="places held"), transaction.atomic():
            ScheduledSession.objects.filter(pk=session.pk).update(places_held=1, capacity=9)
        with pytest.raises(IntegrityError, match="places held"), transaction.atomic():
            WaitingEntry.objects.filter(pk=entry.pk).update(state="offered", offered_at=BEFORE, held_until=BEFORE)

    def test_events_are_appended(self) -> None:
        session, _ = full_class()
        entry = join(session)
        with pytest.raises(DatabaseError, match="appended"), transaction.atomic():
            entry.events.update(kind="left")
        with pytest.raises(DatabaseError, match="appended"), transaction.atomic():
            entry.events.all().delete()

    def test_a_lowered_capacity_keeps_who_is_booked_and_held(self) -> None:
        session, (kim, bo) = full_class()
        entry = join(session)
        give_up(kim)
        ScheduledSession.objects.filter(pk=session.pk).update(capacity=1, places_kept=2)
        accept(entry)
        assert places(session) == (2, 0)
        give_up(bo)
        session.refresh_from_db()
        assert (session.places_taken, session.places_kept) == (1, 1)
        with pytest.raises(Refused):
            booked(session, now=BEFORE)

    @pytest.mark.django_db(transaction=True)
    def test_waits_stay_in_their_studio(self) -> None:
        session, _ = full_class()
        given = {"studio": session.studio, "session": session, "source": "desk", "joined_at": BEFORE}
        with pytest.raises(IntegrityError, match="wait_of_its_member"):
            WaitingEntry.objects.create(member=MemberFactory(), **given)


def test_a_profile_shows_each_wait_with_its_place_in_the_line() -> None:
    early, _ = full_class()
    late, _ = full_class(item=early.item, starts_at=at("18:00", days=1))
    member = MemberFactory(studio=early.studio)
    join(early)
    join(late, member)
    join(early, member)
    found = waiting.waits_of(member, now=BEFORE)
    assert [(one.entry.session, one.position) for one in found] == [(early, 2), (late, 1)]


def test_the_log_of_a_class_tells_all_the_last_first() -> None:
    session, (kim, _) = full_class()
    entry = join(session)
    give_up(kim)
    accept(entry)
    assert [event.kind for event in waiting.log_of(session)] == ["accepted", "offered", "joined"]
    assert list(waiting.log_of_member(entry.member)) == list(waiting.log_of(session))


def test_a_class_that_takes_place_after_all_has_its_waiting_list_again(mailoutbox: Any) -> None:
    session, (kim, _other) = full_class(2)
    first, second = join(session), join(session)
    give_up(kim)  # an offer is out when the class is called off
    by = StaffLoginFactory(studio=session.studio)
    schedule.cancel_sessions([session], by=by, now=BEFORE)
    assert (states(session), places(session)) == (["lapsed", "lapsed"], (1, 0))
    schedule.restore_session(session, by=by, now=BEFORE)
    assert (states(session), places(session)) == (["offered", "waiting"], (1, 1))
    assert Job.objects.filter(kind="bookings.mail_place_free", payload={"entry": first.pk}).count() == 2
    for job in Job.objects.filter(kind="bookings.mail_place_free", payload={"entry": first.pk}):
        send_place_free(job, now=BEFORE)
    assert len(mailoutbox) == 1
    accept(first)
    second.refresh_from_db()
    assert (second.state, places(session)) == ("waiting", (2, 0))
