"""A studio with invoices, looked at from a browser at noon of 22 November 2026."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from invoicing.models import Invoice
from portal.models import Studio
from portal.roles import Preset
from tests.factories import StaffLoginFactory
from tests.factories.invoicing import AgreementFactory, PayerFactory, SellerFactory
from tests.invoicing.scenes import House, house

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@contextmanager
def noon(moment: datetime = NOW) -> Iterator[None]:
    with time_machine.travel(moment, tick=False):
        yield


def ready(**terms: Any) -> House:
    """Live since long ago, with terms, and everything that an invoice needs."""
    there = house()
    there.terms(**{"check_in_rate": "9.50", "no_show_rate": "4.75", "tax_category": "S", "tax_rate": 21, **terms})
    SellerFactory(studio=there.connection.studio)
    PayerFactory(marketplace=there.connection.marketplace)
    AgreementFactory(contract=there.contract)
    return there


def client_of(studio: Studio, preset: Preset = Preset.OWNER) -> Client:
    client = Client()
    client.force_login(StaffLoginFactory(studio=studio, preset=preset).user)
    return client


def page(client: Client, studio: Studio, path: str = "", **headers: str) -> Any:
    return client.get(f"/{studio.slug}/invoices/{path}", headers=headers or None)


def of(invoice: Invoice, path: str = "") -> str:
    return f"{invoice.number}/{path}"


def text_of(response: Any) -> str:
    """As it is read: without runs of blanks."""
    assert response.status_code in {200, 202, 422}, response.status_code
    return " ".join(response.content.decode().split())


def body(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response) if response.streaming else response.content


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(database) as found:
        assert client.get(url).status_code == 200
    return len(found)
