"""Two profiles become one and, for 30 days, two again: nothing is lost, nothing is counted twice (Q23)."""

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from bookings import actions
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import CancelAs
from portal.members import merging
from portal.members.merging import CannotMerge, Obstacle
from portal.members.search import search
from portal.models import Change, Job, Member, MemberMerge, MemberNote, StaffLogin
from portal.roles import Preset
from tests.bookings.scenes import at, booked, evening_class
from tests.factories import MemberFactory, StaffLoginFactory

NOW = at("12:00", days=-1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def session() -> Any:
    return evening_class()


@pytest.fixture
def owner(session: Any) -> StaffLogin:
    return StaffLoginFactory(studio=session.studio, preset=Preset.OWNER)


@pytest.fixture
def kept(session: Any) -> Member:
    return MemberFactory(studio=session.studio, first_name="Kim", last_name="Boer", number="4711", email="", phone="")


@pytest.fixture
def merged(session: Any) -> Member:
    return MemberFactory(
        studio=session.studio, first_name="Kimberly", last_name="Böer", number="4712", email="kim@example.test",
        notes="Knee",
    )  # fmt: skip


def merge(kept: Member, merged: Member, owner: StaffLogin, **take: str) -> MemberMerge:
    return merging.merge(kept, merged, take=take, by=owner, now=NOW)


def everything() -> dict[str, Any]:
    """What the two had and were, to be the same after a merge and its undo."""
    return {
        "members": list(Member.objects.order_by("pk").values()),
        "reservations": list(Reservation.objects.order_by("pk").values()),
        "notes": list(MemberNote.objects.order_by("pk").values()),
    }


def test_everything_moves_and_the_old_profile_leads_to_the_new(
    session: Any, kept: Any, merged: Any, owner: Any
) -> None:
    reservation = booked(session, merged)
    MemberNote.objects.create(member=merged, text="Window open", written_at=NOW)
    merge(kept, merged, owner)
    kept.refresh_from_db()
    merged.refresh_from_db()
    assert merged.merged_into == kept
    assert [row.pk for row in kept.reservations.all()] == [reservation.pk]
    assert [note.text for note in kept.staff_notes.all()] == ["Window open"]
    assert (kept.email, kept.notes, kept.first_name) == ("kim@example.test", "Knee", "Kim")
    for words in ("4712", "kimberly", "kim@example"):
        assert list(search(session.studio, words, limit=5)) == [kept]
    assert [change.kind for change in Change.objects.filter(subject_id=kept.pk)] == ["merged", "edited"]


def test_whoever_is_chosen_wins(kept: Any, merged: Any, owner: Any) -> None:
    merge(kept, merged, owner, first_name="merged", email="kept")
    kept.refresh_from_db()
    assert (kept.first_name, kept.last_name, kept.email) == ("Kimberly", "Boer", "")


def test_both_booked_in_one_session_take_one_place(session: Any, kept: Any, merged: Any, owner: Any) -> None:
    mine, theirs = booked(session, kept), booked(session, merged)
    sentences = [sentence for part in merging.preview(kept, merged) for sentence in part.clashes]
    assert len(sentences) == 1
    assert "both are booked" in sentences[0]
    merge(kept, merged, owner)
    session.refresh_from_db()
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert session.places_taken == 1
    assert (mine.booking, theirs.booking) == ("booked", "cancelled")
    assert theirs.events.last().kind == ReservationEvent.Kind.WITHDRAWN


def test_the_visit_that_was_ticked_stays(session: Any, kept: Any, merged: Any, owner: Any) -> None:
    mine, theirs = booked(session, kept), booked(session, merged)
    actions.check_in(theirs, action_id=uuid4(), by=owner, now=at("17:50"))
    merging.merge(kept, merged, take={}, by=owner, now=at("17:55"))
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.booking, theirs.booking, theirs.attendance) == ("cancelled", "booked", "checked_in")
    assert theirs.member == kept


def test_the_undo_brings_back_what_was(session: Any, kept: Any, merged: Any, owner: Any) -> None:
    booked(session, kept)
    theirs = booked(session, merged)
    actions.check_in(theirs, action_id=uuid4(), by=owner, now=at("17:50"))
    booked(evening_class(item=session.item, starts_at=at("18:00", days=1)), merged)
    MemberNote.objects.create(member=merged, text="Window open", written_at=NOW)
    before = everything()
    done = merging.merge(kept, merged, take={"first_name": "merged"}, by=owner, now=at("17:55"))
    assert everything() != before
    assert merging.undo_merge(done, by=owner, now=at("17:56")) == []
    assert everything() == before


def test_what_came_since_stays_with_the_kept_one(session: Any, kept: Any, merged: Any, owner: Any) -> None:
    done = merge(kept, merged, owner)
    since = booked(session, Member.objects.get(pk=kept.pk))
    Member.objects.filter(pk=kept.pk).update(phone="06 1")
    merging.undo_merge(done, by=owner, now=NOW + timedelta(days=30))
    kept.refresh_from_db()
    since.refresh_from_db()
    assert (since.member, kept.phone) == (kept, "06 1")


def test_a_place_that_is_taken_meanwhile_is_said(session: Any, kept: Any, merged: Any, owner: Any) -> None:
    session.capacity = 2
    session.save()
    booked(session, kept)
    theirs = booked(session, merged)
    done = merge(kept, merged, owner)
    booked(session)
    left = merging.undo_merge(done, by=owner, now=NOW)
    theirs.refresh_from_db()
    assert len(left) == 1
    assert "taken by someone else" in left[0]
    assert (theirs.booking, theirs.member) == ("cancelled", merged)


@pytest.mark.parametrize(
    ("days", "obstacle"), [(timedelta(days=30), None), (timedelta(days=30, seconds=1), Obstacle.TOO_LATE)]
)
def test_it_can_be_taken_back_for_30_days(
    kept: Any, merged: Any, owner: Any, days: timedelta, obstacle: Obstacle | None
) -> None:
    done = merge(kept, merged, owner)
    if obstacle is None:
        merging.undo_merge(done, by=owner, now=NOW + days)
    else:
        with pytest.raises(CannotMerge) as refused:
            merging.undo_merge(done, by=owner, now=NOW + days)
        assert refused.value.obstacle == obstacle


def test_it_is_taken_back_once_and_the_last_merge_first(kept: Any, merged: Any, owner: Any) -> None:
    third = MemberFactory(studio=kept.studio)
    first = merge(kept, merged, owner)
    second = merge(third, Member.objects.get(pk=kept.pk), owner)
    with pytest.raises(CannotMerge) as refused:
        merging.undo_merge(first, by=owner, now=NOW)
    assert refused.value.obstacle == Obstacle.MERGED_ON
    merging.undo_merge(second, by=owner, now=NOW)
    merging.undo_merge(first, by=owner, now=NOW)
    with pytest.raises(CannotMerge) as refused:
        merging.undo_merge(first, by=owner, now=NOW)
    assert refused.value.obstacle == Obstacle.UNDONE


def test_nobody_is_merged_with_themselves_or_twice_or_across_studios(kept: Any, merged: Any, owner: Any) -> None:
    with pytest.raises(CannotMerge):
        merge(kept, kept, owner)
    with pytest.raises(CannotMerge):
        merge(kept, MemberFactory(), owner)
    merge(kept, merged, owner)
    with pytest.raises(CannotMerge):
        merge(kept, merged, owner)


def test_the_first_visit_is_that_of_both(session: Any, kept: Any, merged: Any, owner: Any) -> None:
    old = evening_class(item=session.item, starts_at=at("18:00", days=-7))
    seen = booked(old, merged, now=at("12:00", days=-8))
    actions.check_in(seen, action_id=uuid4(), by=owner, now=at("17:50", days=-7))
    mine = booked(session, kept)

    def star() -> bool:
        return Reservation.objects.filter(pk=mine.pk).with_first_visit().get().first_here

    assert star()
    done = merge(kept, merged, owner)
    assert not star()
    merging.undo_merge(done, by=owner, now=NOW)
    assert star()


def test_who_booked_or_waits_anew_since_the_merge_does_not_stop_its_undo(kept: Any, merged: Any, owner: Any) -> None:
    session = evening_class(item__capacity=2, item__studio=kept.studio, item__location__studio=kept.studio)
    booked(session, kept)
    theirs = booked(session, merged)
    actions.check_in(theirs, action_id=uuid4(), by=owner, now=at("17:50"))
    done = merging.merge(kept, merged, take={}, by=owner, now=at("17:50"))
    theirs.refresh_from_db()
    actions.revert_check_in(theirs, action_id=uuid4(), by=owner, now=at("17:51"))
    actions.cancel(theirs, outcome=CancelAs.EXCUSED, action_id=uuid4(), by=owner, now=at("17:51"))
    booked(session, kept, by=owner, now=at("17:52"))
    sentences = merging.undo_merge(done, by=owner, now=at("17:53"))
    assert [sentence for sentence in sentences if "was changed since" in sentence] != []
    session.refresh_from_db()
    assert (session.places_taken, session.reservations.active().count()) == (1, 1)


def test_a_wait_that_an_undo_takes_up_again_is_offered_with_a_mail(kept: Any, merged: Any, owner: Any) -> None:
    session = evening_class(item__capacity=1, item__studio=kept.studio, item__location__studio=kept.studio)
    given = {"by": owner, "now": NOW}
    taken = booked(session)
    wait = actions.join_waiting(session, merged, source="desk", action_id=uuid4(), **given).entry
    actions.cancel(taken, outcome=CancelAs.IN_TIME, action_id=uuid4(), **given)  # the first offer, with its mail
    Member.objects.filter(pk=merged.pk).update(blocked_reason="unpaid")
    session.refresh_from_db()
    ScheduledSession.objects.filter(pk=session.pk).update(capacity=2)
    mine = booked(session, kept)
    done = merge(kept, merged, owner)  # who is booked waits no more
    Member.objects.filter(pk=merged.pk).update(blocked_reason="")
    ScheduledSession.objects.filter(pk=session.pk).update(capacity=1)
    merging.undo_merge(done, **given)
    actions.cancel(mine, outcome=CancelAs.IN_TIME, action_id=uuid4(), **given)
    wait.refresh_from_db()
    assert wait.state == "offered"
    assert Job.objects.filter(kind="bookings.mail_place_free", payload={"entry": wait.pk}).count() == 2


def test_who_waits_anew_since_the_merge_waits_once_after_its_undo(kept: Any, merged: Any, owner: Any) -> None:
    session = evening_class(item__capacity=1, item__studio=kept.studio, item__location__studio=kept.studio)
    booked(session)
    given = {"source": "desk", "by": owner, "now": NOW}
    theirs = actions.join_waiting(session, merged, action_id=uuid4(), **given).entry
    actions.join_waiting(session, kept, action_id=uuid4(), **given)
    done = merge(kept, merged, owner)
    theirs.refresh_from_db()
    actions.leave_waiting(theirs, action_id=uuid4(), by=owner, now=NOW)
    again = actions.join_waiting(session, kept, action_id=uuid4(), **given).entry
    merging.undo_merge(done, by=owner, now=NOW)
    assert list(session.waiting.open()) == [again]


def test_a_wait_ends_where_the_other_has_a_place(session: Any, kept: Any, merged: Any, owner: Any) -> None:
    session.capacity = 1
    session.save()
    booked(session, kept)
    waited = actions.join_waiting(session, merged, source="desk", action_id=uuid4(), by=owner, now=NOW).entry
    done = merge(kept, merged, owner)
    waited.refresh_from_db()
    assert (waited.state, waited.member) == ("left", kept)
    merging.undo_merge(done, by=owner, now=NOW)
    waited.refresh_from_db()
    assert (waited.state, waited.member) == ("waiting", merged)


def test_a_booking_for_the_merged_profile_is_one_for_the_kept(session: Any, kept: Any, merged: Any, owner: Any) -> None:
    stale = Member.objects.get(pk=merged.pk)
    merge(kept, merged, owner)
    assert Reservation.objects.get(pk=booked(session, stale).pk).member == kept


@pytest.mark.django_db(transaction=True)
def test_a_booking_at_the_same_moment_is_not_lost(session: Any, kept: Any, merged: Any, owner: Any) -> None:
    """The booking is written and not committed when the merge begins, which waits for it."""
    written, begun = threading.Event(), threading.Event()

    def book() -> None:
        try:
            with transaction.atomic():
                booked(session, merged)
                written.set()
                begun.wait(5)
        finally:
            connection.close()

    thread = threading.Thread(target=book)
    thread.start()
    written.wait(5)
    threading.Timer(0.3, begun.set).start()
    merge(kept, merged, owner)
    thread.join()
    assert {row.member_id for row in Reservation.objects.all()} == {kept.pk}


@pytest.mark.django_db(transaction=True)
def test_two_merges_at_once_are_one(session: Any, kept: Any, merged: Any, owner: Any) -> None:
    results = []

    def run(one: Member, other: Member) -> None:
        try:
            merge(one, other, owner)
            results.append("merged")
        except CannotMerge:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in ((kept, merged), (merged, kept))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["merged", "refused"]


def test_rows_of_two_studios_stay_apart(kept: Any, owner: Any) -> None:
    with transaction.atomic():
        Member.objects.filter(pk=kept.pk).update(merged_into=MemberFactory())
        with pytest.raises(IntegrityError):
            connection.check_constraints()
        transaction.set_rollback(True)


def test_the_page_shows_what_moves_and_does_it(
    client: Client, session: Any, kept: Any, merged: Any, owner: Any
) -> None:
    booked(session, kept)
    booked(session, merged)
    client.force_login(owner.user)
    address = f"/{session.studio.slug}/members/{kept.pk}/merge/{merged.pk}/"
    page = client.get(address).content.decode()
    assert "both are booked" in page
    assert "kim@example.test" in page
    response = client.post(address, {"first_name": "merged"})
    assert response["Location"] == f"/{session.studio.slug}/members/{kept.pk}/"
    moved = client.get(f"/{session.studio.slug}/members/{merged.pk}/notes/")
    assert moved["Location"] == f"/{session.studio.slug}/members/{kept.pk}/notes/"
    assert "Take apart again" in client.get(response["Location"]).content.decode()
    done = MemberMerge.objects.get()
    client.post(f"/{session.studio.slug}/members/{kept.pk}/merges/{done.pk}/undo/")
    assert client.get(f"/{session.studio.slug}/members/{merged.pk}/").status_code == 200


def test_a_word_that_is_no_choice_merges_nothing(
    client: Client, session: Any, kept: Any, merged: Any, owner: Any
) -> None:
    client.force_login(owner.user)
    address = f"/{session.studio.slug}/members/{kept.pk}/merge/{merged.pk}/"
    assert client.post(address, {"email": "both"}).status_code == 422
    assert client.post(f"/{session.studio.slug}/members/{kept.pk}/merge/{kept.pk}/").status_code == 404
    assert not MemberMerge.objects.exists()
