import json
import time
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from marketplace.sandbox import moments, signing, timetable
from marketplace.sandbox.environment import environment
from marketplace.sandbox.running import how, store

SILENCE = 12  # seconds: longer than the studio waits


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@csrf_exempt  # signed by the studio; no browser's cookie is looked at
@require_POST
def hooks(request: HttpRequest) -> HttpResponse:
    """Take in what the studio tells: signed, each message once, and in whatever order."""
    began, faults = time.monotonic(), how().faults
    body = request.body
    status, answer = _answer(request, body, faults)
    sent = [
        f"{name}: {request.headers[name]}" for name in sorted(request.headers) if name.lower().startswith("webhook-")
    ]
    store().note_call(
        at=moments.written(moments.now()),
        direction="in",
        what=f"POST /hooks/ {_kind(body)}",
        sent="\n".join([*sent, "", body.decode(errors="replace")]),
        status=0 if "time_out" in faults else status,
        answer=json.dumps(answer),
        took=time.monotonic() - began,
        note=str(answer.get("meaning", "")),
    )
    if "time_out" in faults:
        time.sleep(SILENCE)
    return JsonResponse(answer, status=status)


def _answer(request: HttpRequest, body: bytes, faults: frozenset[str]) -> tuple[int, dict[str, Any]]:
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        name = signing.verify(environment().client_secret, headers, body, now=time.time())
        message = json.loads(body)
    except signing.Unsigned as error:
        return 401, {"error": str(error)}
    except ValueError:
        return 400, {"error": "not JSON"}
    if not isinstance(message, dict) or not isinstance(message.get("data"), dict):
        return 400, {"error": "no data"}
    if "answer_500" in faults:
        return 500, {"error": "switched on by the operator"}
    if store().row("SELECT 1 FROM heard WHERE id = ?", name) is not None:
        return 200, {"meaning": "heard before"}
    meaning = timetable.hear(
        store(), str(message.get("type")), message["data"], at=str(message.get("timestamp") or "")[:20]
    )
    store().run("INSERT OR IGNORE INTO heard (id) VALUES (?)", name)
    return 200, {"meaning": meaning}


def _kind(body: bytes) -> str:
    try:
        message = json.loads(body)
    except ValueError:
        return ""
    return str(message.get("type", ""))[:60] if isinstance(message, dict) else ""
