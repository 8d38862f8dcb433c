"""Packages and purchases for tests."""

from decimal import Decimal

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from packages.models import Package, PackageVersion, Purchase
from tests.factories import MemberFactory, StudioFactory


class PackageFactory(DjangoModelFactory[Package]):
    class Meta:
        model = Package

    studio = factory.SubFactory(StudioFactory)
    name = factory.Sequence(lambda n: f"Pack {n}")


class PackageVersionFactory(DjangoModelFactory[PackageVersion]):
    """The terms of a five-pack that never ends."""

    class Meta:
        model = PackageVersion

    package = factory.SubFactory(PackageFactory)
    number = 1
    uses = 5
    price = Decimal("60.00")
    made_at = factory.LazyFunction(timezone.now)


class PurchaseFactory(DjangoModelFactory[Purchase]):
    """A five-pack, bought now; past the actions, so without an entry in the ledger."""

    class Meta:
        model = Purchase

    version = factory.SubFactory(PackageVersionFactory)
    package = factory.SelfAttribute("version.package")
    studio = factory.SelfAttribute("package.studio")
    member = factory.SubFactory(MemberFactory, studio=factory.SelfAttribute("..studio"))
    purchased_at = factory.LazyFunction(timezone.now)
    uses = factory.SelfAttribute("version.uses")
    price = factory.SelfAttribute("version.price")
    currency = factory.SelfAttribute("version.currency")
