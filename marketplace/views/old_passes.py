"""The finder of old workarounds: free passes for marketplaces' members, retired in one step (I13)."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from bookings.selectors.wallet import balances
from marketplace import actions
from marketplace.rules.old_passes import Likeness, LooksBecause
from marketplace.selectors.old_passes import OldPass, held, looking_like_passes, old_passes
from marketplace.selectors.retirements import restored, retirements
from marketplace.views.log import place_of
from packages.models import Purchase
from portal.access import StudioRequest, studio_view
from portal.once import once
from portal.roles import Right

PER_PAGE = 100
RETIREMENTS_SHOWN = 10
NAMED = 10  # so many of what was left alone are named


class PassesForm(forms.Form):
    """Which packages are retired."""

    package = forms.TypedMultipleChoiceField(coerce=int, error_messages={"required": ""})

    def __init__(self, *args: Any, found: list[OldPass], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["package"].choices = [(one.package.pk, one.package.name) for one in found]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Retirement:
    """One step that can be taken back, or was."""

    pk: int
    at: Any
    by: str
    words: str
    is_back: bool


@studio_view(Right.MANAGE_CONNECTIONS)
@require_safe
def passes(request: StudioRequest) -> HttpResponse:
    return _page(request)


@studio_view(Right.MANAGE_CONNECTIONS)
@require_safe
def members(request: StudioRequest, package: int) -> HttpResponse:
    """Who holds passes of one package, and what is left of them."""
    found, place, now = get_object_or_404(request.studio.packages.all(), pk=package), place_of(request), timezone.now()
    like = looking_like_passes(request.studio).get(found.pk)
    rows = held(request.studio, [found.pk] if like else [], day=place.local_day(now)).select_related("member")
    page = Paginator(rows.order_by("member__first_name", "member__last_name", "pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    left = balances(page.object_list, now=now)
    context = {
        "package": found,
        "page": page,
        "rows": [(one, left[one.pk]) for one in page.object_list],
        "place": place,
        "crumbs": [_crumb(request)],
        "like": like_words(like) if like else "",
    }
    return render(request, "marketplace/old_passes_members.html", context)


@studio_view(Right.MANAGE_PACKAGES)
@require_POST
@once
def retire(request: StudioRequest) -> HttpResponse:
    """Off sale and ended, all that is ticked, in one step."""
    _ask_for_both(request)
    now, place = timezone.now(), place_of(request)
    form = PassesForm(request.POST, found=old_passes(request.studio, day=place.local_day(now), now=now))
    wanted = form.cleaned_data["package"] if form.is_valid() else []
    if not wanted:
        return _page(request, trouble=_("Nothing was retired: tick at least one pass that is still there."))
    done = actions.retire(
        request.studio,
        wanted,
        reason=_("Free pass from before the marketplace was connected"),
        day=place.local_day(now),
        by=request.login,
        now=now,
    )
    if done is None:
        messages.info(request, _("These passes were retired already; nothing was changed."))
    else:
        words = _("Retired: %(what)s. Booked visits stay as they are. It can be taken back below.")
        messages.success(request, words % {"what": _counted(done.packages, done.purchases)})
    return redirect("marketplace:old_passes", request.studio.slug)


@studio_view(Right.MANAGE_PACKAGES)
@require_POST
def restore(request: StudioRequest, retirement: int) -> HttpResponse:
    """Take a retirement back, all but what was changed since."""
    _ask_for_both(request)
    found = get_object_or_404(retirements(request.studio), pk=retirement)
    try:
        done = actions.restore(request.studio, found.pk, by=request.login, now=timezone.now())
    except actions.NotRetired:
        messages.info(request, _("This was taken back already; nothing was changed."))
        return redirect("marketplace:old_passes", request.studio.slug)
    messages.success(request, _("Taken back: %(what)s.") % {"what": _counted(done.packages, done.purchases)})
    if kept := _kept(done):
        messages.warning(request, _("Changed since, and left as it is: %(what)s.") % {"what": kept})
    return redirect("marketplace:old_passes", request.studio.slug)


def _ask_for_both(request: StudioRequest) -> None:
    """It is done to packages, because of connections."""
    if not request.may(Right.MANAGE_CONNECTIONS):
        raise PermissionDenied


def like_words(like: Likeness) -> str:
    """Why it is listed."""
    if like.reason is LooksBecause.NAMED_AFTER:
        return _("free, and “%(name)s” is in its name") % {"name": like.word}
    return _("free, and “%(word)s” is in its name") % {"word": like.word}


def _page(request: StudioRequest, *, trouble: str = "") -> HttpResponse:
    now, place = timezone.now(), place_of(request)
    found = old_passes(request.studio, day=place.local_day(now), now=now)
    changes = list(retirements(request.studio).select_related("by__user")[:RETIREMENTS_SHOWN])
    back = restored(request.studio, [one.pk for one in changes])
    context = {
        "rows": [(one, like_words(one.likeness)) for one in found],
        "members": len({member for one in found for member in one.members}),
        "trouble": trouble,
        "place": place,
        "retirements": [
            Retirement(
                pk=one.pk,
                at=one.occurred_at,
                by=one.by.user.name if one.by else "",
                words=_counted(len(one.after["packages"]), len(one.after["purchases"])),
                is_back=one.pk in back,
            )
            for one in changes
        ],
        "may_retire": request.may(Right.MANAGE_PACKAGES),
        "crumbs": [(_("Marketplaces"), reverse("marketplace:marketplaces", args=[request.studio.slug]))],
    }
    return render(request, "marketplace/old_passes.html", context, status=422 if trouble else 200)


def _crumb(request: StudioRequest) -> tuple[str, str]:
    return _("Old passes"), reverse("marketplace:old_passes", args=[request.studio.slug])


def _counted(packages: int, purchases: int) -> str:
    parts = []
    if packages:
        parts.append(ngettext("%(number)d package", "%(number)d packages", packages) % {"number": packages})
    if purchases:
        parts.append(ngettext("%(number)d pass", "%(number)d passes", purchases) % {"number": purchases})
    return ", ".join(parts) or _("nothing")


def _kept(done: actions.Restored) -> str:
    names = [one.name for one in done.kept_packages] + [_pass_words(one) for one in done.kept_purchases]
    shown = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return (
        shown
        if more <= 0
        else ngettext("%(names)s and %(number)d more", "%(names)s and %(number)d more", more)
        % {
            "names": shown,
            "number": more,
        }
    )


def _pass_words(one: Purchase) -> str:
    return _("%(package)s of %(member)s") % {"package": one.package.name, "member": one.member.name}
