"""Further terms of a contract: flat rate, volume steps, who issues; and which version is which (Q18)."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from marketplace.models import Connection, ContractTerms
from portal.models import Change, StaffLogin
from tests.bookings.schedule_pages import ask, errors, words
from tests.factories import StaffLoginFactory, UserFactory
from tests.factories.marketplace import ConnectionFactory, ContractTermsFactory

pytestmark = pytest.mark.django_db

PATH = "marketplaces/fitpass/terms/"
TERMS = {
    "first_on": "2026-12-01",
    "check_in_rate": "9.50",
    "no_show_rate": "0",
    "late_cancel_rate": "0",
    "late_cancel_paid": "never",
    "tax_category": "S",
    "tax_rate": "9",
    "issuer": "marketplace",
}
STEPS = {"step_from_0": "51", "step_rate_0": "9.00", "step_from_1": "101", "step_rate_1": "8.25"}
FLAT = TERMS | {"check_in_rate": "", "flat_rate": "800"}


@pytest.fixture
def connection() -> Connection:
    return ConnectionFactory(studio__slug="linden")


@pytest.fixture
def owner(connection: Connection) -> StaffLogin:
    ContractTermsFactory(contract__connection=connection)
    return StaffLoginFactory(studio=connection.studio)


def newest() -> ContractTerms:
    return ContractTerms.objects.latest("first_on")


def test_steps_are_typed_in_rows_and_stay_in_the_next_version(owner: StaffLogin) -> None:
    ask(owner, PATH, TERMS | STEPS | {"issuer": "studio"}, status=302)
    assert newest().steps_from == [51, 101]
    assert newest().steps_rate == [Decimal("9.00"), Decimal("8.25")]
    assert newest().issuer == "studio"
    form = ask(owner, PATH).context["form"]
    assert [(first.value(), rate.value()) for first, rate in form.steps][:3] == [
        (51, Decimal("9.00")),
        (101, Decimal("8.25")),
        (None, None),
    ]
    assert Change.objects.get(kind="terms_added").after["steps_rate"] == ["9.00", "8.25"]


def test_a_row_between_may_stay_empty(owner: StaffLogin) -> None:
    ask(
        owner,
        PATH,
        TERMS | {"step_from_0": "51", "step_rate_0": "9", "step_from_3": "80", "step_rate_3": "7"},
        status=302,
    )
    assert newest().steps_from == [51, 80]


def test_a_flat_rate_needs_no_rate_per_check_in(owner: StaffLogin) -> None:
    ask(owner, PATH, FLAT, status=302)
    assert (newest().flat_rate, newest().check_in_rate, newest().steps_from) == (Decimal(800), 0, [])


@pytest.mark.parametrize(
    ("given", "name", "said"),
    [
        (TERMS | {"check_in_rate": ""}, "check_in_rate", "Enter a rate, or a flat rate"),
        (TERMS | {"step_from_0": "51"}, "step_rate_0", "A step needs its rate."),
        (TERMS | {"step_rate_0": "9"}, "step_from_0", "From which check-in of the month on?"),
        (TERMS | {"step_from_0": "1", "step_rate_0": "9"}, "step_from_0", "Steps ascend: enter 2 or more."),
        (TERMS | {"step_from_0": "-1", "step_rate_0": "9"}, "step_from_0", "Steps ascend: enter 2 or more."),
        (TERMS | STEPS | {"step_from_1": "51"}, "step_from_1", "Steps ascend: enter 52 or more."),
        (TERMS | STEPS | {"step_rate_1": "-1"}, "step_rate_1", "A rate is not below 0."),
        (TERMS | STEPS | {"step_rate_1": "much"}, "step_rate_1", "Enter a number."),
        (TERMS | {"issuer": "nobody"}, "issuer", "Select a valid choice."),
        (FLAT | {"flat_rate": "-1"}, "flat_rate", "A rate is not below 0."),
        (FLAT | STEPS, "flat_rate", "With a flat rate no check-in is paid for itself"),
        (FLAT | {"paid_per_day": "1"}, "flat_rate", "With a flat rate no visit is paid for itself"),
        (FLAT | {"paid_per_30_days": "4"}, "flat_rate", "With a flat rate no visit is paid for itself"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    owner: StaffLogin, given: dict[str, str], name: str, said: str
) -> None:
    found = errors(ask(owner, PATH, given, status=422))
    assert list(found) == [name]
    assert found[name][0].startswith(said)
    assert ContractTerms.objects.count() == 1


def test_a_version_is_known_by_its_place(connection: Connection, owner: StaffLogin) -> None:
    contract = connection.contracts.get()
    ContractTermsFactory(contract=contract, first_on=date(2026, 9, 1), steps_from=[51], steps_rate=[Decimal(9)])
    ContractTermsFactory(contract=contract, first_on=date(2026, 12, 1), flat_rate=Decimal(800), issuer="studio")
    said = words(ask(owner, "marketplaces/fitpass/"))
    assert "v3 from 1 Dec 2026 later you issue invoices" in said
    assert "v2 from 1 Sep 2026 holds now" in said
    assert "Fitpass One issues invoices" in said
    assert "from 51: 9.00" in said
    assert "flat 800.00 a month" in said
    assert [version.number for version in ask(owner, "marketplaces/fitpass/").context["terms"]] == [3, 2, 1]


def test_the_operator_reads_contracts_and_changes_none(
    connection: Connection, owner: StaffLogin, client: Client
) -> None:
    contract = connection.contracts.get()
    ContractTermsFactory(contract=contract, first_on=date(2026, 9, 1), steps_from=[51], steps_rate=[Decimal(9)])
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    url = f"/admin/marketplace/contract/{contract.pk}/change/"
    page = client.get(url)
    assert "51: 9.00" in words(page)
    assert b'name="_save"' not in page.content
    assert client.post(url, {"number": "changed"}).status_code == 403
