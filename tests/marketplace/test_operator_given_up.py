"""What was given up, to and fro, waits for the operator and is tried again from its list."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone
from django.utils.functional import Promise

from marketplace import actions
from marketplace.models import Call, Conflict, Connection, InboxMessage
from portal.admin_site import DeskAdmin
from portal.operator import needs
from tests.factories import UserFactory
from tests.marketplace.scenes import Marketplace as There
from tests.marketplace.scenes import connected
from tests.marketplace.test_log import dead_call
from tests.marketplace.test_messages import given_up

pytestmark = pytest.mark.django_db
CALLS, MESSAGES = "/admin/marketplace/call/", "/admin/marketplace/inboxmessage/"


@pytest.fixture
def there_is(there: There) -> Connection:
    return connected()


def logged_in(**fields: Any) -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, **fields))
    return client


def waits() -> dict[str, tuple[int, str]]:
    return {one.word: (one.count, one.url) for one in needs.needs(timezone.now()) if one.word.startswith("dead_")}


def test_calls_and_messages_that_were_given_up_wait_and_are_tried_again(there_is: Connection) -> None:
    client, call, message = logged_in(is_superuser=True), dead_call(there_is), given_up(there_is)
    given_up(there_is, reason=Conflict.Kind.CANCELLED_AFTER_CHECK_IN)  # the studio settles that one
    found = waits()
    assert (found["dead_calls"][0], found["dead_messages"][0]) == (1, 1)
    for word, list_of, step, one in [
        ("dead_calls", CALLS, "send_again", call),
        ("dead_messages", MESSAGES, "apply_again", message),
    ]:
        page = client.get(found[word][1])
        assert page.context["cl"].result_count == 1
        assert f"{list_of}{one.pk}/change/" in page.content.decode()
        assert client.get(f"{list_of}{one.pk}/change/").status_code == 200
        rows = [str(pk) for pk in admin.site._registry[type(one)].model._default_manager.values_list("pk", flat=True)]
        answer = client.post(list_of, {"action": step, "_selected_action": rows}, follow=True)
        assert "1 " in str(next(iter(answer.context["messages"])))
    call.refresh_from_db()
    message.refresh_from_db()
    assert (call.state, message.outcome) == (Call.State.WAITING, "")
    assert InboxMessage.objects.filter(reason=Conflict.Kind.CANCELLED_AFTER_CHECK_IN).count() == 1
    assert waits()["dead_calls"][0] == waits()["dead_messages"][0] == 0


def test_what_nobody_can_try_again_waits_for_nobody(there_is: Connection) -> None:
    client, message = logged_in(is_superuser=True), given_up(there_is)
    dead_call(there_is)
    InboxMessage.objects.update(body=b"", headers={})  # as after 30 days
    Connection.objects.update(state=Connection.State.ENDED, ended_at=timezone.now())
    assert waits()["dead_calls"][0] == waits()["dead_messages"][0] == 0
    assert client.get(f"{MESSAGES}?fate=given_up").context["cl"].result_count == 0
    assert client.get(f"{MESSAGES}?fate=lost").context["cl"].result_count == 1
    answer = client.post(MESSAGES, {"action": "apply_again", "_selected_action": [message.pk]}, follow=True)
    assert "Nothing is kept of it" in answer.content.decode()
    message.refresh_from_db()
    assert (message.outcome, actions.apply_again(message)) == (InboxMessage.Outcome.FOR_A_PERSON, False)


def test_who_only_helps_tries_nothing_again(there_is: Connection) -> None:
    call = dead_call(there_is)
    client = logged_in()
    assert client.post(CALLS, {"action": "send_again", "_selected_action": [call.pk]}).status_code == 403
    call.refresh_from_db()
    assert call.state == Call.State.DEAD


def test_each_cell_of_a_list_says_its_column_and_the_list_counts_in_the_readers_words(there_is: Connection) -> None:
    dead_call(there_is)
    page = logged_in(is_superuser=True).get(CALLS).content.decode()
    assert 'data-label="Attempts"' in page
    assert '<td data-label="Answer"' in page
    assert "1 call" in page
    lists = [one for one in admin.site._registry.values() if isinstance(one, DeskAdmin)]
    assert all(isinstance(one.opts.verbose_name_plural, Promise) for one in lists)


def test_no_migration_knows_what_the_desk_calls_a_table() -> None:
    assert "verbose_name" not in Call._meta.original_attrs
    assert Call._meta.get_field("state").deconstruct()[3].get("verbose_name") is None
    assert str(Call._meta.get_field("state").verbose_name) == "state"
