"""Who acts in this browser: the session's person, someone switched in by PIN, or a person that an owner looks through.

All of it is in the session, so it ends with the login. Whatever is found here is compared with the database at each
request (`portal/access.py`): a person who was switched off, a PIN that was changed and a preview that is over count
no more (S3, S25).
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from portal.models import DeskPin, StaffLogin, Studio
from portal.roles import RIGHTS, Preset, Right

PREVIEW_LASTS = timedelta(minutes=15)
# A PIN is weaker than a password: whoever it belongs to, it opens what the desk does and nothing more.
PIN_RIGHTS: frozenset[Right] = RIGHTS[Preset.DESK]

_ACTING, _LOCKED, _PREVIEW, _STUDIO = "desk_acting", "desk_locked", "desk_preview", "desk_studio"


def switch_in(session: SessionBase, pin: DeskPin) -> None:
    """From now on this person acts, and the desk is open."""
    session[_STUDIO] = pin.login.studio.slug
    session[_ACTING] = {"login": pin.login_id, "pin": pin.set_at.isoformat()}
    session[_LOCKED] = False
    end_preview(session)


def acting(session: SessionBase) -> int | None:
    """The key of the login that was switched in, if any."""
    found: dict[str, Any] = session.get(_ACTING) or {}
    return found.get("login")


def still_acts(session: SessionBase, login: StaffLogin) -> bool:
    """Whether the PIN that switched this login in is the one that it has now."""
    pin: DeskPin | None = getattr(login, "pin", None)
    return pin is not None and session[_ACTING]["pin"] == pin.set_at.isoformat()


def lock(session: SessionBase, studio: Studio) -> None:
    """Nobody acts until someone says who they are; the login underneath stays."""
    session[_STUDIO] = studio.slug
    session[_LOCKED] = True
    session.pop(_ACTING, None)
    end_preview(session)


def is_locked(session: SessionBase) -> bool:
    return bool(session.get(_LOCKED))


def studio_of_desk(session: SessionBase) -> str:
    """The address of the studio whose desk was locked or switched; empty: the login's own person is here."""
    return session.get(_STUDIO, "") if is_locked(session) or acting(session) else ""


def start_preview(
    session: SessionBase,
    studio: Studio,
    login: StaffLogin,
    *,
    now: datetime,
    operator: int | None = None,
    reason: str = "",
) -> None:
    """`operator`: the key of the operator who looks into the studio, and why (`portal.operator.looking`)."""
    session[_PREVIEW] = {
        "studio": studio.pk,
        "slug": studio.slug,
        "login": login.pk,
        "until": (now + PREVIEW_LASTS).timestamp(),
        "operator": operator,
        "reason": reason,
    }


def preview(session: SessionBase) -> dict[str, Any] | None:
    """`studio`, `login` (keys) and `until` (a timestamp), also when over; of an operator's `operator`, `reason`."""
    found: dict[str, Any] | None = session.get(_PREVIEW)
    return found


def is_operators(session: SessionBase) -> bool:
    """Whether the preview is an operator's look into a studio where they have no login."""
    return bool((preview(session) or {}).get("operator"))


def may_look_through(login: StaffLogin) -> bool:
    """Whether this login may see the product as another person: it gives logins, and sees every location itself."""
    return Right.MANAGE_LOGINS in login.rights and not login.locations.exists()


def end_preview(session: SessionBase) -> None:
    session.pop(_PREVIEW, None)
