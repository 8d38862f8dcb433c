"""Webhooks of a marketplace over HTTP: kept and answered, with all of its threads busy."""

import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection

from django.utils import timezone

from marketplace import webhooks
from marketplace.models import Connection, InboxMessage
from tests.bench.measures import Row, milliseconds
from tests.bench.server import Server

CLIENTS, EACH, LIMIT = 8, 40, 0.2  # seconds


def hooks(server: Server, connection: Connection) -> Iterator[Row]:
    taken: list[float] = []

    def send(number: int) -> None:
        line = HTTPConnection("127.0.0.1", server.port, timeout=60)
        for one in range(EACH):
            name = f"bench-{number}-{one}"
            moment = timezone.now()
            said = {
                "type": "booking.cancelled",
                "timestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                "data": {"bookingId": name},
            }
            body = json.dumps(said).encode()
            headers = webhooks.headers(name, body, connection.secrets(moment), now=moment)
            start = time.perf_counter()
            line.request(
                "POST", f"/api/webhooks/{connection.hook}/", body, headers | {"content-type": "application/json"}
            )
            answer = line.getresponse()
            assert (answer.status, bool(answer.read())) == (202, True)
            taken.append(time.perf_counter() - start)

    send(CLIENTS)  # the first ones warm up
    taken.clear()
    threads = [threading.Thread(target=send, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = InboxMessage.objects.filter(connection=connection, key__startswith="bench-").count()
    slow = sorted(taken)[int(len(taken) * 0.95) - 1] if taken else float("inf")
    what = f"a webhook, {CLIENTS} clients at once: 95 of 100 are kept and answered within"
    yield Row(what, milliseconds(slow), f"<= {milliseconds(LIMIT)}", kept == (CLIENTS + 1) * EACH and slow <= LIMIT)
