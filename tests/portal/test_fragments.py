"""What is drawn once in a process for all pages (templates/base.html, "fragments") holds nothing of any one of them."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import time_machine
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from portal.roles import Preset
from tests.factories import LocationFactory, StaffLoginFactory

TEMPLATES = Path(__file__).parents[2] / "templates"
KEPT = re.compile(r"{% cache .*?{% endcache %}", re.DOTALL)


def person(slug: str, preset: Preset) -> Client:
    client = Client()
    client.force_login(StaffLoginFactory(studio=LocationFactory(studio__slug=slug).studio, preset=preset).user)
    return client


def page(client: Client, path: str, language: str) -> str:
    client.cookies["django_language"] = language
    response = client.get(path)
    assert response.status_code == 200, path
    return re.sub(r"[A-Za-z0-9]{64}", "", response.content.decode())  # CSRF tokens


@pytest.fixture
def one_moment() -> Iterator[None]:
    with time_machine.travel(timezone.now(), tick=False):
        yield


@pytest.mark.django_db
@pytest.mark.usefixtures("one_moment")
def test_a_page_is_the_same_whoever_was_here_before() -> None:
    """Two studios, two presets, three languages; the first of all to come has words of their own on the page."""
    owner, viewer = person("one", Preset.OWNER), person("two", Preset.VIEWER)
    pages = [(owner, "/one/walk-in/?q=Geheimnis+Meier"), (owner, "/one/members/"), (viewer, "/two/check-ins/")]
    alone = {}
    for (client, path), language in product(pages, ("en", "de", "nl")):
        caches["fragments"].clear()
        alone[path, language] = page(client, path, language)
    caches["fragments"].clear()
    for (client, path), language in [*product(pages, ("en", "de", "nl"))] * 2:
        assert page(client, path, language) == alone[path, language], (path, language)


def test_what_is_kept_is_drawn_without_the_page_around_it() -> None:
    kept = [part for path in TEMPLATES.rglob("*.html") for part in KEPT.findall(path.read_text())]
    assert len(kept) >= 5
    includes = [tag for part in kept for tag in re.findall(r"{% include .*?%}", part)]
    assert includes
    assert [tag for tag in includes if not tag.endswith(" only %}")] == []
