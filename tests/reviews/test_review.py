"""One review on screen: its sum, what it changes, the reply with its warnings, and the report."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.models import StaffLogin
from portal.roles import Preset
from reviews.actions.responding import edit, respond, withdraw_response
from reviews.actions.writing import write
from reviews.models import Report, Response, Review
from reviews.models.response import RESPONSE_MOST
from tests.factories import MemberFactory, StaffLoginFactory
from tests.reviews.visits import AFTER, ALL_FIVE, hidden, visit, written

pytestmark = pytest.mark.django_db
LATER = AFTER + timedelta(hours=1)


@pytest.fixture
def review() -> Review:
    return written(text="Lovely <i>indeed</i>.")


@pytest.fixture
def owner(review: Review, client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=review.studio, preset=Preset.OWNER)
    client.force_login(login.user)
    return login


def ask(client: Client, review: Review, tail: str = "", *, now: datetime = LATER, **fields: Any) -> Any:
    """GET, or POST where there are fields."""
    address = f"/{review.studio.slug}/reviews/{review.pk}/{tail}"
    with time_machine.travel(now, tick=False):
        return client.post(address, fields) if fields else client.get(address)


def test_the_score_stands_as_arithmetic_with_its_effect(client: Client, owner: StaffLogin, review: Review) -> None:
    written(visit(session=review.reservation.session), **{"class": 5, "teacher": 5, "place": 5, "welcome": 5})
    page = ask(client, review)
    assert "(4 × 40 + 5 × 30 + 3 × 15 + 5 × 15) / 100 = 4.30" in page.text
    standing = page.context["standing"]
    assert [str(one) for one in (standing.without, standing.with_it, standing.difference)] == ["5.00", "4.65", "-0.35"]
    assert (standing.place.higher, standing.place.same, standing.place.lower) == (1, 0, 0)
    assert "Lovely &lt;i&gt;indeed&lt;/i&gt;." in page.text
    assert f"/sessions/{review.reservation.session_id}/" in page.text
    assert f"/members/{review.reservation.member_id}/" in page.text
    assert "delete" not in page.text.lower().replace("never deleted", "")


def test_a_reply_is_previewed_sent_changed_and_withdrawn(client: Client, owner: StaffLogin, review: Review) -> None:
    preview = ask(client, review, text="Thanks <b>a lot</b>", do="preview", seen="")
    assert preview.status_code == 200
    assert "Thanks &lt;b&gt;a lot&lt;/b&gt;" in preview.text
    assert not Response.objects.exists()
    assert ask(client, review, text="Thanks", do="send", seen="").status_code == 302
    assert ask(client, review, text="Thanks", do="send", seen="").status_code == 302  # pressed twice
    page = ask(client, review)
    assert "Until 11 Jun 2026, 22:00 a change leaves no mark." in page.text
    late = LATER + timedelta(days=2)
    client.logout()  # a session ends after a day without use
    with time_machine.travel(late, tick=False):
        client.force_login(owner.user)
    seen = page.context["seen"]
    assert ask(client, review, text="Thank you", do="send", seen=seen, now=late).status_code == 302
    shown = ask(client, review, now=late).text
    assert "· edited" in shown
    assert "History of the reply" in shown
    assert ask(client, review, "withdraw/", now=late, do="it").status_code == 302
    gone = ask(client, review, now=late)
    assert "Reply withdrawn on" in gone.text
    assert gone.context["form"]["text"].value() == "Thank you"  # one press puts it back


def test_numbers_addresses_and_names_are_asked_about_once_and_nothing_is_lost(
    client: Client, owner: StaffLogin, review: Review
) -> None:
    MemberFactory(studio=review.studio, first_name="Zoe", last_name="Dijk")
    text = "Call 030 1234567 or info@studio.test, says Zoe Dijk."
    asked = ask(client, review, text=text, do="send", seen="")
    assert asked.status_code == 422
    for found in ("030 1234567", "info@studio.test", "Zoe Dijk", "Send anyway", text):
        assert found in asked.text
    warned = ["030 1234567", "info@studio.test", "Zoe Dijk"]
    more = ask(client, review, text=f"{text} 0170 7654321", do="anyway", seen="", warned=warned)
    assert more.status_code == 422  # what came after the question is asked about, too
    assert not Response.objects.exists()
    assert ask(client, review, text=text, do="anyway", seen="", warned=warned).status_code == 302
    assert Response.objects.get().text == text


@pytest.mark.parametrize(("text", "told"), [("  ", "no words"), ("x" * (RESPONSE_MOST + 1), "1 character too long")])
def test_what_does_not_fit_stays_in_the_field(
    client: Client, owner: StaffLogin, review: Review, text: str, told: str
) -> None:
    page = ask(client, review, text=text, do="send", seen="")
    assert page.status_code == 422
    assert told in page.text
    assert page.context["form"]["text"].value() == text


def test_a_reply_to_a_hidden_review_is_refused_with_its_words_kept(
    client: Client, owner: StaffLogin, review: Review
) -> None:
    hidden(review)
    page = ask(client, review, text="My long and careful words", do="send", seen="")
    assert page.status_code == 422
    assert "the operator has hidden this review" in page.text
    assert "My long and careful words" in page.text
    assert "Lovely" not in page.text
    assert not Response.objects.exists()
    assert "textarea" not in ask(client, review).text


def test_who_was_slower_keeps_the_words_and_sees_the_other_reply(
    client: Client, owner: StaffLogin, review: Review
) -> None:
    respond(review, "I was first", by=owner, now=LATER)
    page = ask(client, review, text="I was second", do="send", seen="")
    assert page.status_code == 422
    assert "I was first" in page.text
    assert page.context["form"]["text"].value() == "I was second"
    edit(review, "Still first", by=owner, now=LATER)
    stale = ask(client, review, text="I was second", do="send", seen=str(page.context["seen"]))
    assert stale.status_code == 422
    assert ask(client, review, text="Other words", do="send", seen="9" * 5000).status_code == 422
    again = ask(client, review, text="I was second", do="send", seen=str(stale.context["seen"]))
    assert again.status_code == 302
    assert Response.objects.get().text == "I was second"


def test_a_report_needs_a_rule_and_a_reason(client: Client, owner: StaffLogin, review: Review) -> None:
    assert "The case stays on record" in ask(client, review, "report/").text
    refused = ask(client, review, "report/", reason="I do not like it")
    assert refused.status_code == 422
    assert "I do not like it" in refused.text
    assert ask(client, review, "report/", rule="boring", reason="x").status_code == 422
    assert ask(client, review, "report/", rule="insult", reason="The second word.").status_code == 302
    assert Report.objects.get().reported_by == owner
    assert ask(client, review, "report/", rule="insult", reason="Again.").status_code == 422
    page = ask(client, review).text
    assert "With the operator" in page
    assert "Report a breach" not in page


def test_n_leads_to_the_next_without_a_reply(client: Client, owner: StaffLogin, review: Review) -> None:
    session = review.reservation.session
    older = written(visit(session=session), now=AFTER - timedelta(minutes=30))
    answered = written(visit(session=session), now=AFTER - timedelta(minutes=10))
    respond(answered, "Thanks", by=owner, now=AFTER)
    assert ask(client, review).context["next_url"].endswith(f"/reviews/{older.pk}/")
    assert ask(client, older).context["next_url"].endswith(f"/reviews/{review.pk}/")
    respond(older, "Thanks", by=owner, now=AFTER)
    assert ask(client, review).context["next_url"] == ""


def test_costs_the_same_with_a_history(client: Client, owner: StaffLogin, review: Review) -> None:
    respond(review, "Thanks 0", by=owner, now=LATER)
    ask(client, review)
    with CaptureQueriesContext(connection) as few:
        ask(client, review)
    for number in range(1, 6):
        edit(review, f"Thanks {number}", by=owner, now=LATER)
        write(review.reservation, marks=ALL_FIVE, text=f"Lovely {number}", source="link", now=AFTER)
    withdraw_response(review, by=owner, now=LATER)
    with CaptureQueriesContext(connection) as many:
        page = ask(client, review)
    assert len(many) <= len(few) + 1  # who withdrew it
    assert len(page.context["versions"]) == 5
    assert len(page.context["history"]) == 7


def test_with_script_each_deed_answers_with_the_reply_in_its_place(
    client: Client, owner: StaffLogin, review: Review
) -> None:
    """Without, it leads to the page: the tests above."""
    client.defaults["HTTP_HX_REQUEST"] = "true"
    address = f"/{owner.studio.slug}/reviews/{review.pk}/"
    sent = ask(client, review, text="Thank you.", do="send")
    assert sent.status_code == 200
    for part in ('id="reply"', "Thank you.", "Your reply stands below the review", f'action="{address}withdraw/"'):
        assert part in sent.text
    taken_back = ask(client, review, "withdraw/", press="1")
    assert "Reply withdrawn on" in taken_back.text
    assert f'action="{address}#reply"' in taken_back.text
    refused, warned = ask(client, review, text=" ", do="send"), ask(client, review, text="+31 20 123 4567", do="send")
    preview = ask(client, review, text="Soon.", do="preview")
    assert [one.status_code for one in (refused, warned, preview)] == [422, 422, 200]
    for answer, words in ((refused, "Not sent yet"), (warned, "a phone number:"), (preview, "how it will stand")):
        assert words in answer.text
        assert "<html" not in answer.text
    assert "<html" in ask(client, review).text
