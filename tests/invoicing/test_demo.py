"""What the demo studio has of invoices: issued by the real actions as of their moments, paid, one changed since."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from invoicing.demo.load import furnish
from invoicing.models import Invoice, Payer, PayoutEvent, Seller
from invoicing.selectors.delta import changed_since
from portal.roles import Preset
from tests.factories import StaffLoginFactory
from tests.factories.marketplace import ConnectionFactory, MarketplaceFactory
from tests.invoicing.scenes import House, at, house

pytestmark = pytest.mark.django_db

NOW = at("2026-12-20 12:00")


@pytest.fixture
def demo() -> House:
    found = house(marketplace=MarketplaceFactory(key="onefit"), studio__slug="linde")
    type(found.connection).objects.update(activated_at=datetime(2026, 10, 20, tzinfo=UTC))
    found.terms(check_in_rate=Decimal("6.75"), no_show_rate=Decimal("3.00"))
    for preset in (Preset.OWNER, Preset.MANAGER):
        StaffLoginFactory(studio=found.connection.studio, preset=preset)
    found.visit(at("2026-10-22 18:00"))
    found.visit(at("2026-11-10 18:00"))
    found.visit(at("2026-11-11 18:00"), "no_show")
    return found


def test_past_months_are_issued_paid_and_one_is_changed_since(demo: House) -> None:
    assert furnish(demo.connection.studio, now=NOW) == 2

    october, november = Invoice.objects.order_by("id")
    assert [(one.month, one.issued_at) for one in (october, november)] == [
        (date(2026, 10, 1), at("2026-11-05 05:00")),
        (date(2026, 11, 1), at("2026-12-05 05:00")),
    ]
    kinds = PayoutEvent.objects.order_by("id").values_list("payout__invoice", "kind")
    assert list(kinds) == [(october.pk, "sent"), (october.pk, "received"), (november.pk, "sent")]
    (changed,) = changed_since(november, now=NOW)
    assert (changed.before and changed.before.kind, changed.after and str(changed.after.kind)) == (
        "no_show",
        "check_in",
    )
    assert changed_since(october, now=NOW) == []


def test_again_adds_nothing(demo: House) -> None:
    furnish(demo.connection.studio, now=NOW)

    assert furnish(demo.connection.studio, now=NOW) == 0
    assert (Seller.objects.count(), Payer.objects.count(), PayoutEvent.objects.count()) == (1, 1, 3)


def test_who_pays_a_real_studio_is_never_invented(demo: House) -> None:
    ConnectionFactory(marketplace=demo.connection.marketplace)

    assert furnish(demo.connection.studio, now=NOW) == 0
    assert not Payer.objects.exists()
