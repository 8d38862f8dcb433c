"""For all tests: what each of thousands of tests would pay for again is made cheap or made once."""

import gc
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management.commands import flush
from django.db import connection, transaction
from django.template import Context, Template
from django.test import utils
from django.test.signals import template_rendered

from bookings import sources
from bookings.demo import practice
from portal.notices import gathering
from tests import at_once, emptying, factories, logins
from tests.template import template
from tests.world import World, world

# The marketplaces that come with the product, known without a query: no test pays for another's minute.
MARKETPLACES = {key: name for key, name, *_rest in import_module("marketplace.migrations.0003_marketplaces").SHIPPED}


def pytest_configure() -> None:
    # Each test client has its own WhiteNoise, which would list all static files before the first request.
    settings.WHITENOISE_AUTOREFRESH = True
    # Passwords are hashed as in the product, with little work: each login that is made hashes one.
    Argon2PasswordHasher.time_cost = 1
    Argon2PasswordHasher.memory_cost = 8
    Argon2PasswordHasher.parallelism = 1

    # The test client hears of whole pages, and not of each part of one with a copy of all that it could see.
    utils.instrumented_test_render = whole_pages

    sources.ASKED_AGAIN_AFTER = float("inf")
    sources.NAMES.ask_by(lambda: MARKETPLACES)
    assert sources.NAMES.get("wellpass")  # asked now, so that what a test makes known is not forgotten

    # Two weeks of invented bookings are two seconds; who opens every address opens the studio for practice, too.
    practice.PAST = practice.FUTURE = timedelta(days=1)

    # A mail at once is one at once, but in tests with the fixture `gathered`.
    gathering.WINDOW = timedelta(0)

    # After each test with transactions of its own Django would look whether each of the admin's permissions is there.
    flush.emit_post_migrate_signal = lambda *_args, **_options: None
    emptying.install()
    logins.install()


def whole_pages(template: Template, context: Context) -> str:
    if context.template is template:
        template_rendered.send(sender=template, template=template, context=context)
    return template.nodelist.render(context)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks through all pages first comes first: workers steal from the end, and each would look through them."""
    items.sort(key=lambda item: "safety/test_forms" not in item.nodeid)


def pytest_collection_finish() -> None:
    """What is imported by now stays: not to be looked through again at each collection of garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Before pytest-django makes a database: as a copy of a migrated one. It still looks for a migration to apply."""
    settings.DATABASES["default"]["TEST"]["TEMPLATE"] = template()


@pytest.fixture
def by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locations of the test's own are where it is noon now. No clock is moved, so that PostgreSQL's tells the same."""
    monkeypatch.setattr(factories, "ZONE", factories.where_it_is_noon())


@pytest.fixture
def gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told at once waits for others of its kind, as in the product; `tests.marketplace.scenes.drain` lets the
    minute pass."""
    monkeypatch.setattr(gathering, "WINDOW", timedelta(minutes=1))


@pytest.fixture(scope="module", autouse=True)
def _threads_that_stayed() -> Iterator[None]:
    yield
    at_once.leave()


@pytest.fixture(scope="module")
def houses(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Two studios and everybody, made once for a module; each test takes back what it did to them."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            with connection.cursor() as cursor:  # it lasts as long as the module
                cursor.execute("SET LOCAL transaction_timeout = 0")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield world()
            transaction.set_rollback(True)
        connection.close()
