"""One name for each source, wherever it is shown."""

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from bookings import sources
from bookings.sources import KnownNames, source_name
from marketplace.models import Marketplace
from marketplace.shown import names


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("desk", "Desk"),
        ("onefit", "OneFit"),
        ("urban", "Urban Sports Club"),
        ("wellpass", "Wellpass"),
        ("gympass", "Gympass"),
        ("", ""),
    ],
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


@pytest.mark.django_db
def test_names_are_those_of_the_rows_and_asked_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(sources, "monotonic", lambda: now[0])
    monkeypatch.setattr(sources, "ASKED_AGAIN_AFTER", 60.0)
    known = KnownNames()
    known.ask_by(names)
    with CaptureQueriesContext(connection) as queries:
        assert [known.get(key) for key in ("onefit", "urban", "onefit", "nobody")] == [
            "OneFit",
            "Urban Sports Club",
            "OneFit",
            None,
        ]
    assert len(queries) == 1
    # Another process renames it.
    Marketplace.objects.filter(pk="onefit").update(name="OneFit by Urban")
    now[0] += 59
    assert known.get("onefit") == "OneFit"
    now[0] += 1
    assert known.get("onefit") == "OneFit by Urban"


@pytest.mark.django_db
def test_who_renames_a_marketplace_sees_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownNames()
    monkeypatch.setattr("marketplace.shown.NAMES", known)
    known.ask_by(names)
    assert known.get("onefit") == "OneFit"
    Marketplace(key="onefit", name="OneFit Club", shape=Marketplace.Shape.CHECK_IN).save()
    assert known.get("onefit") == "OneFit Club"
