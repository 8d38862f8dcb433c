"""What a studio can answer to an invoice: the pure rule."""

import pytest

from invoicing.rules.answers import Answer, Stand, possible, stand


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], Stand.OPEN),
        (["issued", "mailed", "opened", "downloaded"], Stand.OPEN),
        (["issued", "accepted"], Stand.ACCEPTED),
        (["questioned"], Stand.QUESTIONED),
        (["questioned", "opened", "answered"], Stand.OPEN),
        (["accepted", "questioned", "answered"], Stand.ACCEPTED),
        (["questioned", "accepted"], Stand.ACCEPTED),
        (["objected"], Stand.OBJECTED),
        (["objected", "answered"], Stand.OBJECTED),
        (["objected", "accepted"], Stand.ACCEPTED),
        (["correction_wanted"], Stand.CORRECTION_WANTED),
        (["correction_wanted", "answered"], Stand.OPEN),
        (["objected", "corrected"], Stand.CORRECTED),
        (["corrected", "questioned"], Stand.QUESTIONED),
        (["corrected", "questioned", "answered"], Stand.CORRECTED),
    ],
)
def test_where_it_stands(told: list[str], expected: Stand) -> None:
    assert stand(told) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (Stand.OPEN, {Answer.ACCEPT, Answer.QUESTION, Answer.OBJECT, Answer.CORRECTION}),
        (Stand.ACCEPTED, {Answer.QUESTION, Answer.CORRECTION}),
        (Stand.QUESTIONED, {Answer.ACCEPT}),
        (Stand.OBJECTED, {Answer.ACCEPT}),
        (Stand.CORRECTION_WANTED, {Answer.ACCEPT}),
        (Stand.CORRECTED, {Answer.QUESTION}),
    ],
)
def test_what_can_be_answered(now: Stand, expected: set[Answer]) -> None:
    assert set(possible(now, is_self_billed=True, is_credit=False)) == expected
    assert set(possible(now, is_self_billed=False, is_credit=False)) == expected - {Answer.OBJECT}
    assert set(possible(now, is_self_billed=True, is_credit=True)) == expected - {Answer.CORRECTION}
