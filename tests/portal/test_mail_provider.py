"""Mails through a provider's real client, to a server that answers as the provider does."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from portal import mail, mail_health
from portal.jobs import Away, GiveUp, InDoubt
from portal.models import Heartbeat

pytestmark = pytest.mark.django_db
SENT = {"To": "kim@example.test", "SubmittedAt": "2026-11-22T12:00:00Z", "MessageID": "b7bc2f4a", "ErrorCode": 0}
INACTIVE = (
    "Found inactive addresses: kim@example.test.\n Inactive recipients are ones that have generated a hard bounce"
)


class Provider(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    answer: tuple[int, dict[str, Any]] | None = (200, SENT | {"Message": "OK"})

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[dict[str, Any]] = []


class _Answer(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body | {"token": self.headers["X-Postmark-Server-Token"]})
        if self.server.answer is None:
            return
        code, said = self.server.answer
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *args: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    with Provider() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        host, port = server.server_address[:2]
        settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
        settings.ANYMAIL = {"POSTMARK_API_URL": f"http://{host}:{port}/", "POSTMARK_SERVER_TOKEN": "abc"}
        yield server
        server.shutdown()


def send() -> None:
    letter = EmailMultiAlternatives(to=["kim@example.test"], headers={"Message-ID": "<one@tresen.test>"})
    mail.fill(letter, "Grüße", "Hallo Jörg,\n\nbis bald.")
    mail.deliver(letter)


def test_a_mail_goes_out_with_our_message_id(provider: Provider) -> None:
    before = timezone.now()
    send()
    (asked,) = provider.asked
    headers = {header["Name"]: header["Value"] for header in asked["Headers"]}
    assert headers == {"Message-ID": "<one@tresen.test>", "Auto-Submitted": "auto-generated", "X-PM-KeepID": "true"}
    assert (asked["token"], asked["To"], asked["Subject"]) == ("abc", "kim@example.test", "Grüße")
    assert Heartbeat.objects.filter(name=mail_health.SENT, seen_at__gte=before).exists()


@pytest.mark.parametrize(
    ("answer", "meaning", "words"),
    [
        ((429, {"ErrorCode": 429, "Message": "slow"}), Away, "does not take mails now (429)"),
        ((500, {"ErrorCode": 500, "Message": "oops"}), Away, "does not take mails now (500)"),
        ((401, {"ErrorCode": 10, "Message": "no token"}), Away, "refuses our key (401)"),
        ((504, {}), InDoubt, "may have it already"),
        (None, InDoubt, "may have it already"),
        ((422, {"ErrorCode": 400, "Message": "not a Sender Signature"}), Away, "refuses the mail (422)"),
        ((422, {"ErrorCode": 406, "Message": INACTIVE}), GiveUp, "this address for good"),
    ],
)
def test_what_the_provider_says_decides_what_becomes_of_the_mail(
    provider: Provider, answer: tuple[int, dict[str, Any]] | None, meaning: type[Exception], words: str
) -> None:
    provider.answer = answer
    with pytest.raises(meaning) as raised:
        send()
    assert words in str(raised.value)
    assert "kim" not in str(raised.value)


def test_a_provider_that_cannot_be_reached_has_no_mail(provider: Provider) -> None:
    provider.shutdown()
    provider.server_close()
    with pytest.raises(Away, match="cannot be reached"):
        send()
