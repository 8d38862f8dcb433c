"""Both sides of a contract as an invoice needs them."""

from invoicing.models import Payer, Seller
from portal.models import Location


def seller_of(studio_id: int) -> Seller | None:
    return Seller.objects.filter(studio=studio_id).first()


def payer_of(marketplace: str) -> Payer | None:
    return Payer.objects.filter(marketplace=marketplace).first()


def holidays_of(studio_id: int) -> tuple[str, str]:
    """The country and region whose holidays move the studio's payouts: of its bank, else of where it is (Q30)."""
    seller = seller_of(studio_id)
    if seller and seller.payout_country:
        return seller.payout_country, seller.payout_region
    place = home_of(studio_id)
    return (seller.country if seller else "") or (place.country if place else ""), place.region if place else ""


def home_of(studio_id: int) -> Location | None:
    """The location whose clock the studio's dates go by: the first in its order."""
    return Location.objects.filter(studio=studio_id).in_order().first()
