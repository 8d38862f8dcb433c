"""The member's page: works without an account, for one visit, and cannot be made up."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.urls import reverse

from bookings.models import Reservation
from bookings.rules import Attendance
from reviews import links
from reviews.actions import deciding
from reviews.actions.limiting import write_at_most
from reviews.actions.responding import respond
from reviews.models import Report, Review, ReviewInvitation, ReviewOptOut, ReviewPolicy, ReviewVersion
from reviews.selectors.authorship import address_hash
from tests.factories import StaffLoginFactory, StudioFactory
from tests.reviews.visits import AFTER, ALL_FIVE, at, operator, visit, written

pytestmark = pytest.mark.django_db
FORM = {**{name: str(marks) for name, marks in ALL_FIVE.items()}, "text": "Lovely."}


def token_of(reservation: Reservation) -> str:
    """As the mail that asked holds it."""
    asked, _made = ReviewInvitation.objects.get_or_create(
        reservation=reservation,
        defaults={
            "studio": reservation.studio,
            "invited_at": AFTER,
            "address": address_hash(reservation.member.email),
        },
    )
    return links.token_for(asked)


def address(reservation: Reservation, token: str = "", name: str = "write") -> str:
    return reverse(f"reviews:{name}", args=[reservation.studio.slug, token or token_of(reservation)])


def get(reservation: Reservation, *, now: Any = AFTER, token: str = "", client: Client | None = None) -> Any:
    with time_machine.travel(now, tick=False):
        return (client or Client()).get(address(reservation, token))


def post(reservation: Reservation, *, now: Any = AFTER, token: str = "", **fields: str) -> Any:
    with time_machine.travel(now, tick=False):
        return Client().post(address(reservation, token), FORM | fields)


class TestWriting:
    def test_is_asked_kept_and_thanked_for_with_the_sum(self) -> None:
        reservation = visit()
        page = get(reservation)
        assert page.status_code == 200
        for question in ("How was the class?", "How was the teacher?", "How was the place?", "How was the welcome?"):
            assert question in page.text
        assert "class 40 %".lower() in page.text.lower()
        sent = post(reservation)
        assert (sent.status_code, sent.url) == (302, address(reservation))
        review = Review.objects.get()
        assert (review.reservation, review.marks, review.source) == (reservation, ALL_FIVE, "link")
        thanks = get(reservation).text
        assert "Thank you for your review" in thanks
        assert "(4 × 40 + 5 × 30 + 3 × 15 + 5 × 15) / 100 = 4.30" in thanks
        assert "You can change it until Wed 24 Jun, 19:00" in thanks

    def test_names_nobody_but_by_the_first_name_and_is_kept_out_of_searches_and_caches(self) -> None:
        reservation = visit()
        page = get(reservation)
        member = reservation.member
        for private in (member.last_name, member.email, member.number):
            assert private not in page.text
        assert member.first_name in page.text
        assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert "no-store" in page.headers["Cache-Control"]

    def test_a_class_without_a_teacher_asks_for_none(self) -> None:
        reservation = visit(teacher=False)
        assert "How was the teacher?" not in get(reservation).text
        assert post(reservation).status_code == 302
        assert set(Review.objects.get().marks) == {"class", "place", "welcome"}

    def test_what_is_missing_is_named_and_nothing_is_lost(self) -> None:
        reservation = visit()
        page = post(reservation, teacher="", text="Kept words", place="7")
        assert page.status_code == 422
        assert 'href="#id_teacher_0"' in page.text
        assert 'href="#id_place_0"' in page.text
        assert "Kept words" in page.text
        assert not Review.objects.exists()

    def test_50_000_characters_come_back_whole(self) -> None:
        text = "Ä" * 50_000
        page = post(visit(), text=text)
        assert page.status_code == 422
        assert text in page.text
        assert "46000 characters too many" in page.text

    def test_markup_and_what_nobody_sees_is_only_text(self) -> None:
        reservation = visit()
        hostile = "<script>alert(1)</script>\u202eevil\u200b <img src=x onerror=y> {{ x }} \"'&\n\n\n\n=cmd()"
        assert post(reservation, text=hostile).status_code == 302
        text = Review.objects.get().text
        assert text == "<script>alert(1)</script>evil <img src=x onerror=y> {{ x }} \"'&\n\n=cmd()"
        page = get(reservation).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;evil" in page

    def test_a_nul_is_not_kept_and_the_rest_is(self) -> None:
        assert post(visit(), text="a\0b").status_code == 302
        assert Review.objects.get().text == "ab"

    def test_the_link_is_the_proof_where_a_browser_keeps_no_cookies(self) -> None:
        with time_machine.travel(AFTER, tick=False):
            sent = Client(enforce_csrf_checks=True).post(address(visit()), FORM)
        assert sent.status_code == 302
        assert Review.objects.count() == 1

    def test_what_is_more_than_is_read_says_what_to_do(self, settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 3000
        with time_machine.travel(AFTER, tick=False):
            page = Client().post(
                address(visit()), urlencode(FORM | {"text": "x" * 5000}), "application/x-www-form-urlencoded"
            )
        assert page.status_code == 413
        assert "please shorten them" in page.text
        assert not Review.objects.exists()

    def test_other_questions_in_the_same_moment_lose_no_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reservation = visit()
        ReviewPolicy.objects.create(studio=reservation.studio, weight_place=0)
        form = {name: value for name, value in FORM.items() if name != "place"} | {"text": "Kept words"}

        def saved_first(*args: Any, **kwargs: Any) -> Review:
            ReviewPolicy.objects.update(weight_place=15)
            return write_at_most(*args, **kwargs)

        monkeypatch.setattr("reviews.views.write.write_at_most", saved_first)
        with time_machine.travel(AFTER, tick=False):
            page = Client().post(address(reservation), form)
        assert page.status_code == 422
        assert "Kept words" in page.text
        assert "How was the place?" in page.text

    def test_is_in_the_language_of_the_studio_unless_the_browser_chose_one(self) -> None:
        reservation = visit()
        reservation.studio.language = "de"
        reservation.studio.save()
        assert '<html lang="de"' in get(reservation).text
        dutch = Client()
        dutch.cookies["django_language"] = "nl"
        assert '<html lang="nl"' in get(reservation, client=dutch).text


class TestChanging:
    def test_keeps_what_it_said_before(self) -> None:
        review = written()
        assert post(review.reservation, now=AFTER + timedelta(days=1), text="Even better.").status_code == 302
        review.refresh_from_db()
        assert review.text == "Even better."
        assert list(review.versions.values_list("text", flat=True)) == ["Lovely."]

    def test_200_posts_of_the_same_are_one(self) -> None:
        reservation = visit()
        for _time in range(20):  # each is a no-op like the other 180
            assert post(reservation).status_code == 302
        assert (Review.objects.count(), ReviewVersion.objects.count()) == (1, 0)

    def test_more_than_ten_changes_an_hour_have_to_wait_and_lose_nothing(self) -> None:
        review = written()
        minutes = [AFTER + timedelta(minutes=minute) for minute in range(1, 13)]
        answers = [post(review.reservation, now=now, text=f"Word {now.minute}") for now in minutes]
        assert [answer.status_code for answer in answers] == [302] * 10 + [429] * 2
        assert "Word 11" in answers[10].text
        assert "after 22:01" in answers[10].text
        assert answers[10].headers["Retry-After"] == str(50 * 60 + 1)
        review.refresh_from_db()
        assert (review.text, review.versions.count()) == ("Word 10", 10)
        assert post(review.reservation, now=AFTER + timedelta(minutes=61), text="Later").status_code == 302

    def test_ends_after_14_days_and_stays_to_be_read(self) -> None:
        review = written()
        late = at("19:00", days=14)
        page = get(review.reservation, now=late)
        assert page.status_code == 200
        assert "Lovely." in page.text
        assert "<textarea" not in page.text
        refused = post(review.reservation, now=late, text="New words")
        assert refused.status_code == 422
        assert "New words" in refused.text
        assert "until Wed 24 Jun, 19:00" in refused.text


class TestRefused:
    def test_before_the_end(self) -> None:
        reservation = visit()
        assert "You can write about it from then on" in get(reservation, now=at("18:30")).text
        refused = post(reservation, now=at("18:30"), text="My words")
        assert refused.status_code == 422
        assert "My words" in refused.text
        assert not Review.objects.exists()

    def test_without_a_check_in(self) -> None:
        reservation = visit(attended=False)
        assert "the studio has none of you here" in get(reservation).text
        assert post(reservation).status_code == 422
        assert not Review.objects.exists()

    def test_of_a_cancelled_class(self) -> None:
        reservation = visit(attended=False)
        reservation.session.cancelled_at = AFTER
        reservation.session.save(update_fields=["cancelled_at"])
        assert "This class was cancelled" in get(reservation).text
        assert post(reservation).status_code == 422


class TestTheLink:
    def test_that_we_did_not_make_leads_nowhere(self) -> None:
        reservation = visit()
        token = token_of(reservation)
        forged = [
            f"{reservation.pk + 1}.{token.partition('.')[2]}",
            token[:-1],
            f"{token}x",
            str(reservation.pk),
            signing.Signer().sign(reservation.pk),
            signing.Signer(salt="bookings.place").sign(reservation.pk),
            signing.Signer(salt="reviews.visit").sign("9" * 40),
            "x",
        ]
        for one in forged:
            assert get(reservation, token=one).status_code == 404, one
            assert post(reservation, token=one).status_code == 404, one
        assert not Review.objects.exists()

    def test_of_another_studio_leads_nowhere(self) -> None:
        url = reverse("reviews:write", args=[StudioFactory().slug, token_of(visit())])
        assert Client().get(url).status_code == 404

    def test_that_is_too_old_says_until_when_it_was_open(self) -> None:
        reservation = visit()
        late = at("19:00", days=14)
        assert get(reservation, now=late - timedelta(seconds=1)).status_code == 200
        page = get(reservation, now=late)
        assert page.status_code == 404
        assert "until Wed 24 Jun, 19:00, 14 days after the class" in page.text
        refused = post(reservation, now=late, text="Too late words")
        assert refused.status_code == 404
        assert "Too late words" in refused.text
        assert not Review.objects.exists()

    def test_is_good_for_the_address_that_was_asked_alone(self) -> None:
        review = written()
        token = token_of(review.reservation)
        member = review.reservation.member
        member.email = "studio@example.test"
        member.save()
        assert get(review.reservation, token=token).status_code == 200
        ReviewInvitation.objects.update(address=address_hash(member.email))
        for answer in (get(review.reservation, token=token), post(review.reservation, token=token, text="Great!")):
            assert answer.status_code == 404
            assert "Nothing can be written with this link" in answer.text
        review.refresh_from_db()
        assert review.text == "Lovely."

    def test_to_read_writes_nothing(self) -> None:
        review = written()
        token = links.reading_token_for(review.reservation)
        page = get(review.reservation, token=token)
        assert "Lovely." in page.text
        assert "<form" not in page.text.partition('class="review-page')[2].partition("</main>")[0]
        assert "no-more" not in page.text
        refused = post(review.reservation, token=token, text="My words")
        assert refused.status_code == 422
        assert "My words" in refused.text
        assert Client().post(address(review.reservation, token, "no_more")).status_code == 404
        review.refresh_from_db()
        assert review.text == "Lovely."
        assert not ReviewOptOut.objects.exists()

    def test_of_a_deleted_person_leads_nowhere(self) -> None:
        reservation = visit()
        reservation.member.scrubbed_at = AFTER
        reservation.member.save()
        assert get(reservation).status_code == 404

    def test_notes_when_it_was_opened_first(self) -> None:
        reservation = visit()
        get(reservation)
        get(reservation, now=AFTER + timedelta(hours=1))
        assert ReviewInvitation.objects.get().opened_at == AFTER


class TestWhatBecameOfIt:
    def test_shows_the_reply_of_the_studio(self) -> None:
        review = written()
        respond(review, "Thank <b>you</b>!", by=StaffLoginFactory(studio=review.studio), now=AFTER)
        page = get(review.reservation).text
        assert f"{review.studio.name} replied" in page
        assert "Thank &lt;b&gt;you&lt;/b&gt;!" in page

    def test_says_who_hid_it_and_why_and_can_be_mended(self) -> None:
        review = written()
        deciding.open_case(review, Report.Decision.HIDDEN, "insult", "Name calling", operator=operator(), now=AFTER)
        page = get(review.reservation).text
        assert "by the operator of this site, not by the studio" in page
        assert "Name calling" in page
        assert post(review.reservation, text="Kinder words").status_code == 302
        review.refresh_from_db()
        assert (review.text, review.hidden_at) == ("Kinder words", AFTER)

    def test_says_that_the_visit_is_disputed(self) -> None:
        review = written()
        Reservation.objects.filter(pk=review.reservation_id).update(attendance=Attendance.NO_SHOW, checked_in_at=None)
        assert "visit disputed" in get(review.reservation).text


class TestNoMore:
    def press(self, reservation: Reservation, **fields: str) -> Any:
        # As a mail program sends it, without a page and its token (RFC 8058).
        return Client(enforce_csrf_checks=True).post(address(reservation, name="no_more"), fields)

    def test_one_press_ends_it_and_can_be_taken_back(self) -> None:
        reservation = visit()
        assert "Do not ask me again" in Client().get(address(reservation, name="no_more")).text
        assert not ReviewOptOut.objects.exists()
        for _time in range(2):
            assert self.press(reservation, **{"List-Unsubscribe": "One-Click"}).status_code == 302
        assert ReviewOptOut.objects.get().member == reservation.member
        assert "Ask me again" in Client().get(address(reservation, name="no_more")).text
        self.press(reservation, answer="ask")
        assert not ReviewOptOut.objects.exists()

    def test_works_long_after_the_visit_and_for_its_own_link_only(self) -> None:
        reservation = visit()
        with time_machine.travel(at("19:00", days=200), tick=False):
            assert self.press(reservation).status_code == 302
        assert Client().post(address(reservation, token="x", name="no_more")).status_code == 404
