"""The attendance tab's purchases, and "why?": the worked examples of the package accounting as people see them."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings import actions
from bookings.models import CalendarItem, Reservation
from bookings.trees import draw
from bookings.why import choice_tree, count_tree
from packages.models import Hold, Package, Policy, Purchase
from portal.models import Location, Member, StaffLogin
from portal.roles import Preset
from tests.bookings.purchases.scenes import buy, visited
from tests.factories import CalendarItemFactory, MemberFactory, SessionFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def book(item: CalendarItem, member: Member, by: StaffLogin, *, starts_at: datetime | None = None) -> Reservation:
    session = SessionFactory(item=item, starts_at=starts_at or timezone.now() + 2 * DAY)
    return actions.reserve(session, member, source="desk", action_id=uuid4(), by=by, now=timezone.now()).reservation


def why(client: Client, reservation: Reservation) -> Any:
    response = client.get(f"/ours/reservations/{reservation.pk}/why/")
    assert response.status_code == 200
    return response


def lit(drawing: Any) -> list[str]:
    """The words of the boxes that are lit."""
    return [said(box) for box in drawing.boxes if box.is_lit]


def said(box: Any) -> str:
    return " ".join(line.words for line in box.lines if not line.is_fact)


def end_of(drawing: Any) -> str:
    """The one end that is lit."""
    (end,) = [said(box) for box in drawing.boxes if box.is_lit and box.is_end]
    return end


def row_of(client: Client, member: Member, **query: str) -> Any:
    (row,) = client.get(f"/ours/members/{member.pk}/", query).context["rows"]
    return row


class TestWhichPurchase:
    def test_the_newest_is_used_although_an_older_one_has_a_use_left(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        """K3: P1 with 4 of 5 used, P2 bought later with 0 of 5."""
        first = buy(kim, flow, days_ago=40)
        for ago in (5, 6, 7, 8):
            visited(kim, flow, first, days_ago=ago)
        second = buy(kim, flow, days_ago=2)
        made = book(flow, kim, desk)
        assert made.purchase == second
        looked = why(client, made).context["choice"].said[-1].looked
        assert [(one.pk, one.why_not) for one in looked] == [(second.pk, "")]

    def test_the_newest_on_hold_is_passed_over_with_its_reason(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        old, held = buy(kim, flow, days_ago=40), buy(kim, flow)
        Hold.objects.create(purchase=held, first_on=timezone.localdate())
        made = book(flow, kim, desk)
        explained = why(client, made).context["choice"]
        assert [(one.pk, one.why_not) for one in explained.said[-1].looked] == [(held.pk, "on hold"), (old.pk, "")]
        assert {"Passed over: look at the next one", "This purchase is used"} <= set(lit(explained.drawing))

    def test_one_that_expired_at_midnight_of_the_place_is_passed_over(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem, place: Location
    ) -> None:
        day = timezone.localdate(timezone=place.tz) + 3 * DAY
        buy(kim, flow, expires_on=day)
        just_after = datetime(day.year, day.month, day.day, 0, 5, tzinfo=place.tz) + DAY
        made = book(flow, kim, desk, starts_at=just_after)
        explained = why(client, made).context["choice"]
        assert [one.why_not for one in explained.said[-1].looked] == ["expired"]
        assert explained.end == "Unpaid: no purchase can be used."
        assert "Unpaid: nothing is used" in lit(explained.drawing)

    def test_a_class_without_packages_is_free(
        self, client: Client, desk: StaffLogin, kim: Member, place: Location
    ) -> None:
        made = book(CalendarItemFactory(location=place, name="Open day"), kim, desk)
        explained = why(client, made).context["choice"]
        assert explained.end == "Free: no purchase is used."
        assert lit(explained.drawing) == ["Are packages linked to the class?", "Free: anyone can book"]

    def test_the_page_is_a_list_for_readers_and_a_drawing_for_eyes_without_inline_styles(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        buy(kim, flow)
        html = why(client, book(flow, kim, desk)).content.decode()
        assert html.count('<ol class="said">') == 2
        assert len(re.findall(r'<svg class="tree"[^>]*aria-hidden="true"', html)) == 2
        assert " style=" not in html
        assert "5 Pack" in html

    def test_the_panel_alone_is_given_to_htmx(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        made = book(flow, kim, desk)
        part = client.get(f"/ours/reservations/{made.pk}/why/", headers={"HX-Request": "true"}).content.decode()
        assert "Why this package?" in part
        assert "<html" not in part

    def test_a_teacher_learns_it_of_own_classes_only(
        self, client: Client, owner: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        made = book(flow, kim, owner)
        client.force_login(StaffLoginFactory(studio=flow.studio, preset=Preset.TEACHER).user)
        assert client.get(f"/ours/reservations/{made.pk}/why/").status_code == 404


class TestWhetherItCounts:
    @pytest.mark.parametrize(
        ("fields", "counts", "because", "end"),
        [
            ({"attendance": "checked_in"}, "yes", "checked in", "Counts"),
            ({"attendance": "unknown"}, "yes", "no-show", "Counts"),
            ({"attendance": "unknown", "booking": "cancelled"}, "no", "cancelled", "Does not count"),
            ({"attendance": "unknown", "booking": "late_cancelled"}, "no", "cancelled", "Does not count"),
        ],
        ids=["checked in", "no-show by the clock, without a sweep", "cancelled", "late cancel"],
    )
    def test_the_row_and_the_tree_say_the_same(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem, fields: Any, counts: str,
        because: str, end: str,
    ) -> None:  # fmt: skip
        if "booking" in fields:
            fields = fields | {"cancelled_at": timezone.now() - 2 * DAY}
        visit = visited(kim, flow, buy(kim, flow, days_ago=9), days_ago=1, **fields)
        row = row_of(client, kim)
        assert (row.counts, row.because) == (counts, because)
        assert end_of(why(client, visit).context["counting"].drawing) == end

    def test_a_late_cancellation_counts_where_the_package_says_so(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        flow.packages.get().versions.update(late_cancel_uses=True)
        pack = buy(kim, flow, days_ago=9)
        cancelled = {"booking": "late_cancelled", "cancelled_at": timezone.now() - DAY}
        visit = visited(kim, flow, pack, days_ago=1, attendance="unknown", **cancelled)
        assert row_of(client, kim).because == "late cancellation uses a session"
        assert why(client, visit).context["counting"].said[-1].fact == "Late, and the package says so."

    def test_what_is_to_come_does_not_count_yet(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        buy(kim, flow)
        made = book(flow, kim, desk)
        assert end_of(why(client, made).context["counting"].drawing) == "Does not count yet"


class TestChoosingByHand:
    def test_both_balances_are_told_and_it_can_be_undone(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        old, new = buy(kim, flow, days_ago=40), buy(kim, flow, days_ago=10)
        visit = visited(kim, flow, new, days_ago=1)
        url = f"/ours/reservations/{visit.pk}/purchase/"
        answer = client.post(url, {"purchase": old.pk, "action_id": uuid4()}, headers={"HX-Request": "true"})
        html = answer.content.decode()
        assert "1 of 5 used, now 0 of 5 used" in html
        assert "0 of 5 used, now 1 of 5 used" in html
        visit.refresh_from_db()
        assert (visit.purchase, visit.assigned) == (old, "hand")
        undo = re.search(r'action="(/ours/events/\d+/purchase/undo/)"', html)
        assert undo
        client.post(undo[1], {"action_id": uuid4()}, headers={"HX-Request": "true"})
        visit.refresh_from_db()
        assert (visit.purchase, visit.assigned) == (new, "rule")

    def test_the_row_tells_that_a_person_overruled_the_rule_and_what_it_would_say_today(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        old, new = buy(kim, flow, days_ago=40), buy(kim, flow, days_ago=10, uses=1)
        visit = visited(kim, flow, new, days_ago=1)
        client.post(f"/ours/reservations/{visit.pk}/purchase/", {"purchase": old.pk, "action_id": uuid4()})
        row = row_of(client, kim)
        assert row.by_hand
        assert row.rule_says.startswith("today the rule would say: 5 Pack")
        context = why(client, visit).context
        assert context["differs"]
        assert desk.user.name in context["overruled_by"]
        client.post(f"/ours/reservations/{visit.pk}/purchase/", {"purchase": new.pk, "action_id": uuid4()})
        assert row_of(client, kim).rule_says == "the rule would say the same today"

    def test_a_held_one_can_be_chosen_and_the_answer_warns(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        held = buy(kim, flow, days_ago=40)
        Hold.objects.create(purchase=held, first_on=date(2020, 1, 1))
        visit = visited(kim, flow, None, days_ago=1)
        url = f"/ours/reservations/{visit.pk}/purchase/"
        html = client.post(
            url, {"purchase": held.pk, "action_id": uuid4()}, headers={"HX-Request": "true"}
        ).content.decode()
        assert "Mind: on that day it is on hold since 1 Jan 2020" in html
        assert Reservation.objects.get(pk=visit.pk).purchase == held

    def test_none_makes_it_unpaid_and_anothers_is_refused(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack, others = buy(kim, flow), buy(MemberFactory(studio=kim.studio), flow)
        visit = visited(kim, flow, pack, days_ago=1)
        url = f"/ours/reservations/{visit.pk}/purchase/"
        refused = client.post(url, {"purchase": others.pk, "action_id": uuid4()}, headers={"HX-Request": "true"})
        assert refused.status_code == 422
        assert Reservation.objects.get(pk=visit.pk).purchase == pack
        client.post(url, {"purchase": "", "action_id": uuid4()})
        assert Reservation.objects.get(pk=visit.pk).is_unpaid

    def test_only_the_last_change_is_undone(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        old, new = buy(kim, flow, days_ago=40), buy(kim, flow, days_ago=10)
        visit = visited(kim, flow, None, days_ago=1)
        for one in (old, new):
            client.post(f"/ours/reservations/{visit.pk}/purchase/", {"purchase": one.pk, "action_id": uuid4()})
        first, _second = visit.events.order_by("id")
        client.post(f"/ours/events/{first.pk}/purchase/undo/", {"action_id": uuid4()})
        assert Reservation.objects.get(pk=visit.pk).purchase == new


class TestTheAttendanceTab:
    def test_filters_by_package_and_what_is_unpaid_or_free(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem, place: Location
    ) -> None:
        pack = buy(kim, flow)
        paid, unpaid = visited(kim, flow, pack, days_ago=1), visited(kim, flow, None, days_ago=2)
        free = visited(kim, flow, None, days_ago=3)
        Reservation.objects.filter(pk=free.pk).update(assigned="free")
        for word, visit in ((str(pack.package_id), paid), ("unpaid", unpaid), ("free", free)):
            assert row_of(client, kim, package=word).reservation == visit
        assert client.get(f"/ours/members/{kim.pk}/", {"package": "gone"}).status_code == 404

    def test_the_file_holds_what_the_tab_shows(
        self, client: Client, owner: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        visited(kim, flow, buy(kim, flow), days_ago=1)
        visited(kim, flow, None, days_ago=2)
        url = f"/ours/members/{kim.pk}/attendance.csv"
        every = b"".join(client.get(url)).decode().splitlines()  # type: ignore[call-overload]
        assert len(every) == 3
        unpaid = b"".join(client.get(url, {"package": "unpaid"})).decode()  # type: ignore[call-overload]
        assert "Unpaid" in unpaid
        assert "5 Pack" not in unpaid

    def test_one_visit_and_thirty_ask_the_same_by_hand_or_not(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as asked:
                client.get(f"/ours/members/{kim.pk}/")
            return len(asked)

        pack = buy(kim, flow, uses=99)
        visited(kim, flow, pack, days_ago=1)
        Reservation.objects.update(assigned="hand")
        queries()
        one = queries()
        for number in range(29):
            other = CalendarItemFactory(location=flow.location)
            visited(kim, other, pack, days_ago=number + 2)
        Reservation.objects.update(assigned="hand")
        assert queries() == one


class TestWhatIf:
    def test_it_says_what_would_be_used_and_books_nothing(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack = buy(kim, flow)
        session = SessionFactory(item=flow, starts_at=timezone.now() + 2 * DAY)
        query = {"member": kim.pk, "session": session.pk}
        explained = client.get("/ours/packages/what-if/", query).context["explained"]
        assert explained.said[-1].looked[0].pk == pack.pk
        Purchase.objects.update(expires_on=timezone.localdate())
        explained = client.get("/ours/packages/what-if/", query).context["explained"]
        assert explained.end == "Unpaid: no purchase can be used."
        assert not Reservation.objects.exists()

    def test_members_and_classes_are_found_by_name(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        SessionFactory(item=flow, starts_at=timezone.now() + DAY)
        context = client.get("/ours/packages/what-if/", {"q": "kim", "class": "flo"}).context
        assert [one.pk for one in context["members"]] == [kim.pk]
        assert [one.item.name for one, _when in context["sessions"]] == ["Flow"]


class TestTheTrees:
    def test_support_shows_both_unlit_and_in_words(self, client: Client, desk: StaffLogin) -> None:
        html = client.get("/ours/support/packages/").content.decode()
        assert html.count('<svg class="tree"') == 2
        assert "is-lit" not in html
        assert html.count('<ol class="said">') == 2

    def test_every_arrow_joins_two_boxes_and_every_question_has_two_answers(self) -> None:
        for tree in (choice_tree(Policy()), choice_tree(Policy(over_use=True)), count_tree()):
            keys = {box.key for box in tree.boxes}
            assert {arrow.start for arrow in tree.arrows} | {arrow.end for arrow in tree.arrows} == keys
            for box in tree.boxes:
                leads = [arrow.answer for arrow in tree.arrows if arrow.start == box.key]
                assert sorted(leads) == ([] if box.is_end else [""] if box.key == "next" else ["no", "yes"])

    def test_boxes_do_not_overlap_however_long_their_words(self) -> None:
        drawing = draw(count_tree(), facts={"checked_in": "a long fact " * 12})
        for one in drawing.boxes:
            for other in drawing.boxes:
                apart = one.y + one.height <= other.y or other.y + other.height <= one.y or one.x != other.x
                assert one is other or apart


class TestWhatWasAskedAtThatMoment:
    def test_the_studio_s_rule_and_the_class_s_packages_are_those_of_the_booking(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        Policy.objects.create(studio=flow.studio, order=Policy.Order.OLDEST_FIRST)
        old, _new = buy(kim, flow, days_ago=40), buy(kim, flow)
        made = book(flow, kim, desk)
        Policy.objects.update(order=Policy.Order.NEWEST_FIRST, over_use=True)
        Package.objects.update(archived_at=timezone.now())
        explained = why(client, made).context["choice"]
        linked, order = explained.said
        assert (linked.fact, order.question) == (
            old.package.name,
            "Which valid purchase comes first: the oldest first?",
        )
        assert "Is a use left?" in lit(explained.drawing)

    def test_the_day_on_which_it_had_to_be_valid_stands_in_the_drawing(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem, place: Location
    ) -> None:
        buy(kim, flow)
        made = book(flow, kim, desk, starts_at=datetime(2031, 3, 4, 12, tzinfo=place.tz))
        facts = [line.words for box in why(client, made).context["choice"].drawing.boxes for line in box.lines]
        assert "4 Mar 2031" in facts

    def test_an_archived_link_is_not_on_sale(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        Package.objects.update(archived_at=timezone.now())
        made = book(flow, kim, desk)
        assert "None that is on sale." in why(client, made).content.decode()


def test_a_marketplaces_pass_pays_and_the_visit_is_not_called_free(
    client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
) -> None:
    visit = book(flow, kim, desk)
    Reservation.objects.filter(pk=visit.pk).update(source="onefit", assigned="free", purchase=None, choice={})
    page = why(client, visit)
    assert "The pass of OneFit pays; no purchase is used." in page.content.decode()
    assert lit(page.context["choice"].drawing)[0] == "Was it booked through a marketplace?"
    assert end_of(page.context["choice"].drawing) == "Its pass pays: no purchase is used"
