from tests.marketplace.scenes import there
from tests.marketplace.theirs import theirs

__all__ = ["theirs", "there"]
