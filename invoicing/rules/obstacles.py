"""What keeps an invoice from being issued? Each is for a person to mend; the next try comes by itself."""

from dataclasses import dataclass
from enum import StrEnum


class Obstacle(StrEnum):
    NO_SELLER = "no_seller"
    NO_PAYER = "no_payer"
    NO_AGREEMENT = "no_agreement"
    NO_BANK = "no_bank"
    NO_TAX_ID = "no_tax_id"
    NO_VAT_ID = "no_vat_id"
    UNPRINTABLE = "unprintable"
    EARLIER_MONTH = "earlier_month"
    MIXED_TAX = "mixed_tax"
    NOT_OVER = "not_over"


@dataclass(frozen=True, kw_only=True)
class Papers:
    """What is known of both sides when a month is to be issued."""

    has_seller: bool
    has_payer: bool
    is_self_billed: bool
    has_agreement: bool
    has_iban: bool
    has_tax_id: bool  # VAT id or tax number of the seller
    reverse_charge: bool
    both_vat_ids: bool
    unprintable: str = ""
    earlier_open: bool = False  # an earlier month of the contract has visits and no invoice yet
    mixed_tax: bool = False  # what is not subject to tax beside what is (BR-O-11)


def obstacles(papers: Papers) -> tuple[Obstacle, ...]:
    """In the order in which they are mended. Months are issued in their order, so that numbers and caps follow them."""
    found = {
        Obstacle.NO_SELLER: not papers.has_seller,
        Obstacle.NO_PAYER: not papers.has_payer,
        Obstacle.NO_AGREEMENT: papers.is_self_billed and not papers.has_agreement,
        Obstacle.NO_BANK: papers.has_seller and not papers.has_iban,
        Obstacle.NO_TAX_ID: papers.has_seller and not papers.has_tax_id,
        Obstacle.NO_VAT_ID: papers.has_seller
        and papers.has_payer
        and papers.reverse_charge
        and not papers.both_vat_ids,
        Obstacle.UNPRINTABLE: bool(papers.unprintable),
        Obstacle.EARLIER_MONTH: papers.earlier_open,
        Obstacle.MIXED_TAX: papers.mixed_tax,
    }
    return tuple(one for one, stands in found.items() if stands)
