"""What does a marketplace hear about its guest?"""

# Kinds of reservation events that a marketplace cannot know by itself.
_OURS = frozenset(
    {"checked_in", "check_in_reverted", "no_show", "no_show_reverted", "cancelled", "withdrawn", "reinstated"}
)


def may_report(kind: str, *, by_person: bool) -> bool:
    """Is this event of a reservation reported to the marketplace that booked it?

    What the studio's staff did is. What the marketplace or its member did it knows; and a no-show that only the clock
    found is never reported: the guest may have been here without a tick, and would pay for it.
    """
    return by_person and kind in _OURS
