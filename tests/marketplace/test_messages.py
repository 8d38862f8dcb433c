"""Kept messages: who may read them, what became of the questions they put, and that they go with who is deleted."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace import actions
from marketplace.models import Conflict, Connection, Exchange, Guest, InboxMessage, Visit
from portal.members.scrubbing import scrub
from portal.roles import Preset
from tests.factories import CalendarItemFactory, LocationFactory, SessionFactory, StaffLoginFactory
from tests.factories.marketplace import ConnectedLocationFactory
from tests.marketplace.scenes import connected, drain, session_of
from tests.marketplace.test_hooks import SECRET, booking, not_counted, post
from tests.marketplace.test_log import logged_in, said, shown, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("not_counted")]
__all__ = ["not_counted"]


@pytest.fixture
def connection() -> Connection:
    found = connected()
    found.secret = SECRET
    found.save()
    return found


@pytest.fixture
def client(connection: Connection) -> Client:
    return logged_in(StaffLoginFactory(studio=connection.studio, preset=Preset.MANAGER))


def test_who_is_pinned_reads_the_messages_of_their_locations_alone(client: Client, connection: Connection) -> None:
    """They name people; what names no class of theirs is for those who see the whole studio."""
    elsewhere = session_of(connection)
    noord = LocationFactory(studio=connection.studio, slug="noord")
    ConnectedLocationFactory(connection=connection, location=noord)
    mine = SessionFactory(item=CalendarItemFactory(location=noord))
    Visit.objects.create(
        studio=connection.studio, connection=connection, booking_ref="E-1", session=elsewhere, pass_name="x"
    )
    unseen = [
        given_up(connection, classId=str(elsewhere.pk)),
        given_up(connection, bookingId="E-1"),
        given_up(connection, bookingId="E-1", classId=str(mine.pk)),
        given_up(connection, locationId="centrum"),
        given_up(connection, marketplaceMemberId="\ud800", bookingId="\ud800", classId="9" * 30),
    ]
    seen = [given_up(connection, classId=mine.pk), given_up(connection, locationId="noord")]
    login = StaffLoginFactory(studio=connection.studio, preset=Preset.MANAGER)
    login.locations.add(noord)
    pinned = logged_in(login)

    assert {line.pk for line in pinned.get(url(connection)).context["lines"]} == {one.pk for one in seen}
    for one in (*unseen, *seen):
        expected = 200 if one in seen else 404
        assert pinned.get(url(connection, "log_message", one.pk)).status_code == expected
        assert client.get(url(connection, "log_message", one.pk)).status_code == 200
    assert b"\\ud800" in client.get(url(connection, "log_message", unseen[-1].pk)).content
    for one in (unseen[0], seen[0]):
        pinned.post(url(connection, "apply_again", one.pk))
        one.refresh_from_db()
        assert (one.handled_at is None) == (one in seen)
    assert len(client.get(url(connection)).context["lines"]) == 7


def given_up(connection: Connection, reason: str = "KeyError", *, at: datetime | None = None, **data: Any) -> Any:
    """A message that waits for a person; `at`: when it was handled."""
    moment = (at or timezone.now()).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = json.dumps({"type": "member.checked_in", "timestamp": moment, "data": data}).encode()
    found, _is_new = actions.store(
        connection, proof=InboxMessage.Proof.CURRENT, method="POST", path="/x", headers={}, body=body, key=str(uuid4())
    )
    actions.conclude(found, InboxMessage.Outcome.FOR_A_PERSON, reason=reason, now=at or timezone.now())
    return found


def test_what_a_person_has_settled_waits_no_more_in_the_log(client: Client, connection: Connection) -> None:
    now = timezone.now()
    guest, _is_new = actions.welcome(connection, external_id="M-1", first_name="Kim", now=now)
    visit = Visit.objects.create(
        studio=connection.studio, connection=connection, booking_ref="B-1", guest=guest, pass_name="x"
    )
    kind, unbooked = Conflict.Kind.CANCELLED_AFTER_CHECK_IN, Conflict.Kind.CHECK_IN_WITHOUT_BOOKING
    asked = {"studio": connection.studio, "connection": connection, "guest": guest}
    by_booking = Conflict.objects.create(kind=kind, visit=visit, about=now, opened_at=now, **asked)
    moments = [now - timedelta(days=days) for days in (2, 1)]
    moments = [one.replace(microsecond=0) for one in moments]
    by_guest = [
        Conflict.objects.create(kind=unbooked, about=one, opened_at=one + timedelta(seconds=1), **asked)
        for one in moments
    ]
    given_up(connection, kind, bookingId="B-1")
    for one in moments:
        given_up(connection, unbooked, at=one, marketplaceMemberId="M-1")
    waits = "waits for a person"

    def results() -> list[str]:
        lines = client.get(url(connection)).context["lines"]
        return [line.result for line in sorted(lines, key=lambda line: line.pk)]

    assert results() == [waits, waits, waits]
    owner = StaffLoginFactory(studio=connection.studio, preset=Preset.OWNER)
    for one, verdict in ((by_booking, "disputed"), (by_guest[0], "was_here")):
        assert actions.settle_conflict(one, Conflict.Verdict(verdict), by=owner, now=now)
    assert results() == ["settled: disputed with the marketplace", "settled: was here", waits]
    by_guest[1].delete()  # its booking came
    assert results()[2] == "settled"
    assert {mark for _subject, mark in shown(client, connection)} == {"ok"}
    message = InboxMessage.objects.earliest("pk")
    InboxMessage.objects.filter(pk=message.pk).update(body=b"", headers={})  # after thirty days
    assert results()[0].startswith("settled")
    assert b"settled" in client.get(url(connection, "log_message", message.pk)).content

    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            client.get(url(connection))
        return len(captured)

    few = queries()
    for number in range(10):
        given_up(connection, kind, bookingId=f"C-{number}")
    assert queries() == few


def test_a_line_without_a_class_is_read_where_its_booking_is(client: Client, connection: Connection) -> None:
    elsewhere = session_of(connection)
    noord = LocationFactory(studio=connection.studio, slug="noord")
    mine = SessionFactory(item=CalendarItemFactory(location=noord))
    for ref, session in (("E-1", elsewhere), ("M-1", mine), ("N-1", None)):
        Visit.objects.create(
            studio=connection.studio, connection=connection, booking_ref=ref, session=session, pass_name="x"
        )
    heard = {"direction": "in", "request": '{"data": {"firstName": "Kim"}}'}
    unseen = [said(connection, booking_ref=ref, **heard) for ref in ("E-1", "N-1", "unknown")]
    unseen.append(said(connection, subject="member.checked_in", **heard))
    seen = [said(connection, booking_ref="M-1", **heard), said(connection, direction="in", subject="search")]
    login = StaffLoginFactory(studio=connection.studio, preset=Preset.MANAGER)
    login.locations.add(noord)
    pinned = logged_in(login)
    assert {line.pk for line in pinned.get(url(connection)).context["lines"]} == {one.pk for one in seen}
    for one in (*unseen, *seen):
        expected = 200 if one in seen else 404
        assert pinned.get(url(connection, "log_exchange", one.pk)).status_code == expected
    assert len(client.get(url(connection)).context["lines"]) == 6


def test_who_is_deleted_goes_from_messages_and_the_log(connection: Connection) -> None:
    session = session_of(connection)
    post(connection, booking(session, marketplaceMemberId=7), name="1")
    post(connection, said_of("booking.cancelled", bookingId="b-1"), name="2")
    post(connection, booking(session, bookingId="b-2", marketplaceMemberId="77", email="kim@example.test"), name="3")
    post(connection, said_of("member.checked_in", marketplaceMemberId="x", email="ZOE@example.test"), name="4")
    drain()
    post(connection, booking(session, bookingId="b-3", marketplaceMemberId="7"), name="5")  # not applied yet
    guest = Guest.objects.get(external_id="7")
    api = {"studio": connection.studio, "connection": connection, "at": timezone.now(), "milliseconds": 1}
    path = f"/classes/1/attendees/{guest.key}"
    by_path = Exchange.objects.create(direction="in", subject="book", path=path, answer="{}", **api)
    sent = {"request": json.dumps({"exerciserId": str(guest.key)})}
    by_key = Exchange.objects.create(direction="out", subject="decide", path="/", **sent, **api)
    owner = StaffLoginFactory(studio=connection.studio, preset="owner")

    scrub(guest.member, by=owner, now=timezone.now())

    kept = {one.key: (bytes(one.body), one.headers) for one in InboxMessage.objects.all()}
    assert {name for name, content in kept.items() if content == (b"", {})} == {"1", "2", "4"}
    texts = {one.booking_ref or one.pk: one.request + one.answer for one in Exchange.objects.order_by("pk")}
    assert texts["b-1"] == texts[by_path.pk] == texts[by_key.pk] == ""
    assert "kim@example.test" in texts["b-2"]
    assert "zoe" not in "".join(text for ref, text in texts.items() if ref != "b-3").lower()
    assert InboxMessage.objects.filter(outcome="done").count() == 3  # what became of them stays


def said_of(kind: str, **data: Any) -> bytes:
    return json.dumps({"type": kind, "timestamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "data": data}).encode()
