from tests.marketplace.scenes import there

__all__ = ["there"]
