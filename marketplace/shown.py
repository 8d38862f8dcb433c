"""What the screens of bookings show of marketplaces: it is told here, and asked for by `bookings.marketplaces`."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from bookings.sources import NAMES
from marketplace.models import Marketplace


def names() -> dict[str, str]:
    return dict(Marketplace.objects.values_list("key", "name"))


@receiver(post_save, sender=Marketplace, dispatch_uid="marketplace.names")
def marketplace_named(instance: Marketplace, **kwargs: Any) -> None:
    """So that the operator who renames one sees it at once."""
    NAMES.learn(instance.key, instance.name)


NAMES.ask_by(names)
