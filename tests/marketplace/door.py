"""A studio that is live at a marketplace, and a client that knocks at our API as that marketplace does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test import Client
from django.utils import timezone

from bookings.models import ScheduledSession
from marketplace.models import Connection, Guest
from tests import factories
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, SessionFactory
from tests.factories.marketplace import ConnectedLocationFactory
from tests.marketplace.scenes import connected

BASE = "/api/groupx/v1"
SECRET = "a-secret-of-the-marketplace"


@dataclass
class Door:
    connection: Connection
    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        """The answer; its JSON is `.json()`. A header that is empty is not sent."""
        said = {**self.headers, **({"Idempotency-Key": key} if key else {}), **headers}
        return self.client.generic(
            method,
            f"{BASE}{path}",
            b"" if body is None else body if isinstance(body, bytes) else _json(body),
            content_type="application/json",
            headers={name.replace("_", "-"): value for name, value in said.items() if value},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **more: str) -> Any:
        return self.ask("POST", path, body, **more)

    def delete(self, path: str, **more: str) -> Any:
        return self.ask("DELETE", path, **more)

    def guest(self, **member: Any) -> Guest:
        person = MemberFactory(studio=self.connection.studio, **member)
        return Guest.objects.create(
            studio=self.connection.studio, connection=self.connection, member=person, external_id=f"m-{person.pk}"
        )

    def session(self, *, item: dict[str, Any] | None = None, place: str = "", **fields: Any) -> ScheduledSession:
        """Tomorrow, sold there; `item`: of its class, `place`: the id of its location."""
        location = self.connection.locations.get(external_id=place or self.headers["X-Location-ID"]).location
        made = CalendarItemFactory(
            **{"location": location, "name": "Flow", "allows_marketplaces": True, "capacity": 10, **(item or {})}
        )
        return SessionFactory(item=made, **{"starts_at": soon(), **fields})


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()


def soon() -> datetime:
    """Tomorrow, on a full second."""
    return (timezone.now() + timedelta(days=1)).replace(microsecond=0)


def utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def attendee(session: ScheduledSession, guest: Guest, more: str = "") -> str:
    return f"/classes/{session.pk}/attendees/{guest.key}{more}"


def waiting(session: ScheduledSession, guest: Guest) -> str:
    return f"/classes/{session.pk}/waitlist/attendees/{guest.key}"


def open_door(client_id: str = "fitpass-1") -> Door:
    connection = connected(client_id=client_id)
    connection.secret = SECRET
    connection.save()
    return Door(connection, {"X-Client-ID": client_id, "X-Client-Secret": SECRET, "X-Location-ID": "centrum"})


@pytest.fixture(scope="module")
def doors(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Door]]:
    """Two studios, made once for a module; each test takes back what it did. The first has a second location.

    They are where it is noon: most of what marketplaces say is of today.
    """
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as here:
        here.setattr(factories, "ZONE", factories.where_it_is_noon())
        with transaction.atomic():
            with database.cursor() as cursor:  # it lasts as long as the module
                cursor.execute("SET LOCAL transaction_timeout = 0")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            own, other = open_door(), open_door("fitpass-2")
            place = LocationFactory(studio=own.connection.studio)
            ConnectedLocationFactory(connection=own.connection, location=place, external_id="noord")
            yield [own, other]
            transaction.set_rollback(True)
        database.close()


@pytest.fixture
def door(doors: list[Door], db: None) -> Door:
    return Door(doors[0].connection, doors[0].headers)


@pytest.fixture
def other_door(doors: list[Door], db: None) -> Door:
    return Door(doors[1].connection, doors[1].headers)
