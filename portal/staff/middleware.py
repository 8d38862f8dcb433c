"""Pages outside of a studio while someone acts who did not give the password of this session; and previews (S25)."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from portal.models import StaffLogin, User
from portal.operator import looking
from portal.staff import desk
from portal.staff.standstill import by_pin_only, locked, looking_only

SAFE = {"GET", "HEAD", "OPTIONS"}
WAY_OUT = {"account_logout", "set_language"}


class DeskGuard:
    """While a preview is on, nothing is written. While the desk is locked or switched, the account below is closed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        if not request.user.is_authenticated:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        # An operator who looks into a studio is nobody at its desk: they can leave it, and neither lock nor switch it.
        is_way_out = getattr(view, "at_the_desk", False) and not desk.is_operators(request.session)
        if is_way_out or name in {"account_logout", "portal:staff_preview_end"}:
            return None
        if refused := _preview(request):
            return refused
        is_closed = not hasattr(view, "access") and not hasattr(view, "public") and name not in WAY_OUT
        if is_closed and (studio := desk.studio_of_desk(request.session)):
            return locked(request, studio) if desk.is_locked(request.session) else by_pin_only(request)
        return None


def _preview(request: HttpRequest) -> HttpResponse | None:
    """Read only, and for a quarter of an hour. What was begun in a preview is not done after it by its owner."""
    found = desk.preview(request.session)
    if found is None:
        return None
    is_over = timezone.now().timestamp() >= found["until"]
    if is_over:
        looking.leave(request)
    return None if request.method in SAFE else looking_only(request, is_over=is_over)


@receiver(user_logged_in)
def note_seen(sender: Any, user: User, **kwargs: Any) -> None:
    StaffLogin.objects.filter(user=user, is_active=True).update(seen_at=timezone.now())


@receiver(user_logged_out)
def end_look(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """An operator who logs out has left the studio, too: its log says when. The session is still there."""
    if request is not None and hasattr(request, "session") and desk.is_operators(request.session):
        looking.leave(request)
