"""One name for each source, wherever it is shown."""

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from bookings.sources import source_name


@pytest.mark.parametrize(
    ("source", "name"),
    [("desk", "Desk"), ("onefit", "OneFit"), ("urban", "Urban Sports Club"), ("wellpass", "Wellpass"), ("", "")],
)
def test_a_marketplace_is_written_as_it_writes_itself(source: str, name: str) -> None:
    assert source_name(source) == name


def test_our_own_words_are_translated_and_no_marketplace() -> None:
    with translation.override("de"):
        own = render_to_string("components/source.html", {"source": "direct"})
        other = render_to_string("components/source.html", {"source": "classpass"})
    assert "Direkt" in own
    assert "badge-marketplace" not in own
    assert "ClassPass" in other
    assert "badge-marketplace" in other
