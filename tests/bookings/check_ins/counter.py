"""How the tests of *Check-ins* log in, tick, and read what the screen says."""

import re
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.test import Client

from bookings.models import Reservation
from portal.models import Member, StaffLogin, Studio
from portal.roles import Preset
from tests.factories import (
    MemberFactory,
    StaffLoginFactory,
)

Rows = dict[str, str]


def login(studio: Studio, preset: Preset = Preset.DESK) -> StaffLogin:
    return StaffLoginFactory(studio=studio, preset=preset, user__name="Ana Vos")


def client_of(who: StaffLogin) -> Client:
    client = Client()
    client.force_login(who.user)
    return client


def member(studio: Studio, name: str, **fields: Any) -> Member:
    first, _, last = name.partition(" ")
    return MemberFactory(studio=studio, first_name=first, last_name=last, **fields)


def page(client: Client, **query: str) -> str:
    response = client.get("/linden/check-ins/", query)
    assert response.status_code == 200
    return response.content.decode()


def rows(html: str) -> Rows:
    """Each row's text by the name in it."""
    found = re.findall(r"<article class=\"row.*?</article>", html, re.DOTALL)
    return {re.findall(r"class=\"full\">(.*?)<", one)[0]: words(one) for one in found}


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def counts(html: str) -> str:
    return words(re.findall(r"<div class=\"tiles\".*?</div>", html, re.DOTALL)[0])


def changes(client: Client, since: str, moment: datetime, **query: str) -> Any:
    return client.get("/linden/check-ins/changes/", {"since": since, "at": moment.isoformat(), **query})


def tick(client: Client, reservation: Reservation, verb: str = "check-in", **data: Any) -> Any:
    """As a script does it."""
    url = f"/linden/reservations/{reservation.pk}/{verb}/"
    return client.post(url, {"action_id": uuid4(), **data}, headers={"HX-Request": "true"})
