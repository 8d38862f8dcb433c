from tests.marketplace.door import door, doors, other_door
from tests.marketplace.scenes import there
from tests.marketplace.theirs import theirs

__all__ = ["door", "doors", "other_door", "theirs", "there"]
