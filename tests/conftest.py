"""For all tests: passwords are hashed as in the product, with little work, since each login that is made hashes one."""

from django.contrib.auth.hashers import Argon2PasswordHasher


def pytest_configure() -> None:
    Argon2PasswordHasher.time_cost = 1
    Argon2PasswordHasher.memory_cost = 8
    Argon2PasswordHasher.parallelism = 1
