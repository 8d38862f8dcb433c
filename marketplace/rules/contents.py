"""What can be read of a message before anybody asks whether it is enough."""

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Content:
    """`type` and `timestamp` as they came; `words`: texts and numbers of its data, as texts. Empty: there is none."""

    type: str
    timestamp: str
    words: Mapping[str, str]

    def word(self, name: str) -> str:
        return self.words.get(name, "")


def content_of(body: bytes) -> Content:
    """Never raises: what is no message is an empty one."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = {}
    found = found if isinstance(found, dict) else {}
    data = found.get("data")
    return Content(
        _text(found.get("type")),
        _text(found.get("timestamp")),
        {name: _text(one) for name, one in data.items()} if isinstance(data, dict) else {},
    )


def _text(value: object) -> str:
    is_plain = isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))
    return str(value).strip() if is_plain else ""
