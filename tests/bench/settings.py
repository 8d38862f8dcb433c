"""Tresen as it is, plus the routes that only the benchmark has."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
