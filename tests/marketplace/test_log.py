"""The sync log: lines, filters, raw texts without secrets, sending again, files; the health above it (I5)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from marketplace import actions
from marketplace.adapters import CallRefused
from marketplace.masking import for_support, masked
from marketplace.models import Call, Connection, Exchange, GivenAnswer, InboxMessage, SyncRun
from marketplace.selectors.health import Slot, health_of
from portal.models import Heartbeat, StaffLogin
from portal.roles import Preset
from tests.factories import CalendarItemFactory, LocationFactory, SessionFactory, StaffLoginFactory
from tests.factories.marketplace import ConnectedLocationFactory, ListingFactory
from tests.marketplace.scenes import Marketplace, book, connected, deliver, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection() -> Connection:
    return connected()


@pytest.fixture
def client(connection: Connection) -> Client:
    return logged_in(StaffLoginFactory(studio=connection.studio, preset=Preset.MANAGER))


def logged_in(login: StaffLogin) -> Client:
    client = Client()
    client.force_login(login.user)
    return client


def url(connection: Connection, name: str = "log", *args: Any) -> str:
    return reverse(f"marketplace:{name}", args=[connection.studio.slug, connection.marketplace_id, *args])


def said(connection: Connection, **fields: Any) -> Exchange:
    usual: dict[str, Any] = {
        "direction": Exchange.Direction.OUT,
        "at": timezone.now(),
        "milliseconds": 120,
        "subject": "seats",
        "method": "POST",
        "path": "/hooks",
        "status": 200,
    }
    return Exchange.objects.create(studio=connection.studio, connection=connection, **usual | fields)


def dead_call(connection: Connection, **fields: Any) -> Call:
    session = session_of(connection)
    listing = ListingFactory(session=session, connection=connection)
    usual = {"kind": Call.Kind.TELL, "state": Call.State.DEAD, "attempts": 10, "ended_at": timezone.now()}
    usual["answer"] = "This class is not ours."
    return Call.objects.create(
        studio=connection.studio,
        connection=connection,
        listing=listing,
        **usual | fields,  # type: ignore[arg-type]
    )


def shown(client: Client, connection: Connection, **query: Any) -> list[tuple[str, str]]:
    """(subject, how it ended) of the lines, the newest first."""
    return [(line.subject, line.mark) for line in client.get(url(connection), query).context["lines"]]


def test_requests_runs_messages_and_what_was_given_up_stand_together(client: Client, connection: Connection) -> None:
    now = timezone.now()
    said(connection, at=now - timedelta(minutes=4), direction="in", subject="book", status=422, reason="full")
    said(connection, at=now - timedelta(minutes=3), status=None, reason="Nobody answered within 10 s.")
    actions.sync(connection, cause=SyncRun.Cause.HAND, now=now - timedelta(minutes=2))
    dead_call(connection, ended_at=now - timedelta(minutes=1))
    actions.store(connection, proof=InboxMessage.Proof.CURRENT, method="POST", path="/x", headers={}, body=b"{}")
    assert shown(client, connection) == [
        ("message", "waits"),
        ("class to be told", "dead"),
        ("full sync", "ok"),
        ("places told", "failed"),
        ("booking", "refused"),
    ]
    page = client.get(url(connection)).content.decode()
    assert "Is a place free? No." in page
    assert "Nobody answered within 10 s." in page
    assert "10 of 10" in page
    assert "This class is not ours." in page


def test_the_filters_are_the_address(client: Client, connection: Connection) -> None:
    one, other = session_of(connection), session_of(connection)
    said(connection, subject="publish", session=one)
    said(connection, subject="change", session=other, status=500)
    said(connection, subject="book", direction="in", session=one, booking_ref="B-7")
    actions.sync(connection, cause=SyncRun.Cause.CLOCK, now=timezone.now())
    dead = dead_call(connection)
    assert {subject for subject, _mark in shown(client, connection, errors=1)} == {"class changed", "class to be told"}
    assert {subject for subject, _mark in shown(client, connection, session=one.pk)} == {"class published", "booking"}
    assert [subject for subject, _mark in shown(client, connection, booking="B-7")] == ["booking"]
    assert [subject for subject, _mark in shown(client, connection, direction="in")] == ["booking"]
    assert len(shown(client, connection, direction="out")) == 3
    assert [subject for subject, _mark in shown(client, connection, waiting=1)] == ["class to be told"]
    assert len(shown(client, connection, session=dead.listing.session_id)) == 1
    assert shown(client, connection, session="nonsense") == []
    assert shown(client, connection, direction="sideways") == []


def test_older_than_ninety_days_is_not_shown_and_then_forgotten(client: Client, connection: Connection) -> None:
    now = timezone.now()
    said(connection, at=now - timedelta(days=91), request="old")
    month_old = said(connection, at=now - timedelta(days=31), request='{"firstName": "Kim"}', answer="ok")
    fresh = said(connection, at=now - timedelta(days=29), request="{}")
    assert len(shown(client, connection)) == 2
    key: dict[str, Any] = {"connection": connection, "fingerprint": "x", "status": 200, "body": {}}
    GivenAnswer.objects.create(key="old", created_at=now - timedelta(hours=25), **key)
    GivenAnswer.objects.create(key="new", created_at=now - timedelta(hours=23), **key)
    actions.clean_up(now=now)
    assert list(Exchange.objects.order_by("at").values_list("pk", "request", "answer")) == [
        (month_old.pk, "", ""),
        (fresh.pk, "{}", ""),
    ]
    assert [one.key for one in GivenAnswer.objects.all()] == ["new"]


def test_a_hundred_lines_a_page_with_as_many_queries_as_for_one(client: Client, connection: Connection) -> None:
    session = session_of(connection)

    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert client.get(url(connection)).status_code == 200
        return len(captured)

    said(connection, session=session)
    dead_call(connection)
    actions.sync(connection, cause=SyncRun.Cause.CLOCK, now=timezone.now())
    queries()  # the first page of a login notes that it was seen
    for_one = queries()
    for number in range(29):
        said(connection, session=session_of(connection), booking_ref=str(number), call=dead_call(connection))
    assert queries() == for_one
    Exchange.objects.bulk_create(
        Exchange(
            studio=connection.studio, connection=connection, direction="out", at=timezone.now(), milliseconds=1,
            subject="seats", status=200,
        )
        for _number in range(80)
    )  # fmt: skip
    assert len(shown(client, connection)) == 100
    assert b"1-100 of 141" in client.get(url(connection)).content
    assert len(shown(client, connection, page=2)) == 41


@pytest.mark.django_db(transaction=True)  # as a request comes: without a transaction around it
def test_what_was_given_up_is_sent_again_from_the_log(
    client: Client, connection: Connection, there: Marketplace
) -> None:
    there.failing.append(CallRefused("The class is not known."))
    session = session_of(connection)
    book(session)
    deliver(connection)
    call = Call.objects.get(state=Call.State.DEAD)
    answer = client.post(url(connection, "retry", call.pk), {"filters": "waiting=1"})
    assert answer.headers["Location"] == f"{url(connection)}?waiting=1"
    deliver(connection)
    call.refresh_from_db()
    assert call.state == Call.State.DONE
    assert there.words == ["publish"]
    client.post(url(connection, "retry", call.pk))
    assert deliver(connection) == 0


def test_what_a_newer_call_says_already_is_not_said_twice(client: Client, connection: Connection) -> None:
    dead = dead_call(connection)
    newer = Call.objects.create(
        studio=connection.studio, connection=connection, listing=dead.listing, kind=Call.Kind.TELL
    )
    page = client.post(url(connection, "retry", dead.pk), follow=True)
    assert b"says the same" in page.content
    dead.refresh_from_db()
    assert (dead.state, newer.state) == (Call.State.OVERTAKEN, Call.State.WAITING)


def test_all_that_was_given_up_is_sent_again_at_once(client: Client, connection: Connection) -> None:
    for _number in range(3):
        dead_call(connection)
    client.post(url(connection, "retry_all"))
    assert set(Call.objects.values_list("state", flat=True)) == {Call.State.WAITING}


@pytest.mark.parametrize("step", ["retry", "retry_all"])
def test_an_ended_connection_sends_nothing_again_and_says_why(
    client: Client, connection: Connection, step: str
) -> None:
    dead = dead_call(connection)
    Connection.objects.update(state=Connection.State.ENDED, ended_at=timezone.now())
    page = client.post(url(connection, step, *([dead.pk] if step == "retry" else [])), follow=True).content
    assert b"this connection has ended" in page
    assert b"sent again now" not in page
    assert not actions.retry(dead)
    dead.refresh_from_db()
    assert dead.state == Call.State.DEAD


def test_a_message_that_was_given_up_is_applied_again(client: Client, connection: Connection) -> None:
    message, _new = actions.store(
        connection, proof=InboxMessage.Proof.CURRENT, method="POST", path="/x", headers={}, body=b"{}"
    )
    now = timezone.now()
    actions.conclude(message, InboxMessage.Outcome.FOR_A_PERSON, reason="KeyError in bookings/x.py", now=now)
    (line,) = client.get(url(connection), {"waiting": 1}).context["lines"]
    assert line.may_retry
    client.post(url(connection, "apply_again", message.pk))
    message.refresh_from_db()
    assert message.handled_at is None


def test_sync_now_compares_and_writes_what_differs(client: Client, connection: Connection, there: Marketplace) -> None:
    session_of(connection)
    page = client.post(url(connection, "sync_now"), {"filters": "errors=1"}, follow=True)
    assert page.redirect_chain[-1][0] == f"{url(connection)}?errors=1"
    assert b"1 classes compared, 1 differed" in page.content
    assert SyncRun.objects.get().cause == SyncRun.Cause.HAND
    assert Call.objects.open().count() == 1


RAW = """{"type": "booking.requested", "data": {"firstName": "Zoë", "lastName": "O\\"Hara", "email": "zoe@example.test",
"marketplaceMemberId": "8d1b8a32-7c07-4cb7-9a5e-3f6d0f3f8b10", "clientSecret": "hush", "token": "abc.def"}}"""


def test_raw_texts_hide_secrets_and_addresses_and_for_support_names_too(client: Client, connection: Connection) -> None:
    line = said(connection, direction="in", request=RAW, answer="webhook-signature: v1,abcdef\nx-client-secret: hush")
    page = client.get(url(connection, "log_exchange", line.pk))
    text = page.content.decode()
    assert "8d1b8a32-7c07-4cb7-9a5e-3f6d0f3f8b10" in text
    assert not [one for one in ("hush", "zoe@example.test", "abc.def", "abcdef") if one in text]
    support = page.context["support"]
    assert not [one for one in ("Zoë", "Hara", "hush", "zoe@") if one in support]
    assert f"exchange {line.pk}" in support


@pytest.mark.parametrize(
    ("text", "is_hidden"),
    [
        ('{"password":"p w"}', "p w"),
        ('{"secret" : 12345}', "12345"),
        ('{"secret": "cut off in the mid', "cut off"),
        ("Authorization: Bearer x.y.z", "Bearer"),
        ("call +49 171 2345678", "171"),
        ('{"email": "a\\u0040b.test"}', ""),
    ],
)
def test_secrets_are_hidden_however_they_are_written(text: str, is_hidden: str) -> None:
    assert "[hidden]" in masked(text) or not is_hidden
    assert not is_hidden or is_hidden not in masked(text)
    assert "u0040" not in for_support(text)


def test_a_call_shows_its_tries_and_the_button(client: Client, connection: Connection) -> None:
    call = dead_call(connection)
    for number in (1, 2):
        said(connection, call=call, attempt=number, status=503)
    page = client.get(url(connection, "log_call", call.pk))
    assert [line.attempt for line in page.context["tries"]] == [2, 1]
    assert b"Send again" in page.content


def test_the_file_holds_what_the_list_shows(client: Client, connection: Connection) -> None:
    said(connection, session=session_of(connection), reason="=1+1", status=500)
    said(connection, subject="publish")
    text = b"".join(client.get(url(connection, "log_csv"), {"errors": 1})).decode()
    assert text.count("\r\n") == 2
    assert "'=1+1" in text
    assert client.get(url(connection, "log_xlsx")).status_code == 200


def test_who_is_pinned_sees_the_lines_of_their_locations(connection: Connection) -> None:
    mine = session_of(connection)
    noord = LocationFactory(studio=connection.studio, slug="noord")
    ConnectedLocationFactory(connection=connection, location=noord)
    there = said(connection, session=SessionFactory(item=CalendarItemFactory(location=noord)))
    here = said(connection, session=mine)
    login = StaffLoginFactory(studio=connection.studio, preset=Preset.MANAGER)
    login.locations.add(noord)
    client = logged_in(login)
    assert [line.pk for line in client.get(url(connection)).context["lines"]] == [there.pk]
    assert client.get(url(connection, "log_exchange", here.pk)).status_code == 404


def test_another_studios_lines_are_not_found(client: Client, connection: Connection) -> None:
    other = connected()
    line, call = said(other), dead_call(other)
    assert client.get(url(other)).status_code == 404
    assert client.get(url(connection, "log_exchange", line.pk)).status_code == 404
    assert client.post(url(connection, "retry", call.pk)).status_code == 404
    assert shown(client, connection) == []


def test_health_counts_the_day_and_tells_errors_from_refusals(connection: Connection) -> None:
    now = timezone.now()
    for milliseconds in range(1, 21):
        said(connection, direction="in", milliseconds=milliseconds, at=now)
    said(connection, direction="in", milliseconds=20, status=422, at=now)
    said(connection, direction="in", milliseconds=20, status=500, at=now)
    said(connection, status=401, at=now)
    said(connection, direction="in", at=now - timedelta(days=2))
    dead_call(connection)
    found = health_of(connection, day_began=now - timedelta(hours=1), now=now)
    assert (found.theirs.number, found.theirs.wrong, found.theirs.refused, found.theirs.p95) == (22, 1, 1, 20)
    assert (found.ours.number, found.ours.wrong) == (1, 1)
    assert (found.given_up, found.waiting) == (1, 0)


def test_the_strip_has_forty_eight_half_hours(client: Client, connection: Connection) -> None:
    now = timezone.now().replace(minute=45)
    Connection.objects.filter(pk=connection.pk).update(activated_at=now - timedelta(hours=3))
    for hours, differed in ((1, 0), (2, 5)):
        at = now - timedelta(hours=hours)
        SyncRun.objects.create(
            studio=connection.studio, connection=connection, cause="clock", started_at=at, ended_at=at, compared=9,
            differed=differed,
        )  # fmt: skip
    strip = health_of(connection, day_began=now, now=now).strip
    assert len(strip) == 48
    assert [one.slot for one in strip[-7:]] == [
        Slot.BEFORE,  # the half hour in which it was activated
        Slot.MISSING,
        Slot.DIFFERED,
        Slot.MISSING,
        Slot.SAME,
        Slot.MISSING,
        Slot.RUNNING,
    ]
    assert strip[0].slot is Slot.BEFORE
    assert "half hours had a sync" in client.get(url(connection)).context["health_summary"]


def test_a_stopped_queue_says_for_how_long_and_what_still_works(client: Client, connection: Connection) -> None:
    Heartbeat.objects.create(name="worker box", seen_at=timezone.now() - timedelta(minutes=6))
    page = client.get(url(connection)).content.decode()
    assert "The queue is stopped: the worker has not answered for 6 min." in page
    assert "check-ins and bookings go on" in page
    Heartbeat.objects.update(seen_at=timezone.now())
    assert "queue is stopped" not in client.get(url(connection)).content.decode()


def test_locked_out_quiet_and_paused_are_told(client: Client, connection: Connection) -> None:
    soon = timezone.now() + timedelta(minutes=3)
    Connection.objects.update(quiet_until=soon)
    assert b"is left alone until" in client.get(url(connection)).content
    Connection.objects.update(locked_out_at=timezone.now(), state=Connection.State.PAUSED)
    page = client.get(url(connection)).content
    assert b"has not accepted our credentials" in page
    assert b"Paused: nothing new is sold there" in page


def test_keys_are_on_the_page(client: Client, connection: Connection) -> None:
    dead_call(connection)
    page = client.get(url(connection)).content.decode()
    assert [f'data-key="{key}"' in page for key in "sey"] == [True, True, True]
