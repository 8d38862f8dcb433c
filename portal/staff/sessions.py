"""Where a person is logged in, and how that ends (S6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils.functional import Promise

from portal.models import User
from portal.staff.words import device_words


@dataclass(frozen=True)
class Device:
    """One browser that is logged in."""

    id: int
    words: Promise | str
    began_at: datetime
    seen_at: datetime  # to about ten minutes
    is_this: bool


def devices(user: User, *, now: datetime, this: str | None = "") -> list[Device]:
    """The person's sessions that still open something, the one last seen first. `this`: the asking browser's key."""
    return [
        Device(one.pk, device_words(one.user_agent), one.created_at, one.last_seen_at, one.session_key == this)
        for one in _alive(user, now)
    ]


def end(user: User, *, ids: Iterable[int] | None, now: datetime, but: str | None = None) -> int:
    """End these sessions of the person (None: all), except the one with the key `but`; how many. At once (S3)."""
    ending = [one for one in _alive(user, now) if (ids is None or one.pk in ids) and one.session_key != but]
    keys = [one.session_key for one in ending]
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)


def _alive(user: User, now: datetime) -> Iterable[UserSession]:
    known = Session.objects.filter(expire_date__gt=now).values("session_key")
    return UserSession.objects.filter(
        user=user, session_key__in=known, last_seen_at__gt=now - settings.SESSION_IDLE
    ).order_by("-last_seen_at", "-pk")
