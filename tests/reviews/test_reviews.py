"""The list of reviews: what it says together, what it shows of each, and to whom."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import Reservation
from bookings.rules import Attendance
from portal.models import Change, Location, StaffLogin
from portal.roles import Preset
from reviews import rules
from reviews.actions.responding import respond, withdraw_response
from reviews.commands import reviews as commands
from reviews.models import Report, Review
from reviews.selectors.asking import reviewable
from reviews.selectors.listing import Filters, reviews_of
from reviews.selectors.one import next_unanswered
from reviews.selectors.overall import overall, year_of
from reviews.today import unanswered
from reviews.views.listing import _percent
from tests.bookings.scenes import evening_class
from tests.factories import LocationFactory, StaffLoginFactory
from tests.reviews.visits import AFTER, hidden, visit, written

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert('x')</script> & <b>bold</b>\n\"quoted\" \u202eturned"
NOW = AFTER + timedelta(days=3)


@pytest.fixture
def review() -> Review:
    return written(visit(session=evening_class(capacity=40)), text=HOSTILE)


@pytest.fixture
def owner(review: Review, client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=review.studio, preset=Preset.OWNER)
    client.force_login(login.user)
    return login


def another(review: Review, **marks: int) -> Review:
    """One more review of the same class."""
    return written(visit(session=review.reservation.session), **marks)


def disputed(review: Review) -> Review:
    Reservation.objects.filter(pk=review.reservation_id).update(
        attendance=Attendance.NO_SHOW, checked_in_at=None, checked_in_by=None
    )
    return Review.objects.select_related("reservation").get(pk=review.pk)


def settle(review: Review) -> None:
    """As the operator does of a disputed visit, the row only."""
    stands = Report.Decision.VISIT_STANDS
    told = {"reason": "x", "reported_at": AFTER, "decision": stands, "decided_at": AFTER}
    Report.objects.create(studio=review.studio, review=review, **told)
    Review.objects.filter(pk=review.pk).update(settled_at=AFTER)


def page(client: Client, owner: StaffLogin, query: str = "", *, path: str = "reviews/") -> Any:
    with time_machine.travel(NOW, tick=False):
        return client.get(f"/{owner.studio.slug}/{path}{query}")


def keys(owner: StaffLogin, query: str = "") -> set[int]:
    """What the list holds under this address, without drawing it."""
    filters = Filters.of(QueryDict(query).dict())
    places = list(owner.studio.locations.all())
    return {one.pk for one in reviews_of(owner.studio, filters, locations=places, zone=places[0].tz, now=NOW)}


def test_each_line_says_what_was_written_and_nothing_of_it_is_markup(
    client: Client, owner: StaffLogin, review: Review
) -> None:
    shown = page(client, owner).text
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; &lt;b&gt;bold&lt;/b&gt;" in shown
    assert "<script>alert" not in shown
    assert "\u202e" not in shown
    for told in ("4.30", "of 5", "verified visit", "not answered", "visit on 10 Jun 2026", "by our link"):
        assert told in shown
    assert "delete" not in shown.lower()


def test_a_hidden_one_leaves_its_line_and_the_mean(client: Client, owner: StaffLogin, review: Review) -> None:
    other = another(review, **{"class": 5, "teacher": 5, "place": 5, "welcome": 5})
    hidden(review)
    shown = page(client, owner)
    assert {row.review.pk for row in shown.context["rows"]} == {review.pk, other.pk}
    assert "hidden by the operator: It insults or threatens a person" in shown.text
    assert "alert" not in shown.text.partition('id="review-')[2]
    assert (shown.context["year"].spread.mean, shown.context["year"].spread.count) == (Decimal("5.00"), 1)


@pytest.mark.parametrize(
    ("is_hidden", "is_disputed", "is_doubted", "settled", "days"),
    list(product([0, 1], [0, 1], [0, 1], [0, 1], [0, 364, 365])),
)
def test_what_counts_for_one_is_what_counts_for_many(
    review: Review, is_hidden: int, is_disputed: int, is_doubted: int, settled: int, days: int
) -> None:
    if is_hidden:
        hidden(review)
    if is_doubted:
        Review.objects.filter(pk=review.pk).update(doubt=Change.objects.latest("id"))
    if settled:
        settle(review)
    one = disputed(review) if is_disputed else Review.objects.get(pk=review.pk)
    now = AFTER + timedelta(days=days)
    assert (one.excluded(now) is None) == Review.objects.counted(now).filter(pk=one.pk).exists()
    assert overall(review.studio, now).count == (one.excluded(now) is None)
    assert Review.objects.disputed().exists() == one.is_disputed == (not settled and bool(is_disputed or is_doubted))


def test_filters_leave_what_they_say(client: Client, owner: StaffLogin, review: Review) -> None:
    low = another(review, **{"class": 1, "teacher": 2, "place": 3, "welcome": 2})
    answered = another(review)
    respond(answered, "Thanks", by=owner, now=AFTER)
    withdrawn = another(review)
    respond(withdrawn, "Thanks", by=owner, now=AFTER)
    withdraw_response(withdrawn, by=owner, now=AFTER)
    doubted = disputed(another(review))
    away = hidden(another(review))
    elsewhere = written()  # of another studio
    everything = {one.pk for one in (review, low, answered, withdrawn, doubted, away)}
    session = review.reservation.session
    assert keys(owner) == everything
    assert elsewhere.pk not in everything
    assert keys(owner, "unanswered=1") == everything - {answered.pk, away.pk}
    assert keys(owner, "low=1") == keys(owner, "stars=2") == {low.pk}
    assert keys(owner, "disputed=1") == {doubted.pk}
    assert keys(owner, "hidden=1") == {away.pk}
    assert keys(owner, f"class={session.item_id}&teacher={session.teacher_id}") == everything
    assert keys(owner, f"class={session.item_id + 1}") == set()
    assert keys(owner, "month=2026-06&days=30") == everything
    assert keys(owner, "month=2026-05") == set()
    assert keys(owner, "class=x&teacher=-1&month=soon&stars=9&order=up") == everything
    found = page(client, owner, "?order=lowest").context["rows"]
    assert found[0].review.pk == low.pk
    assert next_unanswered(review.studio, owner.studio.locations.all())[1] == 4
    assert keys(owner, "disputed=1&hidden=1") == set()
    assert keys(owner, "stars=4") == everything - {low.pk, doubted.pk, away.pk}  # as the bar counts
    for month in ("9999-12", "0001-01"):
        assert page(client, owner, f"?month={month}").status_code == 200


def test_the_head_adds_up(client: Client, owner: StaffLogin, review: Review) -> None:
    low = another(review, **{"class": 1, "teacher": 1, "place": 1, "welcome": 1})
    respond(low, "Sorry", by=owner, now=AFTER)
    shown = page(client, owner)
    year = shown.context["year"]
    assert (year.spread.mean, year.spread.stars) == (Decimal("2.65"), (1, 0, 0, 1, 0))
    assert (year.shown, year.answered, shown.context["answer_rate"]) == (2, 1, 50)
    assert len(year.months) == 13
    assert sum(month.spread.count for month in year.months) == year.spread.count
    assert (year.months[-1].first, year.months[-1].spread.mean) == (date(2026, 6, 1), Decimal("2.65"))
    assert "Only 2 reviews: they say little yet." in shown.text
    assert year_of(review.studio, NOW + timedelta(days=400), zone=review.reservation.location.tz).spread.mean is None


def test_costs_the_same_for_one_and_for_thirty(client: Client, owner: StaffLogin, review: Review) -> None:
    page(client, owner)
    with CaptureQueriesContext(connection) as few:
        page(client, owner)
    for _number in range(29):
        respond(another(review), "Thanks", by=owner, now=AFTER)
    with CaptureQueriesContext(connection) as many:
        assert len(page(client, owner).context["rows"]) == 30
    assert len(many) == len(few)


def test_without_any_it_says_how_many_can_come(client: Client) -> None:
    reservation = visit()
    visit(session=reservation.session)
    visit(session=reservation.session, attended=False)
    owner = StaffLoginFactory(studio=reservation.studio, preset=Preset.OWNER)
    client.force_login(owner.user)
    shown = page(client, owner).text
    assert "No reviews yet" in shown
    assert "2 visits of the last 14 days can be reviewed, the last of them until 24 Jun 2026." in shown
    assert reviewable(reservation.studio, NOW + timedelta(days=30)) == (0, None)


def test_a_login_of_one_location_sees_that_ones_alone(client: Client, review: Review) -> None:
    noord: Location = LocationFactory(studio=review.studio, slug="noord", name="Noord")
    login = StaffLoginFactory(studio=review.studio, preset=Preset.MANAGER)
    login.locations.add(noord)
    client.force_login(login.user)
    assert page(client, login).context["page"].paginator.count == 0
    assert page(client, login, path=f"reviews/{review.pk}/").status_code == 404
    assert not unanswered(login, now=NOW, locations=[noord])


def test_the_file_holds_what_the_list_shows_and_no_words_that_are_hidden(
    client: Client, owner: StaffLogin, review: Review
) -> None:
    low = written(visit(session=review.reservation.session), text="=1+1", **{"class": 1})
    hidden(review)
    body = b"".join(page(client, owner, path="reviews/reviews.csv").streaming_content).decode("utf-8-sig")
    rows = {row["Score"]: row for row in csv.DictReader(io.StringIO(body))}
    assert rows["4.30"]["Review"] == ""
    assert rows["4.30"]["Hidden because"] == "It insults or threatens a person"
    assert rows[str(low.score)]["Review"] == "'=1+1"
    some = b"".join(page(client, owner, "?hidden=1", path="reviews/reviews.csv").streaming_content).decode()
    assert some.count("\r\n") == 2


def test_a_profile_shows_what_its_member_wrote(client: Client, owner: StaffLogin, review: Review) -> None:
    another(review)
    member = review.reservation.member
    hidden(written(visit(session=evening_class(item=review.reservation.session.item), member=member), **{"class": 1}))
    shown = page(client, owner, path=f"members/{member.pk}/reviews/")
    assert review.pk in [row.review.pk for row in shown.context["rows"]]
    assert (len(shown.context["rows"]), shown.context["spread"].count) == (2, 1)
    assert f"/members/{member.pk}/reviews/" in page(client, owner, path=f"members/{member.pk}/").text


def test_home_and_the_palette_lead_to_those_that_wait(owner: StaffLogin, review: Review, rf: Any) -> None:
    another(review, **{"class": 1, "teacher": 1, "place": 1, "welcome": 1})
    (card,) = unanswered(owner, now=NOW, locations=[review.reservation.location])
    assert (card.value, card.kind) == ("2", "warning")
    assert str(card.note) == "1 of them is of 3 or less."
    noord = LocationFactory(studio=review.studio, slug="noord")
    (card,) = unanswered(owner, now=NOW, locations=[review.reservation.location, noord])
    assert card.url.endswith("?location=all&unanswered=1&days=90")  # whatever was looked at last
    request = rf.get("/")
    request.studio, request.login = owner.studio, owner
    request.may = lambda right: right in owner.rights
    assert [one.label for one in commands(request, "score").commands] == ["How scores come about"]


def test_the_method_page_shows_the_sum(client: Client, owner: StaffLogin) -> None:
    shown = page(client, owner, path="reviews/method/").text
    assert "(4 × 40 + 5 × 30 + 3 × 15 + 5 × 15) / 100 = 4.30" in shown
    assert "(4 × 40 + 3 × 15 + 5 × 15) / 70 = 4.00" in shown


def test_the_months_hold_all_that_the_mean_does(review: Review) -> None:
    year = year_of(review.studio, AFTER + timedelta(days=360), zone=review.reservation.location.tz)
    assert (year.spread.count, sum(month.spread.count for month in year.months)) == (1, 1)


@pytest.mark.parametrize(
    ("part", "whole", "percent"), [(199, 200, 99), (1, 300, 1), (0, 3, 0), (3, 3, 100), (0, 0, None)]
)
def test_all_are_answered_only_when_all_are(part: int, whole: int, percent: int | None) -> None:
    assert _percent(part, whole) == percent


def test_stars_of_the_filter_round_as_the_spread_does() -> None:
    assert rules.mean_of([Decimal("2.50"), Decimal("2.49"), Decimal("4.50")]).stars == (0, 1, 1, 0, 1)
