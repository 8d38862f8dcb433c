"""Calls to addresses that somebody has typed: to public ones only, in limited time, led nowhere else (S12, SSRF).

The name is resolved once, each of its addresses is judged, and the very address that was judged is called: a name that
answers otherwise a moment later (DNS rebinding) changes nothing. No library does this for a blocking client: `advocate`
ended in 2020, `drawbridge` and `httpx-secure` are young and for asyncio. So it is urllib3 with a connection of our own.
"""

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

PATIENCE = 10.0  # seconds for all of it: finding the address, connecting, asking, hearing the answer
MOST = 64 * 1024  # bytes of an answer that are read; then nobody listens any more
PORTS = frozenset({443, 8443})

# Public by the letter, and yet led elsewhere by somebody: relays from IPv4 to IPv6 and back.
_RELAYS_4 = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv4Network("240.0.0.0/4"))
_UNICAST_6 = IPv6Network("2000::/3")  # all that is handed out; so neither mapped IPv4, NAT64, nor site-local ones
_RELAYS_6 = (IPv6Network("2001::/23"), IPv6Network("2002::/16"), IPv6Network("3fff::/20"))


class Forbidden(Exception):
    """This address is not called. The text says why, for whoever typed it."""


class Unreached(Exception):
    """Nobody answered, in a way that can be different another time."""


@dataclass
class Heard:
    """An answer, as far as it was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class _Line:
    """A call under way in a thread of its own, so that whoever waits can hang up."""

    sockets: list[socket.socket] = field(default_factory=list)
    heard: Heard | None = None
    error: Exception | None = None
    is_over: bool = False

    def keep(self, sock: socket.socket) -> None:
        self.sockets.append(sock.dup())  # the first one changes hands when TLS begins
        if self.is_over:
            self.hang_up()

    def hang_up(self) -> None:
        self.is_over = True
        for sock in self.sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


def check(url: str) -> None:
    """Raises Forbidden when no call may go there, as far as the text of the address tells; the name is not resolved."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise Forbidden("The address is not complete.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Forbidden("The address is not complete.")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("The address holds a name or a password.")
    if settings.PRIVATE_TARGETS:
        return
    if parts.scheme != "https":
        raise Forbidden("The address does not begin with https.")
    if (port or 443) not in PORTS:
        raise Forbidden(f"The port {port} is not one of {', '.join(map(str, sorted(PORTS)))}.")
    with suppress(ValueError):
        judge(ip_address(parts.hostname))


def judge(address: IPv4Address | IPv6Address) -> None:
    """Raises Forbidden unless this address is somebody's in the public Internet."""
    if settings.PRIVATE_TARGETS:
        return
    if isinstance(address, IPv4Address):
        is_fine = address.is_global and not address.is_multicast and not any(address in one for one in _RELAYS_4)
    else:
        is_fine = address.is_global and address in _UNICAST_6 and not any(address in one for one in _RELAYS_6)
    if not is_fine:
        raise Forbidden("The address leads to a private network.")


def post(url: str, *, body: bytes, headers: Mapping[str, str], patience: float = PATIENCE) -> Heard:
    """POST once; the answer, whatever its status, also one that leads elsewhere. Raises Forbidden or Unreached.

    After `patience` seconds nobody waits any longer; a status that came by then counts, with what was read of the rest.
    """
    check(url)
    line = _Line()
    thread = threading.Thread(target=_talk, args=(line, url, body, headers, patience), daemon=True)
    thread.start()
    thread.join(patience)
    # What comes of hanging up is no answer: a head that is cut off then looks like one that is complete.
    heard, is_late = line.heard, thread.is_alive()
    line.hang_up()
    if heard is not None:
        return heard
    if is_late or line.error is None:
        raise Unreached(f"No answer within {patience:g} s.")
    raise line.error from None


def _talk(line: _Line, url: str, body: bytes, headers: Mapping[str, str], patience: float) -> None:
    try:
        _exchange(line, url, body, headers, patience)
    except (Forbidden, Unreached) as error:
        line.error = error
    except (HTTPError, OSError, ValueError) as error:
        # What went wrong, without the address in urllib3's words.
        line.error = Unreached(_reason(error))
    finally:
        line.close()


def _exchange(line: _Line, url: str, body: bytes, headers: Mapping[str, str], patience: float) -> None:
    address = parse_url(url)
    secure = address.scheme == "https"
    port = address.port or (443 if secure else 80)
    host = (address.host or "").strip("[]")

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(line, host, port, patience)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(line, host, port, patience)

    pool: HTTPConnectionPool = (HTTPSConnectionPool if secure else HTTPConnectionPool)(
        host, port, timeout=Timeout(connect=patience, read=patience), retries=False
    )
    pool.ConnectionCls = Secure if secure else Plain
    with pool:
        answer = pool.request(
            "POST",
            address.request_uri,
            body=body,
            headers={**headers, "accept-encoding": "identity"},
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        with answer:
            _listen(line, answer)


def _listen(line: _Line, answer: BaseHTTPResponse) -> None:
    heard = Heard(answer.status, {name.lower(): value for name, value in answer.headers.items()})
    line.heard = heard
    with suppress(HTTPError, OSError):  # the status was heard, and it is what counts
        while len(heard.body) < MOST and (more := answer.read1(MOST - len(heard.body))):
            heard.body += more
    if len(heard.body) >= MOST:
        line.hang_up()


def _connect(line: _Line, host: str, port: int, patience: float) -> socket.socket:
    """A connection to the first address of the host that takes one; every one of them may be called."""
    until = time.monotonic() + patience
    found = resolve(host, port)
    for *_rest, place in found:
        judge(ip_address(str(place[0]).partition("%")[0]))
    reason: Exception = Unreached("The host has no address.")
    for family, kind, protocol, _name, place in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(0.1, until - time.monotonic()))
            line.keep(sock)
            sock.connect(place)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            reason = error
        else:
            return sock
    raise reason


Found = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]


def resolve(host: str, port: int) -> list[Found]:
    """The addresses of a host. Raises Unreached when it has none."""
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        raise Unreached("The host's name is not known.") from error


def _reason(error: Exception) -> str:
    """In our words: a library's hold the address, and perhaps what is secret in it."""
    names = {type(one).__name__ for one in _chain(error)}
    if names & {"SSLError", "SSLCertVerificationError", "CertificateError", "SSLEOFError", "SSLZeroReturnError"}:
        return "No secure connection: the certificate is not accepted, or TLS is not spoken there."
    if names & {"ReadTimeoutError", "ConnectTimeoutError", "TimeoutError"}:
        return "No answer in time."
    if "ConnectionRefusedError" in names:
        return "Nobody listens there."
    return "The connection broke."


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found
