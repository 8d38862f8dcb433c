"""Marketplaces, connections and contracts for tests."""

from datetime import date
from decimal import Decimal

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from marketplace.models import ConnectedLocation, Connection, Contract, ContractTerms, Listing, Marketplace
from tests.factories import LocationFactory, SessionFactory, StudioFactory


class MarketplaceFactory(DjangoModelFactory[Marketplace]):
    class Meta:
        model = Marketplace
        django_get_or_create = ["key"]

    key = "fitpass"
    name = "Fitpass One"
    shape = Marketplace.Shape.PULL
    adapter = "testing"


class ConnectionFactory(DjangoModelFactory[Connection]):
    """A live one; its locations and its contract are made where a test needs them."""

    class Meta:
        model = Connection

    studio = factory.SubFactory(StudioFactory)
    marketplace = factory.SubFactory(MarketplaceFactory)
    state = Connection.State.LIVE
    activated_at = factory.LazyFunction(timezone.now)


class ConnectedLocationFactory(DjangoModelFactory[ConnectedLocation]):
    class Meta:
        model = ConnectedLocation

    connection = factory.SubFactory(ConnectionFactory)
    studio = factory.SelfAttribute("connection.studio")
    location = factory.SubFactory(LocationFactory, studio=factory.SelfAttribute("..studio"))
    external_id = factory.SelfAttribute("location.slug")


class ContractFactory(DjangoModelFactory[Contract]):
    class Meta:
        model = Contract

    connection = factory.SubFactory(ConnectionFactory)
    studio = factory.SelfAttribute("connection.studio")


class ContractTermsFactory(DjangoModelFactory[ContractTerms]):
    """Since long ago; late are cancellations within four hours, and a check-in is worth eight."""

    class Meta:
        model = ContractTerms

    contract = factory.SubFactory(ContractFactory)
    studio = factory.SelfAttribute("contract.studio")
    first_on = date(2020, 1, 1)
    cancel_hours = 4
    check_in_rate = Decimal("8.00")
    tax_category = ContractTerms.TaxCategory.EXEMPT


class ListingFactory(DjangoModelFactory[Listing]):
    """Of a session that the marketplace has never been told."""

    class Meta:
        model = Listing

    session = factory.SubFactory(SessionFactory)
    studio = factory.SelfAttribute("session.studio")
    connection = factory.SubFactory(ConnectionFactory, studio=factory.SelfAttribute("..studio"))
    reference = factory.SelfAttribute("session.pk")
