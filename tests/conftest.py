"""For all tests: what each of thousands of tests would pay for again is made cheap or made once."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection, transaction

from tests.world import World, world


def pytest_configure() -> None:
    # Each test client has its own WhiteNoise, which would list all static files before the first request.
    settings.WHITENOISE_AUTOREFRESH = True
    # Passwords are hashed as in the product, with little work: each login that is made hashes one.
    Argon2PasswordHasher.time_cost = 1
    Argon2PasswordHasher.memory_cost = 8
    Argon2PasswordHasher.parallelism = 1


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
