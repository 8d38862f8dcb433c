"""A marketplace's member writes a review in its app: two processes, HTTP between them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from bookings.models import Reservation
from bookings.rules import Attendance
from marketplace.models import Visit
from marketplace.sandbox import moments
from reviews.actions.responding import respond
from reviews.models import Review
from tests.factories import StaffLoginFactory
from tests.marketplace.door import SECRET, Door, open_door
from tests.sandbox.conftest import Sandbox


@pytest.fixture
def door(transactional_db: None) -> Door:
    return open_door()


@pytest.fixture
def app(door: Door, live_server: LiveServer, tmp_path: Path) -> Iterator[Sandbox]:
    words = {"SANDBOX_CLIENT_ID": door.connection.client_id, "SANDBOX_CLIENT_SECRET": SECRET}
    made = Sandbox(tmp_path, live_server.url, SANDBOX_LOCATIONS="centrum", SANDBOX_SECONDS="10", **words)
    yield made
    made.stop()


def visited(app: Sandbox, door: Door) -> str:
    """Noor's booking of a class that has ended, with a check-in at the desk; its number in the app."""
    began = timezone.now() - timedelta(hours=2)
    app.post("/log-in/", member="FP-1001")
    person = {"marketplaceMemberId": "FP-1001", "firstName": "Noor", "lastName": "Bakker"}
    exerciser = door.post("/exercisers", person).json()["exerciserId"]
    session = door.session()
    assert door.post(f"/classes/{session.pk}/attendees/{exerciser}").status_code == 200
    type(session).objects.filter(pk=session.pk).update(starts_at=began, ends_at=began + timedelta(hours=1))
    Reservation.objects.update(attendance=Attendance.CHECKED_IN, checked_in_at=began)
    times = {"starts_at": moments.written(began), "ends_at": moments.written(began + timedelta(hours=1))}
    app.store.put("class", id=str(session.pk), name="Flow", location="centrum", source="pull", told_at="", **times)
    app.store.put(
        "booking", id="FO-1", member_id="FP-1001", class_id=str(session.pk), state="booked", asked_at=times["starts_at"]
    )
    return "FO-1"


def test_a_member_writes_it_there_and_reads_the_reply(app: Sandbox, door: Door) -> None:
    page = f"/bookings/{visited(app, door)}/review/"
    assert f'href="{page}"' in app.get("/bookings/").text
    form = app.get(page).text
    assert "How was the class?" in form
    assert "How was the teacher?" not in form  # nobody taught it
    stars = {"class": "5", "place": "3", "welcome": "4"}
    long = app.post(page, **stars, text="x" * 5000)
    assert "the text is too long" in long.text
    assert "x" * 5000 in long.text
    assert app.post(page, **stars, text="Great <b>class</b>").status == 302
    review = Review.objects.get()
    assert (review.source, review.text) == (Visit.objects.get().connection.marketplace_id, "Great <b>class</b>")
    respond(review, "Come again!", by=StaffLoginFactory(studio=review.studio), now=timezone.now())
    thanks = app.get(page).text
    assert "Your score: 4.36 of 5" in thanks
    assert "Great &lt;b&gt;class&lt;/b&gt;" in thanks
    assert "Come again!" in thanks
    app.cookies["sandbox_language"] = "de"
    assert "Das Studio hat geantwortet" in app.get(page).text
