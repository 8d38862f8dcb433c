"""Benchmarks: `make bench`, or `python -m tests.bench` beside a DATABASE_URL whose role may create databases.

Ratios only, each measured in one run on one machine; docs/bench.md says what is compared with what.
"""
