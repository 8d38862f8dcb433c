"""Standard Webhooks: what is signed, and what is believed."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from marketplace import webhooks
from marketplace.webhooks import Unproven, Untimely

NOW = datetime(2026, 11, 22, 13, 0, 0, 700_000, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
BODY = '{"type": "ping", "data": {"name": "Zoë"}}'.encode()
SECRET, OTHER = "wellpass-demo-secret", "whsec_" + base64.b64encode(b"k" * 32).decode()


def signed(*secrets: str, at: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    return webhooks.headers("msg-1", body, secrets, now=at)


def verify(headers: dict[str, str], *secrets: str, body: bytes = BODY, now: datetime = NOW) -> webhooks.Signed:
    return webhooks.verify(headers, body, secrets, now=now, tolerance=QUARTER)


def test_the_signature_by_hand() -> None:
    """As `openssl dgst -sha256 -hmac` makes it (docs/marketplaces.md)."""
    text = f"msg-1.{int(NOW.timestamp())}.".encode() + BODY
    for secret, key in ((SECRET, SECRET.encode()), (OTHER, b"k" * 32)):
        by_hand = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        assert signed(secret)["webhook-signature"] == f"v1,{by_hand}"


def test_what_we_send_is_believed_by_the_conventions_own_library() -> None:
    headers = webhooks.headers("msg-1", BODY, [OTHER], now=datetime.now(UTC))
    assert Webhook(OTHER).verify(BODY, headers)["type"] == "ping"


def test_either_secret_while_one_is_changed() -> None:
    assert verify(signed(SECRET), SECRET, OTHER).secret == 0
    assert verify(signed(OTHER), SECRET, OTHER).secret == 1
    assert verify(signed(SECRET, OTHER), OTHER).secret == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,bm90IHJpZ2h0"},
        {"webhook-signature": "v2," + "A" * 44},
        {"webhook-signature": "nonsense ü"},
        {"webhook-id": ""},
        {"webhook-id": "msg-2"},
        {"webhook-id": "m" * 201},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "-5"},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": "²"},
        {"webhook-timestamp": "9" * 40},
    ],
)
def test_what_is_not_proved(changed: dict[str, str]) -> None:
    with pytest.raises(Unproven):
        verify(signed(SECRET) | changed, SECRET)


def test_a_body_that_was_changed_or_is_no_text() -> None:
    with pytest.raises(Unproven):
        verify(signed(SECRET), SECRET, body=BODY + b" ")
    with pytest.raises(Unproven):
        verify(signed(SECRET), SECRET, body=b"\xff")
    with pytest.raises(Unproven):
        verify(signed(SECRET))


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_ten_minutes_off_loses_nothing_and_is_told(minutes: int) -> None:
    found = verify(signed(SECRET, at=NOW + timedelta(minutes=minutes)), SECRET)
    assert found.remark == f"Its clock is 600 s {'ahead' if minutes > 0 else 'behind'}."
    assert verify(signed(SECRET, at=NOW + timedelta(seconds=minutes)), SECRET).remark == ""


@pytest.mark.parametrize(("minutes", "word"), [(-16, "960 s behind"), (16, "960 s ahead")])
def test_outside_of_the_tolerance_the_skew_is_said(minutes: int, word: str) -> None:
    with pytest.raises(Untimely, match=word):
        verify(signed(SECRET, at=NOW + timedelta(minutes=minutes)), SECRET)
    with pytest.raises(Unproven):  # who does not know the secret is not told how late it is
        verify(signed(OTHER, at=NOW + timedelta(minutes=minutes)), SECRET)


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()))
def test_nothing_strange_gets_through_or_breaks_it(headers: dict[str, Any]) -> None:
    with pytest.raises(Unproven):
        verify(headers, SECRET)
