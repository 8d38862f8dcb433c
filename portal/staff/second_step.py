"""Whether a person came in with two steps, where their studio asks for it (S8)."""

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from portal.models import StaffLogin
from portal.roles import Preset

ASKED = {Preset.OWNER, Preset.MANAGER}
STEPS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
_KNOWN = "has_second_step"


def is_missing(request: HttpRequest, login: StaffLogin) -> bool:
    """Whether this login's studio asks for a second step that its person has not set up.

    Asked of the database until there is one, and then kept in the session.
    """
    if not login.studio.two_step_required or login.preset not in ASKED or request.session.get(_KNOWN):
        return False
    if not Authenticator.objects.filter(user_id=login.user_id, type__in=STEPS).exists():
        return True
    request.session[_KNOWN] = True
    return False
