"""The chain of a studio's invoices: whoever rewrites one has to rewrite all after it."""

import hashlib
import json
from collections.abc import Mapping


def chained(previous: str, words: Mapping[str, object]) -> str:
    """SHA-256 over the hash of the invoice before it and the frozen words, as JSON with sorted keys."""
    return hashlib.sha256((previous + json.dumps(words, sort_keys=True)).encode()).hexdigest()
