"""The studio's reply and its reports: one each, free for 24 hours, kept for ever, and nothing is deleted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from portal.models import Change, StaffLogin
from reviews import rules
from reviews.actions.reporting import NotReported, report
from reviews.actions.responding import NotTaken, edit, respond, withdraw_response
from reviews.models import Report, Response, ResponseVersion, Review, Rule
from reviews.rules.warnings import addresses_in, phones_in
from reviews.selectors.naming import named_in
from tests.factories import MemberFactory, StaffLoginFactory
from tests.reviews.visits import AFTER, visit, written
from tests.reviews.visits import hidden as hide

LATER = AFTER + timedelta(hours=2)


def owner_of(review: Review) -> StaffLogin:
    return StaffLoginFactory(studio=review.studio)


def kinds_of(review: Review) -> list[str]:
    return list(
        Change.objects.filter(subject="review", subject_id=review.pk).order_by("id").values_list("kind", flat=True)
    )


@pytest.mark.django_db
class TestReply:
    def test_there_is_one_and_a_second_says_whose_stands(self) -> None:
        review = written()
        owner = owner_of(review)
        made = respond(review, "  Thank you.\r\nSee you!  ", by=owner, now=LATER)
        assert (made.text, made.written_by) == ("Thank you.\nSee you!", owner)
        with pytest.raises(NotTaken) as no:
            respond(review, "Another.", by=owner, now=LATER)
        assert (no.value.reason, no.value.response) == (rules.NoReply.ANSWERED, made)
        assert Response.objects.get().text == "Thank you.\nSee you!"

    def test_changes_within_24_hours_leave_no_mark_and_later_ones_do(self) -> None:
        review = written()
        owner = owner_of(review)
        respond(review, "One", by=owner, now=LATER)
        assert edit(review, "Two", by=owner, now=LATER + timedelta(hours=23, minutes=59)).edited_at is None
        late = LATER + timedelta(hours=24)
        assert edit(review, "Three", by=owner, now=late).edited_at == late
        edit(review, "Three", by=owner, now=late + timedelta(hours=1))  # the same words are no change
        versions = list(ResponseVersion.objects.order_by("id").values_list("text", "marked"))
        assert versions == [("One", False), ("Two", False), ("Three", True)]
        assert kinds_of(review) == ["written", "replied", "reply_changed", "reply_changed"]

    def test_withdrawn_leaves_a_trace_and_writing_anew_is_no_way_around_the_mark(self) -> None:
        review = written()
        owner = owner_of(review)
        respond(review, "Rash words", by=owner, now=LATER)
        gone = withdraw_response(review, by=owner, now=LATER + timedelta(hours=1))
        assert (gone.text, gone.withdrawn_by) == ("Rash words", owner)
        withdraw_response(review, by=owner, now=LATER + timedelta(hours=2))  # twice is once
        with pytest.raises(NotTaken):
            edit(review, "Kind words", by=owner, now=LATER + timedelta(hours=2))
        anew = respond(review, "Kind words", by=owner, now=LATER + timedelta(days=2))
        assert anew.stands
        assert anew.edited_at == LATER + timedelta(days=2)
        assert Response.objects.count() == 1
        assert kinds_of(review) == ["written", "replied", "reply_withdrawn", "replied"]

    def test_a_hidden_review_takes_none(self) -> None:
        review = hide(written())
        with pytest.raises(NotTaken) as no:
            respond(review, "But", by=owner_of(review), now=LATER)
        assert no.value.reason is rules.NoReply.HIDDEN
        with pytest.raises(NotReported):
            report(review, Rule.INSULT, "Again", by=owner_of(review), now=LATER)

    def test_a_change_over_somebody_elses_is_refused(self) -> None:
        review = written()
        owner = owner_of(review)
        respond(review, "One", by=owner, now=LATER)
        seen = ResponseVersion.objects.get().pk
        edit(review, "Two", by=owner_of(review), now=LATER, seen=seen)
        with pytest.raises(NotTaken) as no:
            edit(review, "Mine", by=owner, now=LATER, seen=seen)
        assert no.value.reason is rules.NoReply.CHANGED
        assert Response.objects.get().text == "Two"

    @pytest.mark.parametrize("text", ["", "   \n ", "x" * 2001])
    def test_has_words_that_fit(self, text: str) -> None:
        review = written()
        with pytest.raises(ValueError, match="characters"):
            respond(review, text, by=owner_of(review), now=LATER)


@pytest.mark.django_db
def test_a_report_names_a_rule_and_opens_one_case() -> None:
    review = written()
    owner = owner_of(review)
    case = report(review, Rule.PRIVACY, "It names my sister.", by=owner, now=LATER)
    assert (case.rule, case.reported_by, case.decided_at) == ("privacy", owner, None)
    with pytest.raises(NotReported) as no:
        report(review, Rule.INSULT, "And it insults.", by=owner, now=LATER)
    assert no.value.reason is rules.NoReport.OPEN
    with pytest.raises(ValueError, match="characters"):
        report(review, Rule.INSULT, "", by=owner, now=LATER)
    assert Report.objects.count() == 1
    review.refresh_from_db()
    assert review.hidden_at is None  # nothing changes until the operator decides


@pytest.mark.django_db(transaction=True)
def test_of_two_replies_at_once_one_stands() -> None:
    review = written()
    logins = [owner_of(review), owner_of(review)]
    ready = Barrier(2)

    def reply(login: StaffLogin) -> Any:
        try:
            ready.wait(timeout=20)
            return respond(review, f"By {login.pk}", by=login, now=LATER)
        except NotTaken as no:
            return no.reason
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(reply, logins))
    assert [isinstance(one, Response) for one in answers].count(True) == 1
    assert rules.NoReply.ANSWERED in answers
    assert ResponseVersion.objects.count() == 1


class TestWarnings:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("Call us: +31 6 12 34 56 78!", ("+31 6 12 34 56 78",)),
            ("030/123 45 67 or 0301234567", ("030/123 45 67", "0301234567")),
            ("On 14.12.2026 and 2026-12-14, 18:00-19:00", ()),
            ("In 2025-2026 we had 1200 visits, 5 of 5", ()),
            ("4711", ()),
        ],
    )
    def test_phone_numbers(self, text: str, found: tuple[str, ...]) -> None:
        assert phones_in(text) == found

    def test_addresses_are_no_phone_numbers(self) -> None:
        assert addresses_in("Write to info@studio.test, or kim.12345678@x.co.uk.") == (
            "info@studio.test",
            "kim.12345678@x.co.uk",
        )
        assert phones_in("kim.12345678@x.co.uk") == ()

    @pytest.mark.django_db
    def test_other_members_by_full_name_not_the_author_and_not_by_a_first_name(
        self, django_assert_num_queries: Any
    ) -> None:
        reservation = visit()
        author, studio = reservation.member, reservation.studio
        MemberFactory(studio=studio, first_name="Zoë", last_name="van Dijk")
        MemberFactory(studio=studio, first_name="Bo", last_name="")
        MemberFactory(first_name="Ida", last_name="Elsewhere")
        text = f"Thanks {author.name}! ZOE VAN DIJK, Bo and Ida Elsewhere say hi. Not Zoë van Dijkstra."
        with django_assert_num_queries(1):
            assert named_in(text, studio, but=author) == ["Zoë van Dijk"]
        assert named_in("Zoë van Dijkstra", studio, but=author) == []


def test_what_is_not_seen_is_not_kept() -> None:
    assert rules.cleaned(" a\u202eb\u200bc\x00d\r\n\r\n\r\n\r\ne\ufeff ") == "abcd\n\ne"
    assert rules.cleaned("<b>bold</b> \U0001f468\u200d\U0001f469\u200d\U0001f467") == (
        "<b>bold</b> \U0001f468\u200d\U0001f469\u200d\U0001f467"
    )
