"""The operator looks into a studio: read only, for a quarter of an hour, with a reason, in the studio's log (S25).

It is the house's own preview (`portal.staff.desk`) with nobody's login beneath it. A tool that logs the operator in as
the other person would give them that person's hands.
"""

import time
from datetime import UTC, datetime

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from portal.changes import record_change
from portal.models import StaffLogin, Studio, User
from portal.roles import Preset, Right
from portal.staff import desk
from portal.staff.second_step import STEPS

BY = "operator"
#: Whoever they look through: nothing leaves as a file, and nothing comes in.
RIGHTS: frozenset[Right] = frozenset(Right) - {Right.EXPORT, Right.IMPORT, Right.EXPORT_ALL}


def has_second_step(user: User) -> bool:
    """Whether they can show more than a password: without, nobody looks into a studio (S25)."""
    return Authenticator.objects.filter(user=user, type__in=STEPS).exists()


def proof_wanted(request: HttpRequest, user: User) -> str:
    """The name of the address where the operator shows their second step anew; "" when they did so moments ago."""
    oldest = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
    recent = (one for one in get_authentication_records(request, user) if one.get("at", 0) > oldest)
    return "" if any(one.get("method") == "mfa" for one in recent) else "mfa_reauthenticate"


def people(studio: Studio) -> list[StaffLogin]:
    """Through whom they can look: active logins, owners first."""
    found = studio.logins.filter(is_active=True, user__is_active=True).select_related("user").order_by("pk")
    order = list(Preset)
    return sorted(found, key=lambda login: order.index(Preset(login.preset)))


@transaction.atomic
def look_in(request: HttpRequest, login: StaffLogin, *, operator: User, reason: str, now: datetime) -> None:
    """Begin; the studio's log says who, why, as whom and for how long. `login`: an active one."""
    until = now + desk.PREVIEW_LASTS
    told = {"operator": operator.name, "reason": reason, "as": login.user.name, "until": until}
    record_change(login.studio, "looked_in", studio=login.studio, by=None, by_word=BY, now=now, after=told)
    desk.start_preview(request.session, login.studio, login, now=now, operator=operator.pk, reason=reason)


@transaction.atomic
def leave(request: HttpRequest) -> None:
    """End it, by the button or because it is over; once."""
    preview = desk.preview(request.session)
    desk.end_preview(request.session)
    if not preview or not preview.get("operator"):
        return
    studio = Studio.objects.filter(pk=preview["studio"]).first()
    operator = User.objects.filter(pk=preview["operator"]).first()
    if studio is not None:
        ended = min(timezone.now(), datetime.fromtimestamp(preview["until"], UTC))
        told = {"operator": operator.name if operator else ""}
        record_change(studio, "looked_out", studio=studio, by=None, by_word=BY, now=ended, after=told)


def stand_in(request: HttpRequest, slug: str) -> StaffLogin | None:
    """The login that they look through at this address, read afresh; None: this is no look, or over.

    They must still be the operator, and the person must still have the login.
    """
    preview = desk.preview(request.session)
    if not preview or not preview.get("operator") or timezone.now().timestamp() >= preview["until"]:
        return None
    user = request.user
    if not (isinstance(user, User) and user.is_staff and user.is_superuser and user.pk == preview["operator"]):
        return None
    found = StaffLogin.objects.select_related("studio", "user", "pin").filter(
        pk=preview["login"], studio__slug=slug, is_active=True, user__is_active=True
    )
    login = found.first()
    if login is not None:
        login.at_most = RIGHTS
        login.works_elsewhere = False
    return login
