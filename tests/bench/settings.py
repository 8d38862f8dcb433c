"""Tresen as it is, plus the routes that only the benchmark has."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.bench"]
ROOT_URLCONF = "tests.bench.urls"
API_CALLS = 1_000_000  # eight clients of the benchmark are one client of a marketplace
