"""Where marketplaces send their webhooks: `POST /api/webhooks/<hook>/`."""

import time
from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, JsonResponse, RawPostDataException
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from marketplace import actions
from portal.access import public
from portal.accounts import client_ip


@public("marketplaces have no login: each message is signed with the secret of the connection that the address names")
@csrf_exempt
@require_POST
def hook(request: HttpRequest, hook: UUID) -> JsonResponse:
    """Keep the message and answer 202 at once; what it asks for is done by a worker."""
    delivery = actions.Delivery(
        method="POST",
        path=request.path,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=_body(request),
        began=time.monotonic(),
        sender=client_ip(request),
    )
    received = actions.receive(hook, delivery, now=timezone.now())
    if received.status == HTTPStatus.ACCEPTED:
        return JsonResponse({"id": received.id}, status=received.status)
    again = {} if received.retry_after is None else {"Retry-After": str(received.retry_after)}
    return JsonResponse({"error": received.reason}, status=received.status, headers=again)


def _body(request: HttpRequest) -> bytes | HTTPStatus:
    """The raw bytes; a status when they are too many, or were taken for a form with files."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > actions.LONGEST_MESSAGE:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    try:
        return request.body
    except RawPostDataException:
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
