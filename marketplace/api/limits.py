"""Too many calls, as the API answers them."""

from django.conf import settings
from django.http import HttpRequest

from marketplace import limits
from marketplace.api.errors import too_many
from portal.accounts import client_ip


def count_call(client_id: str) -> None:
    """Raises Problem (429) beyond `API_CALLS` in a window."""
    _refuse(limits.excess(f"client:{client_id}", settings.API_CALLS))


def count_wrong_proof(request: HttpRequest) -> None:
    """Raises Problem (429) for who tries too many secrets from one address."""
    _refuse(limits.excess_of_wrong_proofs(client_ip(request)))


def _refuse(excess: int) -> None:
    if excess:
        problem = too_many(limits.seconds_left())
        # The first of a window: whoever calls in a loop fills no log.
        problem.is_noted = excess == 1
        raise problem
