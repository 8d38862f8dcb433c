"""One invoice, and the month that is none yet: lines with their visits, why, what changed, what happened (P9, Q31)."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from invoicing.actions import correct, issue, make_documents
from invoicing.actions.issuing import note_attempt
from invoicing.models import Invoice, InvoiceEvent
from invoicing.rules import Because, Kind
from marketplace.models import Contract
from portal.roles import Preset
from tests.factories import StaffLoginFactory
from tests.factories.invoicing import Billed, DocumentFactory, InvoiceFactory
from tests.factories.marketplace import ContractTermsFactory
from tests.invoicing.scenes import House, at
from tests.invoicing.screens import NOW, body, client_of, noon, of, page, queries, ready, text_of

pytestmark = pytest.mark.django_db
OCTOBER = date(2026, 10, 1)
FIFTH = datetime(2026, 11, 5, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with noon():
        yield


@pytest.fixture
def there() -> House:
    return ready(paid_per_day=1)


@pytest.fixture
def owner(there: House) -> Client:
    return client_of(there.connection.studio)


@pytest.fixture
def october(there: House) -> Invoice:
    """Issued on the 5th: two check-ins paid, one beyond the day's cap, a no-show."""
    there.visit(at("2026-10-20 18:00"))
    there.visit(at("2026-10-20 20:00"))
    there.visit(at("2026-10-21 18:00"), guest=2)
    there.visit(at("2026-10-22 18:00"), "no_show", guest=3)
    invoice = issue(there.contract, OCTOBER, now=FIFTH)
    assert invoice
    return invoice


def shown(owner: Client, there: House, path: str) -> str:
    return text_of(page(owner, there.connection.studio, path))


class TestThePage:
    def test_it_states_numbers_clauses_parties_vat_period_and_payout(
        self, there: House, owner: Client, october: Invoice
    ) -> None:
        found = shown(owner, there, of(october))

        assert "<b>2</b> check-ins" in found
        assert "<b>1</b> no-show" in found
        assert "contract v1 from 1 Jan 2020" in found
        assert "Check-ins, not paid: beyond the paid visits of a day" in found
        assert "VAT 21 %" in found
        assert "on 23.75" in found
        assert "28.74" in found
        assert "Linde Yoga B.V." in found
        assert "Fitpass Nederland B.V." in found
        assert "1 Oct – 31 Oct 2026" in found
        assert "late: it was expected around Mon 16 Nov 2026" in found
        # The studio's clock, not UTC.
        assert "5 Nov 2026, 06:00" in found

    def test_a_line_opens_its_visits_and_each_says_why(self, there: House, owner: Client, october: Invoice) -> None:
        line = october.lines.get(because=Because.DAY_CAP)
        billed = line.visits.get()

        opened = shown(owner, there, of(october, f"?line={line.position}"))
        assert there.guest(1).member.name in opened
        assert there.guest(2).member.name not in opened
        assert "Are the paid visits of that day used up?" not in opened

        why = shown(owner, there, of(october, f"?line={line.position}&why={billed.visit_id}"))
        assert "Are the paid visits of that day used up?" in why
        assert "visit 2 of the day, 1 is paid" in why
        # The link that was pressed is there again, so it keeps the focus.
        assert f'<a id="why-{billed.visit_id}"' in opened
        assert f'<a id="why-{billed.visit_id}"' in why
        assert page(owner, there.connection.studio, of(october, "?line=77")).status_code == 404

    def test_a_line_comes_as_a_fragment_for_htmx(self, there: House, owner: Client, october: Invoice) -> None:
        answer = page(owner, there.connection.studio, of(october, "?line=1"), **{"HX-Request": "true"})

        assert answer.content.decode().lstrip().startswith('<section id="visits"')
        assert not october.events.filter(kind="opened").exists()

    def test_a_line_of_thirty_visits_costs_the_queries_of_one(self, there: House, owner: Client) -> None:
        small = InvoiceFactory(contract=there.contract, lines=[Billed(number=1)])
        large = InvoiceFactory(contract=there.contract, month=date(2026, 9, 1), lines=[Billed(number=30)])
        start = f"/{there.connection.studio.slug}/invoices/"
        owner.get(start + of(small))
        owner.get(start + of(large))

        assert queries(owner, start + of(small, "?line=1")) == queries(owner, start + of(large, "?line=1"))

    def test_what_is_judged_otherwise_by_now_says_both(self, there: House, owner: Client, october: Invoice) -> None:
        line = october.lines.get(kind=Kind.NO_SHOW)
        billed = line.visits.select_related("visit__reservation").get()
        _now_attended(billed.visit.reservation)

        why = shown(owner, there, of(october, f"?line={line.position}&why={billed.visit_id}"))

        assert "4.75 EUR, as a no-show" in why
        assert "9.50 EUR, as a check-in" in why

    def test_another_studio_and_a_desk_find_nothing(self, there: House, october: Invoice) -> None:
        for client in (
            client_of(StaffLoginFactory().studio),
            client_of(there.connection.studio, Preset.DESK),
        ):
            assert page(client, there.connection.studio, of(october)).status_code == 404
        stranger = client_of(studio := StaffLoginFactory().studio)
        assert page(stranger, studio, of(october)).status_code == 404


def _now_attended(reservation: object) -> None:
    reservation.attendance, reservation.checked_in_at = "checked_in", reservation.starts_at  # type: ignore[attr-defined]
    reservation.save()  # type: ignore[attr-defined]


class TestChangedSinceIssue:
    def test_changes_are_counted_summed_and_told_what_becomes_of_them(
        self, there: House, owner: Client, october: Invoice
    ) -> None:
        assert "Changed since issue" not in shown(owner, there, of(october))
        billed = october.visits.select_related("visit__reservation").get(kind=Kind.NO_SHOW)
        _now_attended(billed.visit.reservation)

        found = shown(owner, there, of(october))

        assert "+1 check-in, −1 no-show," in found
        assert "+4.75 EUR" in found
        assert "This becomes a line of the invoice of November 2026." in found
        assert there.guest(3).member.name in found

    @pytest.mark.parametrize(
        ("empty", "becomes"),
        [
            ((6, 7), "This becomes a line of the invoice of August 2026."),
            ((6, 7, 8), "Too long ago for an adjustment"),
        ],
    )
    def test_the_first_month_that_is_not_settled_takes_it_unless_it_is_too_far(
        self, there: House, owner: Client, empty: tuple[int, ...], becomes: str
    ) -> None:
        may = self._may(there)
        for month in empty:
            note_attempt(there.contract, date(2026, month, 1), [], now=NOW)

        assert becomes in shown(owner, there, of(may))

    def test_after_the_end_of_the_contract_nothing_takes_it(self, there: House, owner: Client) -> None:
        may = self._may(there)
        Contract.objects.filter(pk=there.contract.pk).update(ends_on=date(2026, 5, 31))

        found = shown(owner, there, of(may))

        assert "The contract has ended: have the invoice corrected." in found
        assert "Too long ago" not in found

    def _may(self, there: House) -> Invoice:
        """Issued in June; a visit of it came to light since."""
        there.visit(at("2026-05-20 18:00"))
        found = issue(there.contract, date(2026, 5, 1), now=datetime(2026, 6, 5, 5, tzinfo=UTC))
        assert found
        there.visit(at("2026-05-21 18:00"), guest=2)
        return found

    def test_a_correction_and_its_replacement_lead_to_each_other(
        self, there: House, owner: Client, october: Invoice
    ) -> None:
        credit, replacement = correct(october, now=NOW)
        assert replacement

        first = shown(owner, there, of(october))
        assert f"/{credit.number}/" in first
        assert f"/{replacement.number}/" in first
        assert f"/{october.number}/" in shown(owner, there, of(credit))
        assert f"/{october.number}/" in shown(owner, there, of(replacement))


class TestVisitsOfAnEarlierInvoice:
    """October's no-show came after all: November takes it back. Then both are corrected."""

    @pytest.fixture
    def documents(self, there: House, october: Invoice) -> list[Invoice]:
        there.visit(at("2026-11-03 18:00"))
        _now_attended(october.visits.select_related("visit__reservation").get(kind=Kind.NO_SHOW).visit.reservation)
        later = datetime(2026, 12, 5, 5, tzinfo=UTC)
        november = issue(there.contract, date(2026, 11, 1), now=later)
        assert november
        found = [october, november]
        for one in (october, november):
            credit, replacement = correct(one, now=later)
            assert replacement
            found += [credit, replacement]
        credit, replacement = correct(found[-1], now=later)
        assert replacement
        return [*found, credit, replacement]

    def test_the_line_says_where_they_stand(self, there: House, owner: Client, documents: list[Invoice]) -> None:
        october, november, credit, replacement, _credit, *_rest, last = documents

        for one, holder in ((credit, october), (replacement, october), (last, november)):
            assert f'/invoices/{holder.number}/">1 visit stands on {holder.number}</a>' in shown(owner, there, of(one))
        assert "stands on" not in shown(owner, there, of(november))

    def test_the_files_of_all_add_up(self, there: House, owner: Client, documents: list[Invoice]) -> None:
        for one in documents:
            text = body(page(owner, there.connection.studio, of(one, "visits.csv"))).decode()
            head, *rows = csv.reader(io.StringIO(text))
            assert {len(row) for row in rows} == {len(head)}
            assert sum(Decimal(row[-3]) for row in rows) == (-one.net if one.is_credit else one.net), one.number


class TestWhatHappened:
    def test_opening_is_told_once_a_day_for_each_person(self, there: House, owner: Client, october: Invoice) -> None:
        def opened() -> int:
            return october.events.filter(kind=InvoiceEvent.Kind.OPENED).count()

        shown(owner, there, of(october))
        shown(owner, there, of(october))
        assert opened() == 1
        shown(client_of(there.connection.studio, Preset.MANAGER), there, of(october))
        assert opened() == 2
        with noon(NOW + timedelta(days=1)):
            assert "Opened" in shown(owner, there, of(october))
        assert opened() == 3

    def test_looking_through_anothers_eyes_leaves_no_trace_in_their_name(
        self, there: House, owner: Client, october: Invoice
    ) -> None:
        manager = StaffLoginFactory(studio=there.connection.studio, preset=Preset.MANAGER)
        DocumentFactory(invoice=october)
        owner.post(f"/{there.connection.studio.slug}/staff/{manager.pk}/preview/")

        shown(owner, there, of(october))
        page(owner, there.connection.studio, of(october, "files/pdf/"))

        assert not october.events.filter(kind__in=["opened", "downloaded"]).exists()

    def test_a_link_that_a_program_looks_at_opens_nothing(self, there: House, owner: Client, october: Invoice) -> None:
        owner.head(f"/{there.connection.studio.slug}/invoices/{october.number}/")

        assert not october.events.filter(kind=InvoiceEvent.Kind.OPENED).exists()


class TestDocuments:
    def test_each_has_its_size_and_hash_or_says_what_is_missing(
        self, there: House, owner: Client, october: Invoice
    ) -> None:
        assert "being made; it is here within a minute" in shown(owner, there, of(october))
        made = {one.kind: one for one in make_documents(october)}

        found = shown(owner, there, of(october))

        assert made["pdf"].sha256 in found
        assert made["facturx"].sha256 in found
        assert "xrechnung" not in made
        assert "not there, because this is missing:" in found


class TestTheDraft:
    def test_lines_as_they_would_be_issued_each_opening_its_visits(self, there: House, owner: Client) -> None:
        there.visit(at("2026-11-03 18:00"))
        there.visit(at("2026-11-03 20:00"))
        there.visit(at("2026-11-04 18:00"), "no_show", guest=2)

        found = shown(owner, there, "draft/2026-11/fitpass/")
        assert "Draft of November 2026" in found
        assert "<h2" in found[: found.index("</article>")]
        assert "<h3 id" not in found
        assert "14.25" in found
        assert "Check-ins, not paid: beyond the paid visits of a day" in found

        key = f"no_show.no_show.2026-11.{there.contract.terms.get().pk}.4.75.21.00"
        opened = shown(owner, there, f"draft/2026-11/fitpass/?line={key}")
        assert there.guest(2).member.name in opened
        assert there.guest(1).member.name not in opened

    def test_a_late_cancel_of_a_month_that_is_issued_is_an_adjustment_with_its_visit(
        self, there: House, owner: Client, october: Invoice
    ) -> None:
        billed = october.visits.select_related("visit__reservation").get(kind=Kind.NO_SHOW)
        _now_attended(billed.visit.reservation)
        terms = there.contract.terms.get().pk

        found = shown(owner, there, f"draft/2026-11/fitpass/?line=-no_show.no_show.2026-10.{terms}.4.75.21.00")

        assert "October 2026, taken back" in found
        assert "−4.75" in found
        assert there.guest(3).member.name in found

    def test_an_issued_month_leads_to_its_invoice(self, there: House, owner: Client, october: Invoice) -> None:
        answer = page(owner, there.connection.studio, "draft/2026-10/fitpass/")

        assert answer.headers["Location"].endswith(f"/invoices/{october.number}/")

    @pytest.mark.parametrize("path", ["draft/2026-12/fitpass/", "draft/2019-12/fitpass/", "draft/2026-11/nobody/"])
    def test_a_month_without_a_contract_or_to_come_is_not_found(self, there: House, owner: Client, path: str) -> None:
        assert page(owner, there.connection.studio, path).status_code == 404

    def test_of_two_contracts_in_one_month_the_address_says_which(self, there: House, owner: Client) -> None:
        there.visit(at("2026-11-03 18:00"))
        there.contract.ends_on = date(2026, 11, 10)
        there.contract.save()
        later = ContractTermsFactory(
            contract__connection=there.connection, first_on=date(2026, 11, 11), check_in_rate="7.00"
        ).contract
        there.visit(at("2026-11-12 18:00"), guest=2)

        listed = shown(owner, there, "")
        for contract, net in ((there.contract, "9.50"), (later, "7.00")):
            path = f"draft/2026-11/fitpass/?contract={contract.pk}"
            assert path in listed
            assert f"× {net}" in shown(owner, there, path)

    def test_nothing_to_bill_yet_says_so(self, there: House, owner: Client) -> None:
        assert "Nothing to bill yet" in shown(owner, there, "draft/2026-11/fitpass/")

    def test_thirty_visits_cost_the_queries_of_one(self, there: House, owner: Client) -> None:
        key = f"check_in.check_in.2026-11.{there.contract.terms.get().pk}.9.50.21.00"
        url = f"/{there.connection.studio.slug}/invoices/draft/2026-11/fitpass/?line={key}"
        there.visit(at("2026-11-03 18:00"))
        owner.get(url)
        one = queries(owner, url)
        for guest in range(2, 31):
            there.visit(at("2026-11-03 18:00"), guest=guest)

        assert queries(owner, url) == one
        assert Decimal("9.50") * 30 == 285
        assert "285.00" in text_of(owner.get(url))


class TestFlatRateAndSteps:
    def test_a_flat_rate_is_a_line_without_visits_and_covers_the_others(self) -> None:
        there = ready(flat_rate="300.00")
        owner = client_of(there.connection.studio)
        there.visit(at("2026-11-03 18:00"))
        there.visit(at("2026-11-28 18:00"), "booked", guest=2)

        found = shown(owner, there, "draft/2026-11/fitpass/")

        assert "<span>Flat rate of the month</span>" in found
        assert "Check-ins, not paid: covered by the flat rate" in found
        # Visits add nothing to it.
        assert "≈ 300.00" in found
        assert "booked visit to come" not in found

    def test_each_step_is_a_line_and_the_page_says_which_visit_it_was(self) -> None:
        there = ready(steps_from=[2], steps_rate=["7.00"])
        owner = client_of(there.connection.studio)
        for guest, day in enumerate((3, 4, 5), start=1):
            there.visit(at(f"2026-11-{day:02} 18:00"), guest=guest)
        terms = there.contract.terms.get().pk
        key = f"check_in.step.2026-11.{terms}.7.00.21.00"
        last = there.connection.visits.order_by("-pk")[0]

        found = shown(owner, there, f"draft/2026-11/fitpass/?line={key}&why={last.pk}")

        assert "23.50" in found  # 9.50 + 2 x 7.00
        assert "Check-ins beyond a volume step" in found
        assert "paid check-in 3 of the month" in found


def test_a_made_document_has_its_bytes(there: House, owner: Client, october: Invoice) -> None:
    stored = DocumentFactory(invoice=october, content=b"%PDF")

    assert owner.get(f"/{there.connection.studio.slug}/invoices/{october.number}/files/pdf/").content == stored.content
