"""Two profiles of one person: looked at side by side, merged, and for 30 days taken apart again (Q23)."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.views.member_head import alive
from portal.access import StudioRequest, studio_view
from portal.members import duplicates, merging
from portal.members.forms import MergeForm
from portal.members.merging import CannotMerge, Obstacle
from portal.members.photos import photo_url
from portal.members.search import search
from portal.models import Member
from portal.roles import Right

FOUND = 10


@studio_view(Right.MANAGE_MEMBERS)
@require_safe
def member_merge_with(request: StudioRequest, member: int) -> HttpResponse:
    """Whom to merge with: found by name, e-mail, phone or number."""
    found, text = alive(request, member), request.GET.get("q", "")[:100]
    others = [one for one in search(request.studio, text, limit=FOUND + 1) if one.pk != found.pk][:FOUND]
    context = {
        "member": found,
        "text": text,
        "others": [(one, photo_url(request.studio, one)) for one in others],
        "with_contact": request.may(Right.SEE_CONTACT),
        "crumbs": _crumbs(request, found),
    }
    return render(request, "bookings/member_merge_with.html", context)


@studio_view(Right.MANAGE_MEMBERS)
@require_http_methods(["GET", "HEAD", "POST"])
def member_merge(request: StudioRequest, member: int, other: int) -> HttpResponse:
    """What would move from `other` to `member`, whose data wins; a POST does it."""
    kept, merged = alive(request, member), alive(request, other)
    if kept == merged:
        raise Http404
    form = MergeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            merging.merge(kept, merged, take=form.take, by=request.login, now=timezone.now())
        except CannotMerge:
            messages.error(request, _("Nothing was merged: one of the two is gone already."))
            return redirect("bookings:members", request.studio.slug)
        messages.success(
            request,
            _("Merged: member %(number)s is part of %(name)s now. This can be taken back for 30 days.")
            % {"number": merged.number, "name": kept.name},
        )
        return redirect("bookings:member", request.studio.slug, kept.pk)
    context = {
        "kept": kept,
        "merged": merged,
        "photos": {"kept": photo_url(request.studio, kept), "merged": photo_url(request.studio, merged)},
        "choices": [(choice, _label(choice.field)) for choice in merging.choices(kept, merged)],
        "previews": merging.preview(kept, merged),
        "crumbs": _crumbs(request, kept),
        "with_contact": request.may(Right.SEE_CONTACT),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "bookings/member_merge.html", context, status=status)


@studio_view(Right.MANAGE_MEMBERS)
@require_POST
def member_merge_undo(request: StudioRequest, member: int, merge: int) -> HttpResponse:
    """Make two profiles of it again."""
    kept = alive(request, member)
    done = get_object_or_404(kept.merges.select_related("merged", "kept"), pk=merge)
    try:
        left = merging.undo_merge(done, by=request.login, now=timezone.now())
    except CannotMerge as refused:
        messages.error(request, _refused(refused.obstacle))
        return redirect("bookings:member", request.studio.slug, kept.pk)
    messages.success(request, _("Taken apart: member %(number)s stands alone again.") % {"number": done.merged.number})
    for sentence in left:
        messages.warning(request, sentence)
    return redirect("bookings:member", request.studio.slug, kept.pk)


@studio_view(Right.MANAGE_MEMBERS)
@require_POST
def member_two_people(request: StudioRequest, suggestion: int) -> HttpResponse:
    """These are two people; they are not suggested again."""
    pair = get_object_or_404(request.studio.duplicate_suggestions, pk=suggestion)
    duplicates.dismiss(pair, by=request.login, now=timezone.now())
    return redirect("bookings:member_duplicates", request.studio.slug)


def _refused(obstacle: Obstacle) -> str:
    words: dict[Obstacle, str] = {
        Obstacle.TOO_LATE: _("The 30 days are over. Nothing was changed."),
        Obstacle.UNDONE: _("This was taken back already. Nothing was changed."),
        Obstacle.MERGED_ON: _("This profile was merged into another since. Please take that back first."),
    }
    return words.get(obstacle, _("This cannot be taken back any more: the person was deleted. Nothing was changed."))


def _label(field: str) -> str:
    return str(getattr(Member._meta.get_field(field), "verbose_name", field)).capitalize()


def _crumbs(request: StudioRequest, member: Member) -> list[tuple[str, Any]]:
    slug = request.studio.slug
    return [
        (_("Members"), reverse("bookings:members", args=[slug])),
        (member.name, reverse("bookings:member", args=[slug, member.pk])),
    ]
