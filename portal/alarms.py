"""What a person must hear on every page until it is over. Apps register what they watch.

register(late_connections)    # in AppConfig.ready; (login, now) -> Alarms
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.utils.functional import Promise

from portal.models import StaffLogin


@dataclass(frozen=True)
class Alarm:
    """What happened, what is safe, what to do; `action` with `url`: where it can be done."""

    text: str | Promise
    url: str = ""
    action: str | Promise = ""
    kind: str = "warning"


Provider: TypeAlias = Callable[[StaffLogin, datetime], Iterable[Alarm]]

_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Add one that is asked for each page; it looks at the login's rights itself, and costs a query at most."""
    if provider not in _providers:
        _providers.append(provider)


def alarms_for(login: StaffLogin, *, now: datetime) -> list[Alarm]:
    return [alarm for provider in _providers for alarm in provider(login, now)]
