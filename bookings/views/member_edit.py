"""A member's data, the block and the photo: changed by staff, each change in the log."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.actions.recording import raise_pulse
from bookings.views.member_head import alive
from portal.access import StudioRequest, studio_view
from portal.changes import record_change
from portal.members import editing
from portal.members.forms import BlockForm, MemberForm, PhotoForm
from portal.members.photos import photo_url, replace_photo
from portal.models import Member
from portal.roles import Right


@studio_view(Right.BOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def member_edit(request: StudioRequest, member: int) -> HttpResponse:
    """Name, contact, since when, notes. Contact fields only with the right to see them."""
    found = alive(request, member)
    form = MemberForm(
        request.POST or None, instance=found, studio=request.studio, with_contact=request.may(Right.SEE_CONTACT)
    )
    if request.method == "POST" and form.is_valid():
        if editing.edit(found, form.cleaned_data, by=request.login, now=timezone.now()):
            messages.success(request, _("Saved."))
        return _back(request, found)
    return _page(request, found, form=form)


@studio_view(Right.MANAGE_MEMBERS)
@require_POST
def member_block(request: StudioRequest, member: int) -> HttpResponse:
    """With a reason nobody books for this member; `lift` ends that."""
    found, form = alive(request, member), BlockForm(request.POST)
    if "lift" in request.POST:
        editing.block(found, "", by=request.login, now=timezone.now())
        messages.success(request, _("%(name)s can book again.") % {"name": found.name})
        return _back(request, found)
    if not form.is_valid():
        return _page(request, found, block_form=form)
    editing.block(found, form.cleaned_data["reason"], by=request.login, now=timezone.now())
    messages.success(request, _("%(name)s is blocked. What is booked already stands.") % {"name": found.name})
    return _back(request, found)


@studio_view(Right.BOOK)
@require_POST
def member_photo_change(request: StudioRequest, member: int) -> HttpResponse:
    """A new photo, or none (`remove`). What is no photo is answered with the reason, and nothing is kept."""
    found, now = alive(request, member), timezone.now()
    jpeg = None
    if "remove" not in request.POST:
        form = PhotoForm(request.POST, request.FILES)
        if not form.is_valid():
            return _page(request, found, photo_form=form)
        jpeg = form.cleaned_data["photo"]
    replace_photo(found, jpeg)
    record_change(found, "photo", studio=request.studio, by=request.login, now=now)
    raise_pulse(request.studio.pk, now)
    messages.success(request, _("The photo was taken away.") if jpeg is None else _("The photo was changed."))
    return _back(request, found)


def _page(request: StudioRequest, member: Member, **forms: Any) -> HttpResponse:
    """The form with everything that can be changed here; 422 where one of the forms was refused."""
    bound = [form for form in forms.values() if form.is_bound]
    with_contact = request.may(Right.SEE_CONTACT)
    context = {
        "member": member,
        "photo": photo_url(request.studio, member),
        "form": MemberForm(instance=member, studio=request.studio, with_contact=with_contact),
        "photo_form": PhotoForm(),
        "block_form": BlockForm(),
        "may_manage": request.may(Right.MANAGE_MEMBERS),
        "heading": _("Change data or photo"),
        "crumbs": [
            (_("Members"), reverse("bookings:members", args=[request.studio.slug])),
            (member.name, reverse("bookings:member", args=[request.studio.slug, member.pk])),
        ],
        **forms,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if bound else HTTPStatus.OK
    return render(request, "bookings/member_edit.html", context, status=status)


def _back(request: StudioRequest, member: Member) -> HttpResponse:
    return redirect("bookings:member", request.studio.slug, member.pk)
