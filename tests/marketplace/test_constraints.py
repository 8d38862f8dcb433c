"""What PostgreSQL refuses when the code forgets."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from marketplace import actions
from marketplace.models import Call, ConnectedLocation, Connection, ContractTerms, InboxMessage, Listing
from tests.bookings.test_constraints import Refusal
from tests.factories import LocationFactory, SessionFactory
from tests.factories.marketplace import (
    ConnectedLocationFactory,
    ConnectionFactory,
    ContractFactory,
    ContractTermsFactory,
    ListingFactory,
)
from tests.marketplace.scenes import book, connected, session_of

pytestmark = pytest.mark.django_db


def call(listing: Listing, **fields: Any) -> Call:
    return Call.objects.create(
        **{
            "studio": listing.studio,
            "connection": listing.connection,
            "listing": listing,
            "kind": Call.Kind.TELL,
            **fields,
        }
    )


class TestConnections:
    def test_one_for_each_marketplace_of_a_studio(self) -> None:
        connection = ConnectionFactory()
        with Refusal("one_connection_per_marketplace"):
            ConnectionFactory(studio=connection.studio)

    def test_a_client_id_names_one(self) -> None:
        ConnectionFactory(client_id="wellpass-demo")
        with Refusal("client_id_once"):
            ConnectionFactory(client_id="wellpass-demo")

    def test_none_goes_live_before_the_operator_activates_it(self) -> None:
        with Refusal("live_connection_was_activated"):
            ConnectionFactory(activated_at=None)

    def test_no_course_goes_there(self) -> None:
        with Refusal("no_course_at_a_marketplace"):
            ConnectionFactory(kinds=["class", "course"])

    def test_a_previous_secret_has_its_end(self) -> None:
        connection = ConnectionFactory()
        with Refusal("previous_secret_ends"):
            Connection.objects.filter(pk=connection.pk).update(sealed_previous_secret="x")

    def test_a_location_is_connected_once_under_one_name(self) -> None:
        one = ConnectedLocationFactory(external_id="centrum")
        with Refusal("location_once_per_connection"):
            ConnectedLocationFactory(connection=one.connection, location=one.location, external_id="other")
        with Refusal("location_id_once_per_connection"):
            ConnectedLocationFactory(connection=one.connection, external_id="centrum")


class TestStudiosApart:
    def test_a_location_of_another_studio(self) -> None:
        with Refusal("connected_location_of_its_studio"):
            ConnectedLocation.objects.create(
                connection=(connection := ConnectionFactory()),
                studio=connection.studio,
                location=LocationFactory(),
                external_id="x",
            )

    def test_a_session_of_another_studio(self) -> None:
        with Refusal("listing_of_its_session"):
            ListingFactory(connection=(connection := ConnectionFactory()), studio=connection.studio)

    def test_a_connection_of_another_studio(self) -> None:
        with Refusal("contract_of_its_connection"):
            ContractFactory(studio=LocationFactory().studio)

    def test_a_call_about_a_listing_of_another_connection(self) -> None:
        listing = ListingFactory()
        other = ConnectionFactory()
        with Refusal("call_of_its_listing"):
            call(listing, connection=other, studio=other.studio)


class TestTerms:
    def test_what_was_agreed_is_not_rewritten(self) -> None:
        terms = ContractTermsFactory()
        with pytest.raises(IntegrityError, match="terms are agreed"), transaction.atomic():
            ContractTerms.objects.filter(pk=terms.pk).update(check_in_rate=Decimal(1))

    def test_one_version_begins_on_a_day(self) -> None:
        terms = ContractTermsFactory()
        with Refusal("one_version_of_terms_per_day"):
            ContractTermsFactory(contract=terms.contract)

    @pytest.mark.parametrize(
        ("wrong", "constraint"),
        [
            ({"check_in_rate": Decimal("-0.01")}, "rates_not_negative"),
            ({"additional_rate": Decimal("-0.01")}, "rates_not_negative"),
            ({"paid_per_day": 3, "paid_per_30_days": 2}, "a_day_pays_no_more_than_its_month"),
            ({"tax_category": "S", "tax_rate": 0}, "only_what_is_taxed_has_a_rate"),
            ({"tax_category": "E", "tax_rate": 19}, "only_what_is_taxed_has_a_rate"),
        ],
    )
    def test_terms_make_sense(self, wrong: dict[str, Any], constraint: str) -> None:
        with Refusal(constraint):
            ContractTermsFactory(**wrong)

    def test_one_contract_is_open(self) -> None:
        contract = ContractFactory(ends_on=date(2026, 1, 31))
        ContractFactory(connection=contract.connection)
        with Refusal("one_open_contract_per_connection"):
            ContractFactory(connection=contract.connection)


class TestOutbox:
    def test_one_listing_of_a_session(self) -> None:
        listing = ListingFactory()
        with Refusal("one_listing_per_session"):
            ListingFactory(connection=listing.connection, session=listing.session)

    def test_a_listing_is_of_the_session_that_it_names(self) -> None:
        with Refusal("listing_refers_to_its_session"):
            ListingFactory(reference=0)

    def test_one_tell_waits(self) -> None:
        listing = ListingFactory()
        call(listing)
        with Refusal("one_waiting_tell_per_listing"):
            call(listing)

    def test_one_call_is_sent(self) -> None:
        listing = ListingFactory()
        call(listing, state=Call.State.SENDING)
        with Refusal("one_call_at_a_time_per_listing"):
            call(listing, state=Call.State.SENDING)

    def test_an_event_is_reported_once(self) -> None:
        connection = connected()
        event = book(session_of(connection), source="fitpass").events.get()
        listing = Listing.objects.get()
        call(listing, kind=Call.Kind.REPORT, event=event)
        with Refusal("one_report_per_event"):
            call(listing, kind=Call.Kind.REPORT, event=event)

    def test_a_call_says_one_thing(self) -> None:
        with Refusal("call_says_one_thing"):
            call(ListingFactory(), kind=Call.Kind.REPORT)

    def test_an_ended_call_has_its_time(self) -> None:
        with Refusal("ended_call_has_its_time"):
            call(ListingFactory(), state=Call.State.DEAD)

    def test_a_removed_session_leaves_its_listing(self) -> None:
        listing = ListingFactory(session=SessionFactory())
        assert listing.session is not None
        key = listing.session.pk
        listing.session.delete()
        listing.refresh_from_db()
        assert (listing.session, listing.reference) == (None, key)


class TestInbox:
    def message(self) -> InboxMessage:
        message, _ = actions.store(
            ConnectionFactory(),
            proof=InboxMessage.Proof.CURRENT,
            method="POST",
            path="/",
            headers={"X-Id": "1"},
            body=b"Ana",
        )
        return message

    @pytest.mark.parametrize("changed", [{"body": b"Bo"}, {"key": "2"}, {"proof": "previous"}, {"path": "/other"}])
    def test_a_message_stays_as_it_came(self, changed: dict[str, Any]) -> None:
        message = self.message()
        with pytest.raises(IntegrityError, match="messages are appended"), transaction.atomic():
            InboxMessage.objects.filter(pk=message.pk).update(**changed)

    def test_and_stays(self) -> None:
        message = self.message()
        with pytest.raises(IntegrityError, match="messages are appended"), transaction.atomic():
            message.delete()

    def test_its_outcome_too(self) -> None:
        message, now = self.message(), timezone.now()
        actions.conclude(message, InboxMessage.Outcome.DONE, now=now)
        with pytest.raises(IntegrityError, match="messages are appended"), transaction.atomic():
            InboxMessage.objects.filter(pk=message.pk).update(handled_at=now + timedelta(hours=1))

    def test_its_content_can_be_emptied(self) -> None:
        message = self.message()
        InboxMessage.objects.filter(pk=message.pk).update(body=b"", headers={})
        message.refresh_from_db()
        assert (bytes(message.body), message.headers) == (b"", {})
