"""Secrets at rest, and the calls that prove themselves with them."""

from datetime import date, timedelta
from importlib import import_module
from itertools import product

import pytest
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import connection as database
from django.test import override_settings
from django.utils import timezone

from bookings.sources import NAMES
from marketplace import actions
from marketplace.actions import outbox
from marketplace.models import Call, Connection, ContractTerms, InboxMessage, Marketplace
from portal.models import Change
from tests.factories import StaffLoginFactory
from tests.factories.marketplace import ConnectionFactory, ContractTermsFactory, ListingFactory, MarketplaceFactory
from tests.marketplace.scenes import connected, session_of

pytestmark = pytest.mark.django_db

CREDENTIALS = {"token": "to-call-them", "gym": "4711"}


def saved() -> Connection:
    connection = ConnectionFactory()
    connection.credentials, connection.secret = CREDENTIALS, "to-call-us"
    connection.save()
    return Connection.objects.get()


def stored(table: str) -> str:
    """Everything that a copy of the table holds."""
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {table}::text FROM {table}")  # noqa: S608
        return "\n".join(row[0] for row in cursor.fetchall())


def test_a_copy_of_the_database_opens_nothing() -> None:
    connection = saved()
    assert (connection.credentials, connection.secret) == (CREDENTIALS, "to-call-us")
    text = stored("marketplace_connection")
    assert "to-call" not in text
    assert "4711" not in text


def test_they_outlive_a_new_key_of_the_installation() -> None:
    connection = saved()
    with override_settings(SECRET_KEY="another-key", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert connection.secret == "to-call-us"
    with override_settings(SECRET_KEY="another-key", SECRET_KEY_FALLBACKS=[]), pytest.raises(InvalidToken):
        _ = connection.secret


def test_a_connection_without_secrets_has_none() -> None:
    connection = ConnectionFactory()
    assert (connection.credentials, connection.secret, connection.secrets(timezone.now())) == ({}, "", [])
    assert actions.proof_of(connection, "", now=timezone.now()) is None


class TestRotation:
    def test_both_secrets_are_good_for_a_while(self) -> None:
        connection, now = saved(), timezone.now()
        login = StaffLoginFactory(studio=connection.studio)
        connection = actions.change_secret(connection, "new", by=login, now=now)
        week = now + timedelta(days=7)
        assert actions.proof_of(connection, "new", now=week) == InboxMessage.Proof.CURRENT
        assert actions.proof_of(connection, "to-call-us", now=week - timedelta(seconds=1)) == "previous"
        assert actions.proof_of(connection, "to-call-us", now=week) is None
        assert actions.proof_of(connection, "guessed", now=now) is None

    def test_the_one_before_the_previous_is_over(self) -> None:
        connection, now = saved(), timezone.now()
        for secret in ("second", "third"):
            connection = actions.change_secret(connection, secret, by=None, now=now)
        assert connection.secrets(now) == ["third", "second"]

    def test_at_once_when_the_old_one_is_known_to_others(self) -> None:
        connection, now = saved(), timezone.now()
        connection = actions.change_secret(connection, "new", by=None, now=now, overlap=timedelta(0))
        assert connection.secrets(now) == ["new"]

    def test_the_log_says_that_and_not_what(self) -> None:
        connection = saved()
        actions.change_secret(connection, "new-secret", by=None, now=timezone.now())
        assert Change.objects.get().kind == "secret_changed"
        assert "new-secret" not in stored("portal_change")


class TestInbox:
    def keep(self, connection: Connection, **given: object) -> tuple[InboxMessage, bool]:
        values = {
            "proof": InboxMessage.Proof.CURRENT,
            "method": "POST",
            "path": "/hooks",
            "headers": {"X-Signature": "abc", "Authorization": "Bearer secret", "X-Client-Secret": "secret"},
            "body": b'{"a": "\xff"}',
        }
        return actions.store(connection, **{**values, **given})  # type: ignore[arg-type]

    def test_a_message_is_kept_byte_for_byte_without_what_opens_doors(self) -> None:
        message, is_new = self.keep(ConnectionFactory())
        message.refresh_from_db()
        assert is_new
        assert (bytes(message.body), message.headers) == (b'{"a": "\xff"}', {"X-Signature": "abc"})

    def test_a_second_delivery_is_the_first_one(self) -> None:
        connection = ConnectionFactory()
        first, _ = self.keep(connection, key="event-1")
        again, is_new = self.keep(connection, key="event-1", body=b"other")
        assert (again, is_new) == (first, False)

    def test_without_a_key_equal_bytes_are_one_message(self) -> None:
        connection = ConnectionFactory()
        first, _ = self.keep(connection)
        assert self.keep(connection) == (first, False)
        assert self.keep(connection, body=b"{}")[1]
        assert self.keep(connection, path="/other")[1]

    def test_a_key_belongs_to_one_connection(self) -> None:
        assert self.keep(ConnectionFactory(), key="1")[1]
        assert self.keep(ConnectionFactory(), key="1")[1]

    def test_the_outcome_is_said_once(self) -> None:
        message, _ = self.keep(ConnectionFactory())
        now = timezone.now()
        assert actions.conclude(message, InboxMessage.Outcome.REFUSED, reason="full", now=now)
        assert not actions.conclude(message, InboxMessage.Outcome.DONE, now=now)
        message.refresh_from_db()
        assert (message.outcome, message.reason, message.handled_at) == ("refused", "full", now)


class TestTerms:
    def test_a_version_holds_until_the_next_one(self) -> None:
        first = ContractTermsFactory(first_on="2026-01-01")
        second = ContractTermsFactory(contract=first.contract, first_on="2026-07-01")
        found = {
            day: ContractTerms.objects.on(date.fromisoformat(day)).first()
            for day in ("2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01")
        }
        assert list(found.values()) == [None, first, first, second]

    def test_nothing_holds_after_the_contract(self) -> None:
        terms = ContractTermsFactory(first_on="2026-01-01", contract__ends_on="2026-03-31")
        day = date(2026, 3, 31)
        assert ContractTerms.objects.on(day).first() == terms
        assert ContractTerms.objects.on(day + timedelta(days=1)).first() is None


def test_the_marketplaces_come_with_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """And come once, however often; a name that the operator gave stays."""
    monkeypatch.setattr(NAMES, "_told", dict(NAMES._told))  # this process learns the name, and other tests do not
    migration = import_module("marketplace.migrations.0003_marketplaces")
    Marketplace.objects.all().delete()
    Marketplace.objects.create(key="wellpass", name="EGYM Wellpass", shape="pull", adapter="groupx")
    for _ in range(2):
        migration.ship(apps, None)
    names = dict(Marketplace.objects.values_list("key", "name"))
    assert len(names) == len(migration.SHIPPED)
    assert (names["wellpass"], names["urban"]) == ("EGYM Wellpass", "Urban Sports Club")


def test_what_names_people_is_emptied_after_a_month_and_the_log_forgotten_after_three() -> None:
    now, connection = timezone.now(), connected()
    kept = [TestInbox().keep(connection, key=str(number))[0] for number in range(2)]
    actions.conclude(kept[0], InboxMessage.Outcome.DONE, now=now)
    listing = ListingFactory(connection=connection, studio=connection.studio, session=session_of(connection))
    for state in (Call.State.DONE, Call.State.DEAD):
        Call.objects.create(
            studio=listing.studio,
            connection=connection,
            listing=listing,
            kind=Call.Kind.TELL,
            state=state,
            ended_at=now,
        )
    assert not actions.clean_up(now=now + timedelta(days=29))
    assert Call.objects.count() == 2
    actions.clean_up(now=now + timedelta(days=31))
    found = InboxMessage.objects.order_by("pk")
    assert [(bytes(one.body), one.headers) for one in found] == [
        (b"", {}),
        (b'{"a": "\xff"}', {"X-Signature": "abc"}),  # nobody has handled it
    ]
    assert not TestInbox().keep(connection, key="0")[1]
    actions.clean_up(now=now + timedelta(days=91))
    assert list(Call.objects.values_list("state", flat=True)) == [Call.State.DEAD]


def test_who_is_told_is_asked_alike_in_both_ways() -> None:
    """Each booking asks it in SQL that is composed once; lists ask the query set."""
    studio = ConnectionFactory(marketplace=MarketplaceFactory()).studio
    for number, (state, shape, adapter) in enumerate(
        product(Connection.State.values, ["pull", "check_in"], ["", "testing"])
    ):
        ended = timezone.now() if state == "ended" else None
        there = MarketplaceFactory(key=f"m{number}", name=f"M{number}", shape=shape, adapter=adapter)
        ConnectionFactory(studio=studio, marketplace=there, state=state, ended_at=ended)
    assert outbox.connections_to_tell(studio) == list(studio.connections.told().order_by("pk"))
