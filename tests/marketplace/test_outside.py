"""Calls to addresses that somebody typed (S12): only to public ones, in ten seconds, led nowhere else."""

import socket
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from marketplace import outside
from marketplace.outside import Forbidden, Unreached
from tests.marketplace.theirs import Theirs, answer

# What may stand behind a name that somebody typed; 93.184.215.14 and 2606:2800::1 are somebody's.
PRIVATE = [
    *("127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.8", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1"),  # noqa: S104
    *("192.0.0.8", "192.0.2.7", "192.88.99.1", "198.18.0.1", "198.51.100.3", "203.0.113.9", "224.0.0.1", "239.1.2.3"),
    *("240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1"),
    *("fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"),
    *("2001:db8::1", "100::1", "3fff::1"),
]


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names are found at these addresses, one answer for each question, the last one for ever; who was asked for."""
    asked: list[str] = []
    left = list(answers)

    def find(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in addresses
        ]

    monkeypatch.setattr(outside.socket, "getaddrinfo", find)
    return asked


def called(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where connections were tried; none comes about."""
    places: list[Any] = []

    def connect(self: socket.socket, place: Any) -> None:
        places.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(outside.socket.socket, "connect", connect)
    return places


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_never_called(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, [address])
    places = called(monkeypatch)
    with pytest.raises(Forbidden, match="private network"):
        outside.post("https://hooks.example.com/", body=b"", headers={})
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(Forbidden):
        outside.post(f"https://{literal}/", body=b"", headers={})
    assert places == []


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800::1"])
def test_public_ones_are(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, [address])
    places = called(monkeypatch)
    with pytest.raises(Unreached, match="Nobody listens there"):
        outside.post("https://hooks.example.com:8443/x", body=b"", headers={})
    assert places == [(address, 8443)]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:80/",
        "https://hooks.example.com:99999/",
        "https://user@hooks.example.com/",
        "https://good.example.com:x@127.0.0.1/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "https:///",
        "hooks.example.com",
        "",
    ],
)
def test_addresses_that_are_refused_as_they_are_typed(url: str) -> None:
    with pytest.raises(Forbidden):
        outside.check(url)


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "localhost."])
def test_other_ways_to_write_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system's own resolver reads them."""
    places = called(monkeypatch)
    with pytest.raises((Forbidden, Unreached)):
        outside.post(f"https://{host}/", body=b"", headers={})
    assert places == []


def test_a_name_that_answers_otherwise_the_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: it is asked once, and what was judged is what is called."""
    asked = resolving(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    places = called(monkeypatch)
    with pytest.raises(Unreached):
        outside.post("https://rebind.example.com/", body=b"", headers={})
    assert (asked, places) == (["rebind.example.com"], [("93.184.215.14", 443)])
    with pytest.raises(Forbidden):
        outside.post("https://rebind.example.com/", body=b"", headers={})
    assert len(places) == 1


def test_one_private_address_among_public_ones_forbids_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["93.184.215.14", "10.0.0.1"])
    places = called(monkeypatch)
    with pytest.raises(Forbidden):
        outside.post("https://hooks.example.com/", body=b"", headers={})
    assert places == []


def test_the_second_address_where_the_first_one_does_not_answer(
    theirs: Theirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, ["::1", "127.0.0.1"])
    assert outside.post(f"http://two.test:{theirs.port}/", body=b"{}", headers={}).status == 202
    assert theirs.came[0].headers["host"] == f"two.test:{theirs.port}"


def test_a_canary_on_this_machine_hears_nothing(theirs: Theirs, settings: Any) -> None:
    settings.PRIVATE_TARGETS = False
    for url in (f"https://127.0.0.1:{theirs.port}/", f"https://localhost:{theirs.port}/", theirs.url):
        with pytest.raises(Forbidden):
            outside.post(url, body=b"{}", headers={})
    assert theirs.connections == 0


def test_a_redirect_is_not_followed(theirs: Theirs) -> None:
    theirs.answers = [answer(302, headers={"Location": theirs.url})]
    heard = outside.post(theirs.url, body=b"{}", headers={})
    assert (heard.status, len(theirs.came)) == (302, 1)


def test_a_huge_answer_is_not_listened_to(theirs: Theirs) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while True:
                handler.wfile.write(b"x" * 10_000)

    theirs.answers = [endless]
    heard = outside.post(theirs.url, body=b"{}", headers={})
    assert (heard.status, len(heard.body)) == (200, outside.MOST)


def test_an_answer_that_drips(theirs: Theirs) -> None:
    """Each byte is in time, all of them are not: nobody waits longer than for one answer."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
        with suppress(OSError):
            while True:
                handler.wfile.write(b"x")
                time.sleep(0.02)

    theirs.answers = [drip]
    began = time.monotonic()
    with pytest.raises(Unreached, match="No answer within"):
        outside.post(theirs.url, body=b"{}", headers={}, patience=0.2)
    assert time.monotonic() - began < 1.5


def test_a_status_that_came_in_time_counts_although_the_rest_does_not(theirs: Theirs) -> None:
    def stall(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nthan")
        time.sleep(0.5)

    theirs.answers = [stall]
    heard = outside.post(theirs.url, body=b"{}", headers={}, patience=0.2)
    assert (heard.status, heard.body) == (200, b"than")


def test_what_went_wrong_is_said_without_the_address(theirs: Theirs) -> None:
    with pytest.raises(Unreached, match="Nobody listens there"):
        outside.post("http://127.0.0.1:9/secret", body=b"", headers={})
    with pytest.raises(Unreached, match="No secure connection"):
        outside.post(f"https://127.0.0.1:{theirs.port}/", body=b"", headers={})
    with pytest.raises(Unreached, match="not known"):
        outside.post("http://nowhere.invalid/", body=b"", headers={}, patience=5)
