"""Who is shown what visits are worth and the invoices that they stand on."""

from portal.access import StudioRequest
from portal.roles import Right


def sees_invoices(request: StudioRequest) -> bool:
    """As the pages of invoices themselves: with the right, and not for some of the locations only."""
    return request.may(Right.SEE_MONEY) and not request.login.locations.exists()
