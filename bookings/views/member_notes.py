"""Notes about a member: those that always hold, and those for the next visit that go away when done (N17)."""

from http import HTTPStatus

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from bookings.actions.recording import raise_pulse
from bookings.views.member import leads_to_the_kept_one
from bookings.views.member_head import alive, head, the_member
from portal.access import StudioRequest, studio_view
from portal.members.editing import finish_note, reopen_note, write_note
from portal.members.forms import MemberNoteForm
from portal.models import MemberNote
from portal.once import once
from portal.roles import Right


@studio_view(Right.VIEW_MEMBERS, post=Right.CHECK_IN)
@require_http_methods(["GET", "HEAD", "POST"])
@leads_to_the_kept_one
@once
def member_notes(request: StudioRequest, member: int) -> HttpResponse:
    """The notes; a POST writes one more."""
    now, found = timezone.now(), the_member(request, member)
    if found.scrubbed_at is not None:
        raise Http404
    form = MemberNoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        with transaction.atomic():
            write_note(found, data["text"], for_next_visit=data["for_next_visit"], by=request.login, now=now)
            raise_pulse(request.studio.pk, now)  # so that every tab shows its mark
        return redirect("bookings:member_notes", request.studio.slug, found.pk)
    context = head(request, found, tab="member_notes", now=now)
    notes = found.staff_notes.select_related("written_by__user", "done_by__user")
    context |= {
        "form": form,
        "open_notes": [note for note in notes if note.done_at is None],
        "done_notes": [note for note in notes if note.done_at is not None],
        "zone": request.location_choice.visible[0].zone if request.location_choice.visible else "UTC",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "bookings/member_notes.html", context, status=status)


@studio_view(Right.VIEW_MEMBERS)
@require_POST
def member_note_done(request: StudioRequest, member: int, member_note: int) -> HttpResponse:
    """The note has served, or (`again`) holds again."""
    found = alive(request, member)
    kept, now = get_object_or_404(MemberNote, pk=member_note, member=found), timezone.now()
    with transaction.atomic():
        if "again" in request.POST:
            reopen_note(kept)
        else:
            finish_note(kept, by=request.login, now=now)
        raise_pulse(request.studio.pk, now)
    return redirect("bookings:member_notes", request.studio.slug, found.pk)
