"""Where calls cannot be counted, nobody is refused."""

import pytest
import redis

from marketplace import limits


@pytest.mark.parametrize("error", [redis.ConnectionError("gone"), OSError("gone"), ValueError("read of closed file")])
def test_a_counter_that_fails_refuses_nobody(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> redis.Redis:
        raise error

    monkeypatch.setattr(limits, "_valkey", fail)
    assert limits.Counter().add("client:one", 600) == 0
