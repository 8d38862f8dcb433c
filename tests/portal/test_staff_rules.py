"""Who may become what, and which PINs anybody would try first. No database."""

import pytest

from portal.roles import RIGHTS, Preset, Right
from portal.staff import desk
from portal.staff.rules import Standing, WeakPin, Why, refusal, weakness
from portal.staff.words import PIN_WORDS, RIGHT_WORDS, WHY_WORDS, device_words


def standing(*, is_owner=True, is_active=True, is_pinned=False):
    return Standing(is_owner=is_owner, is_active=is_active, is_pinned=is_pinned)


@pytest.mark.parametrize(
    ("will_be", "others", "why"),
    [
        (standing(is_owner=False), 0, Why.LAST_OWNER),
        (standing(is_active=False), 0, Why.LAST_OWNER),
        (standing(is_owner=False, is_active=False), 0, Why.LAST_OWNER),
        (standing(is_pinned=True), 0, Why.OWNER_PINNED),
        (standing(is_pinned=True), 1, Why.OWNER_PINNED),
        (standing(), 0, None),
        (standing(is_owner=False), 1, None),
        (standing(is_owner=False, is_pinned=True), 1, None),
    ],
)
def test_the_last_owner_stays_an_owner_of_everything(will_be, others, why):
    assert refusal(standing(), will_be, other_owners=others) == why


def test_who_is_no_owner_can_become_anything():
    desk_login = standing(is_owner=False)
    assert refusal(desk_login, standing(is_owner=False, is_active=False), other_owners=0) is None
    assert refusal(standing(is_active=False), standing(is_owner=False, is_active=False), other_owners=0) is None


@pytest.mark.parametrize(
    ("pin", "weak"),
    [
        ("7391", None), ("80427", None), ("91357264", None),
        ("1234", WeakPin.EASY), ("4321", WeakPin.EASY), ("0000", WeakPin.EASY), ("777777", WeakPin.EASY),
        ("1212", WeakPin.EASY), ("12121212", WeakPin.EASY), ("2580", WeakPin.EASY), ("1987", WeakPin.EASY),
        ("2024", WeakPin.EASY), ("7890", WeakPin.EASY), ("123456", WeakPin.EASY),
        ("739", WeakPin.LENGTH), ("739102846", WeakPin.LENGTH), ("", WeakPin.NOT_DIGITS),
        ("73a1", WeakPin.NOT_DIGITS), ("７３９１", WeakPin.NOT_DIGITS), ("-391", WeakPin.NOT_DIGITS),
    ],
)  # fmt: skip
def test_a_pin_has_four_to_eight_digits_that_nobody_tries_first(pin, weak):
    assert weakness(pin) == weak


def test_a_pin_opens_no_more_than_the_desk():
    assert RIGHTS[Preset.DESK] == desk.PIN_RIGHTS
    assert not desk.PIN_RIGHTS & {Right.MANAGE_LOGINS, Right.SEE_MONEY, Right.EXPORT, Right.MANAGE_SETTINGS}


def test_every_right_and_every_refusal_has_words():
    assert set(RIGHT_WORDS) == set(Right)
    assert set(WHY_WORDS) == set(Why)
    assert set(PIN_WORDS) == set(WeakPin)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/17 Safari/605", "Safari, Mac"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17 Mobile Safari/604", "Safari, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("curl/8", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_named_as_its_person_knows_it(agent, words):
    assert str(device_words(agent)) == words
