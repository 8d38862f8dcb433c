"""Nobody but the member writes a member's review: whose address is asked, and what makes an author doubtful (Q34)."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail as outbox
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from bookings.models import Reservation
from bookings.rules import Attendance
from portal.changes import record_change
from portal.members import editing
from portal.members.addresses import MAIL_CHANGED
from portal.members.masking import GONE
from portal.members.merging import merge, undo_merge
from portal.members.scrubbing import scrub
from portal.models import Change, ImportRow, ImportRun, Job, Member, StaffLogin
from reviews import links, tasks
from reviews.actions.asking import MAIL_INVITATION, invite
from reviews.actions.deciding import CannotDecide, open_case
from reviews.actions.writing import write
from reviews.models import Report, Review, ReviewInvitation
from reviews.operator import disputed
from reviews.rules import NOTICE, UNKNOWN, AddressChange, address_at, change_in_doubt, is_entered_late
from reviews.selectors.asking import reviewable
from reviews.selectors.authorship import address_hash
from reviews.selectors.overall import overall
from reviews.words import doubt_words
from tests.factories import MemberFactory, StaffLoginFactory
from tests.reviews.visits import AFTER, ALL_FIVE, at, operator, visit, written

pytestmark = pytest.mark.django_db
END, DUE = at("19:00"), at("22:00")
STANDS, FELL = Report.Decision.VISIT_STANDS, Report.Decision.VISIT_FELL
A, B, C = "a@a.test", "b@b.test", "c@c.test"


def steps(*told: tuple[float, str, str]) -> list[AddressChange]:
    """Changes so many days before the end of the visit (less than 0: after it)."""
    return [
        AddressChange(key=number, at=END - timedelta(days=days), before=before, after=after)
        for number, (days, before, after) in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], None),
        ([(2, A, B)], 0),
        ([(14, A, B)], None),  # stood long enough
        ([(13.99, A, B)], 0),
        ([(-0.01, A, B)], 0),  # since
        ([(-2, A, B)], None),  # after it was written
        ([(2, "", A)], None),  # a first one takes nobody's place
        ([(2, A, "A@a.test ")], None),
        ([(2, A, "")], None),  # nobody else has a voice
        ([(3, A, ""), (2, "", B)], 1),
        ([(30, A, ""), (2, "", B)], 1),
        ([(3, A, ""), (2, "", A)], None),
        ([(30, A, B), (-0.5, B, A)], 1),  # lent for the visit, and given back
        ([(5, A, B), (3, B, C)], 1),
        ([(5, A, B), (4.999, B, A)], None),  # a slip of the hand, put right in time
        ([(20, A, B), (5, B, A)], 1),  # what was put back is not what stood
        ([(2, "", A), (1, A, B)], 1),
        ([(2, A, UNKNOWN)], 0),  # nobody can say that it is the same
        ([(2, A, UNKNOWN), (-0.5, UNKNOWN, A)], 1),
    ],
)
def test_which_change_makes_an_author_doubtful(told: Any, expected: int | None) -> None:
    found = change_in_doubt(steps(*told), ends_at=END, now=END + timedelta(days=1))
    assert (found and found.key) == expected
    assert timedelta(days=14) == NOTICE


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], C),
        ([(1, B, C)], C),
        ([(0, B, C)], C),
        ([(-0.1, B, C)], B),
        ([(-0.1, A, B), (-0.2, B, C)], A),
        ([(-0.1, "", C)], ""),
    ],
)
def test_the_address_is_that_of_the_moment(told: Any, expected: str) -> None:
    assert address_at(END, steps(*told), address=C) == expected


def test_a_walk_in_of_the_day_is_no_late_entry() -> None:
    day = date(2026, 6, 10)
    entered = [None, day - timedelta(days=3), day, day + timedelta(days=1)]
    assert [is_entered_late(one, visited_on=day) for one in entered] == [False, False, False, True]


@pytest.fixture
def there() -> Reservation:
    reservation = visit()
    Member.objects.filter(pk=reservation.member_id).update(email=A)
    reservation.member.email = A
    return reservation


@pytest.fixture
def ana(there: Reservation) -> StaffLogin:
    return StaffLoginFactory(studio=there.studio, user__name="Ana")


def put(there: Reservation, email: str, by: StaffLogin, *, days: float) -> None:
    """The studio changes the address so many days before the end (less than 0: after it)."""
    editing.edit(there.member, {"email": email}, by=by, now=END - timedelta(days=days))


def invited(now: Any = DUE) -> list[str]:
    """Whom the mails reach, when the clock asks and the jobs are done."""
    with time_machine.travel(now, tick=False):
        tasks.invite(Job())
        for job in Job.objects.filter(kind=MAIL_INVITATION):
            tasks.mail_invitation(job)
    return [to for sent in outbox.outbox for to in sent.to]


class TestWhoIsAsked:
    def test_the_address_that_the_member_had_when_the_visit_ended(self, there: Reservation, ana: StaffLogin) -> None:
        put(there, B, ana, days=-0.01)
        assert invited() == [A]

    def test_also_where_it_is_changed_between_asking_and_the_mail(self, there: Reservation, ana: StaffLogin) -> None:
        invite(now=DUE)
        editing.edit(there.member, {"email": B}, by=ana, now=DUE)
        assert invited() == [A]

    @pytest.mark.parametrize("email", ["", B])
    def test_nobody_where_there_was_none_or_is_none_any_more(
        self, there: Reservation, ana: StaffLogin, email: str
    ) -> None:
        if email:
            Member.objects.update(email="")
        put(there, email, ana, days=-0.01)
        assert invited() == []
        assert not ReviewInvitation.objects.exists()

    def test_the_profile_that_was_there_where_a_merge_gave_the_visit_away(
        self, there: Reservation, ana: StaffLogin
    ) -> None:
        other = MemberFactory(studio=there.studio, email=B)
        done = merge(other, there.member, take={"email": "kept"}, by=ana, now=END + timedelta(minutes=30))
        assert invited() == [A]
        there.refresh_from_db()
        review = written(there, now=DUE)
        assert "changed by Ana" in doubt_words(review)
        undo_merge(done, by=ana, now=DUE)

    def test_them_where_the_profile_that_took_the_visit_had_no_address(
        self, there: Reservation, ana: StaffLogin
    ) -> None:
        kept = MemberFactory(studio=there.studio, email="")
        merge(kept, there.member, take={}, by=ana, now=END + timedelta(minutes=30))
        assert invited() == [A]

    def test_nobody_where_a_merge_brought_the_first_address(self, there: Reservation, ana: StaffLogin) -> None:
        Member.objects.filter(pk=there.member_id).update(email="")
        there.member.email = ""
        merge(MemberFactory(studio=there.studio, email=B), there.member, take={}, by=ana, now=END + timedelta(hours=1))
        assert invited() == []

    @pytest.mark.parametrize("by", ["a merge", "hand"])
    def test_them_where_the_address_went_and_came_back(self, there: Reservation, ana: StaffLogin, by: str) -> None:
        if by == "hand":
            put(there, "", ana, days=-0.01)
            put(there, A, ana, days=-0.011)
        else:
            other = MemberFactory(studio=there.studio, email=B)
            done = merge(other, there.member, take={}, by=ana, now=END + timedelta(minutes=10))
            undo_merge(done, by=ana, now=END + timedelta(minutes=20))
        assert invited() == [A]

    def test_whoever_waits_behind_those_without_one(
        self, there: Reservation, ana: StaffLogin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("reviews.actions.asking.MOST", 1)
        behind = visit(session=there.session, member=MemberFactory(studio=there.studio, email=C))
        Member.objects.filter(pk=there.member_id).update(email="")
        put(there, B, ana, days=-0.01)
        assert there.pk < behind.pk
        assert invited() == [C]

    def test_nobody_for_a_tick_that_came_in_a_file(self, there: Reservation, ana: StaffLogin) -> None:
        Reservation.objects.update(source="import")
        assert reviewable(there.studio, DUE)[0] == 0
        assert invited() == []
        Reservation.objects.update(checked_in_by=ana)
        assert reviewable(there.studio, DUE)[0] == 1
        assert invited() == [A]


class TestWhatIsWritten:
    def test_after_a_change_it_is_marked_and_not_counted_until_the_operator_says(
        self, there: Reservation, ana: StaffLogin
    ) -> None:
        put(there, B, ana, days=2)
        review = written(there)
        assert doubt_words(review) == "The address was changed by Ana on Mon 8 Jun, 2 days before the visit."
        assert (overall(there.studio, AFTER).count, review.excluded(AFTER)) == (0, "disputed")
        open_case(review, STANDS, "", "They say so by phone", operator=operator(), now=DUE)
        review.refresh_from_db()
        assert (overall(there.studio, DUE).count, review.excluded(DUE)) == (1, None)
        assert "changed by Ana" in doubt_words(review)
        open_case(review, FELL, "", "It was the owner", operator=operator(), now=DUE)
        assert overall(there.studio, DUE).count == 0
        assert not Review.objects.waiting().exists()

    @pytest.mark.parametrize(("days", "words"), [(0.1, "the day of the visit"), (-0.05, "the day of the visit")])
    def test_on_the_day_of_the_visit(self, there: Reservation, ana: StaffLogin, days: float, words: str) -> None:
        put(there, B, ana, days=days)
        assert words in doubt_words(written(there, now=DUE))

    @pytest.mark.parametrize("before", ["first address", "long ago", "nothing"])
    def test_otherwise_it_counts(self, there: Reservation, ana: StaffLogin, before: str) -> None:
        if before == "first address":
            Member.objects.update(email="")
            put(there, B, ana, days=1)
        if before == "long ago":
            put(there, B, ana, days=15)
        assert written(there).doubt is None
        assert overall(there.studio, AFTER).count == 1
        with pytest.raises(CannotDecide):
            open_case(Review.objects.get(), FELL, "", "I doubt it", operator=operator(), now=DUE)

    def test_what_the_studio_changes_afterwards_takes_no_review_away(self, there: Reservation, ana: StaffLogin) -> None:
        written(there, now=DUE)
        editing.edit(there.member, {"email": B}, by=ana, now=DUE + timedelta(hours=1))
        written(there, text="A comma.", now=DUE + timedelta(hours=2))
        assert overall(there.studio, DUE + timedelta(hours=3)).count == 1

    @pytest.mark.parametrize(("days", "doubted"), [(0, False), (1, True)])
    def test_who_was_entered_on_a_later_day_waits_for_the_operator(
        self, there: Reservation, ana: StaffLogin, days: int, doubted: bool
    ) -> None:
        entered = at("20:00", days=days)
        record_change(there.member, "created", studio=there.studio, by=ana, now=entered)
        review = written(there, now=entered + timedelta(hours=2))
        words = "The member was entered by Ana on Thu 11 Jun, 1 day after the visit."
        assert (doubt_words(review), review.is_disputed) == ((words, True) if doubted else ("", False))

    @pytest.mark.parametrize(("source", "doubted"), [("desk", True), ("import", False)])
    def test_who_came_in_a_file_on_a_later_day_waits_too(
        self, there: Reservation, ana: StaffLogin, source: str, doubted: bool
    ) -> None:
        """A line in a file is as much a hand as a form; a file that brings visits as well is a studio that moves in."""
        Reservation.objects.update(source=source)
        made = {"model": "member", "pk": there.member_id, "made": {"email": A}}
        file = {"kind": "members", "file_name": "m.csv", "rows_in_file": 1, "created_at": END}
        run = ImportRun.objects.create(studio=there.studio, by=ana, **file)
        ImportRow.objects.create(run=run, line=2, outcome="created", written=[made])
        later = at("20:00", days=1)
        Member.objects.filter(pk=there.member_id).update(created_at=later)
        review = written(there, now=later + timedelta(hours=2))
        words = "The member was entered by Ana on Thu 11 Jun, 1 day after the visit."
        assert (doubt_words(review), review.is_disputed) == ((words, True) if doubted else ("", False))

    def test_by_a_marketplace_is_its_word_until_the_link_changes_it(self, there: Reservation, ana: StaffLogin) -> None:
        put(there, B, ana, days=2)
        review = write(there, marks=ALL_FIVE, text="", source="groupx", now=AFTER)
        assert (review.doubt, overall(there.studio, AFTER).count) == (None, 1)
        Reservation.objects.update(attendance=Attendance.NO_SHOW, checked_in_at=None)
        open_case(review, STANDS, "", "They have a photo", operator=operator(), now=AFTER)
        written(there, text="By the link.", now=DUE)
        assert (overall(there.studio, DUE).count, Review.objects.waiting().count()) == (0, 1)

    @pytest.mark.parametrize("is_deleted", [False, True])
    def test_by_an_address_that_a_merge_lent_and_its_undo_gave_back(
        self, there: Reservation, ana: StaffLogin, is_deleted: bool
    ) -> None:
        """The link went to a made-up person's address, which the log of the member alone never knew."""
        other = MemberFactory(studio=there.studio, email=B)
        done = merge(other, there.member, take={"email": "kept"}, by=ana, now=END - timedelta(days=1))
        assert invited() == [B]
        undo_merge(done, by=ana, now=DUE)
        if is_deleted:
            scrub(Member.objects.get(pk=other.pk), by=ana, now=DUE)
        assert "changed by Ana" in doubt_words(written(there, now=DUE + timedelta(minutes=5)))

    def test_by_an_address_of_a_made_up_person_who_was_deleted(self, there: Reservation, ana: StaffLogin) -> None:
        put(there, B, ana, days=1)
        assert invited() == [B]
        editing.edit(there.member, {"email": A}, by=ana, now=DUE)
        other = MemberFactory(studio=there.studio, email=B)
        scrub(Member.objects.get(pk=other.pk), by=ana, now=DUE)
        lines = list(Change.objects.filter(subject_id=there.member_id, kind="edited").order_by("id"))
        assert [(one.before, one.after) for one in lines] == [
            ({"email": A}, {"email": GONE}),
            ({"email": GONE}, {"email": A}),
        ]
        assert "changed by Ana" in doubt_words(written(there, now=DUE + timedelta(minutes=5)))
        scrub(there.member, by=ana, now=DUE + timedelta(hours=1))
        assert not Change.objects.filter(before__has_key="email").exists()

    def test_by_an_address_that_the_log_does_not_know(self, there: Reservation, ana: StaffLogin) -> None:
        editing.edit(there.member, {"phone": "030 1"}, by=ana, now=END)
        invited()
        ReviewInvitation.objects.update(address=address_hash(C))
        assert written(there, now=DUE).is_doubted

    def test_a_slip_of_the_hand_before_the_visit_takes_no_voice(self, there: Reservation, ana: StaffLogin) -> None:
        put(there, B, ana, days=5)
        put(there, A, ana, days=4.999)
        assert invited() == [A]
        assert written(there, now=DUE).doubt is None

    def test_a_doubt_after_the_operator_found_that_it_fell_waits_for_them(
        self, there: Reservation, ana: StaffLogin
    ) -> None:
        put(there, B, ana, days=2)
        review = write(there, marks=ALL_FIVE, text="", source="groupx", now=AFTER)
        Reservation.objects.update(attendance=Attendance.NO_SHOW, checked_in_at=None)
        open_case(review, FELL, "", "Nobody saw them", operator=operator(), now=AFTER)
        Reservation.objects.update(attendance=Attendance.CHECKED_IN, checked_in_at=AFTER)
        written(there, text="By the link.", now=DUE)
        assert Review.objects.waiting().count() == 1
        open_case(Review.objects.get(), FELL, "", "Nor did they write", operator=operator(), now=DUE)
        assert not Review.objects.waiting().exists()

    def test_a_deleted_person_leaves_the_mark_without_the_address(self, there: Reservation, ana: StaffLogin) -> None:
        put(there, B, ana, days=2)
        written(there)
        scrub(there.member, by=ana, now=DUE)
        review = Review.objects.get()
        assert "changed by Ana" in doubt_words(review)
        assert review.doubt is not None
        assert review.doubt.before == {}

    def test_postgres_keeps_the_mark(self, there: Reservation, ana: StaffLogin) -> None:
        put(there, B, ana, days=2)
        written(there)
        for change in ("doubt_id = NULL", "settled_at = now()"):
            statement = f"UPDATE reviews_review SET {change}"  # noqa: S608
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


class TestNobodyElse:
    """What somebody could try who is not the member."""

    def press(self, there: Reservation, token: str, slug: str = "") -> int:
        form = {name: str(marks) for name, marks in ALL_FIVE.items()} | {"text": "Not mine."}
        with time_machine.travel(DUE, tick=False):
            path = reverse("reviews:write", args=[slug or there.studio.slug, token])
            return int(Client(raise_request_exception=True).post(path, form).status_code)

    def test_writes_with_a_link_that_was_bent_or_is_for_reading(self, there: Reservation) -> None:
        mine = visit(session=there.session)
        for reservation, address in ((there, A), (mine, B)):
            ReviewInvitation.objects.create(
                studio=there.studio, reservation=reservation, invited_at=DUE, address=address_hash(address)
            )
        own = links.token_for(ReviewInvitation.objects.get(reservation=mine))
        said, sign = own.rsplit(":", 1)
        _number, short = said.split(".")
        for token, status in (
            (f"{there.pk}.{short}:{sign}", 404),  # my signature under another visit
            (own.swapcase(), 404),
            (links.reading_token_for(there), 404),  # of what was not written yet
            (links._signer.sign(str(there.pk)), 404),  # as links were made before they knew an address
            (links._signer.sign(f"{there.pk}.{short}"), 404),  # asked at another address
        ):
            assert self.press(there, token) == status, token
        assert self.press(mine, own, slug=StaffLoginFactory().studio.slug) == 404
        assert not Review.objects.exists()

    def test_takes_over_a_review_by_taking_over_its_visit(self, there: Reservation, ana: StaffLogin) -> None:
        written(there)
        other = MemberFactory(studio=there.studio, email=B)
        taken = Reservation.objects.filter(pk=there.pk)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS author_stays IMMEDIATE")
        with pytest.raises(DatabaseError), transaction.atomic():
            taken.update(member=other)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS author_stays DEFERRED")
        done = merge(other, there.member, take={}, by=ana, now=DUE)
        undo_merge(done, by=ana, now=DUE)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS author_stays IMMEDIATE")
        assert Review.objects.get().reservation.member == there.member

    def test_counts_twice_by_merging_two_who_were_there(self, there: Reservation, ana: StaffLogin) -> None:
        second = visit(session=there.session)
        for reservation in (there, second):
            written(reservation)
        merge(there.member, second.member, take={}, by=ana, now=DUE)
        assert (Review.objects.count(), overall(there.studio, DUE).count) == (2, 1)
        assert Review.objects.waiting().count() == 1

    def test_gives_an_opinion_more_weight(self, there: Reservation) -> None:
        marks = ALL_FIVE | {"price": 5, "class": 5}
        review = write(there, marks=marks, text="", source="link", now=DUE)
        assert review.marks == ALL_FIVE | {"class": 5}
        for bad in (0, 6, -1):
            with pytest.raises(ValueError, match="not between"):
                write(there, marks=ALL_FIVE | {"class": bad}, text="", source="link", now=DUE)


class TestWhoSeesIt:
    @pytest.fixture
    def review(self, there: Reservation, ana: StaffLogin) -> Review:
        put(there, B, ana, days=2)
        return written(there)

    def test_the_studio_in_its_list_and_beside_the_review(self, review: Review, ana: StaffLogin) -> None:
        client = Client()
        client.force_login(ana.user)
        with time_machine.travel(DUE, tick=False):
            listed = client.get(reverse("reviews:reviews", args=[review.studio.slug]), {"disputed": "1"}).text
            page = client.get(reverse("reviews:review", args=[review.studio.slug, review.pk])).text
        assert "author in doubt, not counted" in listed
        assert "visit disputed" not in page
        assert "Not counted: The address was changed by Ana on Mon 8 Jun, 2 days before the visit." in page

    def test_the_operator_among_what_waits_with_the_old_address_to_ask(self, review: Review) -> None:
        client = Client()
        client.force_login(operator())
        (need,) = disputed(DUE)
        assert need.count == 1
        case = reverse("admin:reviews_case", args=[review.pk])
        listed = client.get(need.url).text
        assert case in listed
        assert "changed by Ana" in listed
        shown = client.get(case)
        assert "2 days before the visit" in shown.text
        assert [(one.email, one.is_asked) for one in shown.context["addresses"]] == [(A, False), (B, False)]
        assert A in shown.text
        decided = client.post(case, {"decision": "visit_stands", "rule": "", "reason": "Asked at the old address"})
        assert decided.status_code == 302
        assert next(iter(disputed(DUE))).count == 0

    @pytest.mark.parametrize("is_told", [False, True])
    def test_the_operator_which_address_was_asked_and_who_was_told(
        self, there: Reservation, ana: StaffLogin, is_told: bool
    ) -> None:
        put(there, "", ana, days=3)
        put(there, B, ana, days=2)
        assert invited() == [B]
        put(there, C, ana, days=-0.2)
        if is_told:
            Job.objects.filter(kind=MAIL_CHANGED).update(done_at=DUE)
        review = written(there, now=DUE + timedelta(hours=3))
        client = Client()
        client.force_login(operator())
        page = client.get(reverse("admin:reviews_case", args=[review.pk]))
        told = DUE if is_told else None
        found = [(one.email, one.since is None, one.is_asked, one.told_at) for one in page.context["addresses"]]
        assert found == [
            (A, True, False, told),
            ("", False, False, None),
            (B, False, True, told),
            (C, False, False, None),
        ]
        assert page.text.count("the link went there") == 1

    def test_the_author_and_they_hear_of_the_decision_at_the_address_that_wrote(
        self, there: Reservation, ana: StaffLogin
    ) -> None:
        put(there, B, ana, days=-0.01)
        invited()
        outbox.outbox.clear()
        review = written(there, now=DUE)
        token = links.token_for(ReviewInvitation.objects.get())
        with time_machine.travel(DUE, tick=False):
            page = Client().get(reverse("reviews:write", args=[there.studio.slug, token])).text
        assert "does not count until the operator of this site has looked" in page
        assert "Ana" not in page
        open_case(review, STANDS, "", "They say so", operator=operator(), now=DUE)
        for job in Job.objects.filter(kind=tasks.MAIL_DECIDED_AUTHOR):
            tasks.mail_decided_author(job)
        (sent,) = outbox.outbox
        assert sent.to == [A]
        assert "has found that it is" in " ".join(sent.body.split())
