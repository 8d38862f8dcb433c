"""Notes for a member's next visit: written on the roster, shown on rows, gone when done (N17)."""

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bookings.actions.recording import raise_pulse
from bookings.forms import NoteForm
from bookings.views.roster_deeds import on_roster, panel_answer
from portal.access import StudioRequest, studio_view
from portal.roles import Right


@studio_view(None, post=Right.CHECK_IN)
@require_POST
def note(request: StudioRequest, reservation: int) -> HttpResponse:
    """Keep a note about the member of this reservation until somebody says that it is done."""
    session, found = on_roster(request, reservation)
    form, now = NoteForm(request.POST), timezone.now()
    if not form.is_valid():
        if request.htmx:
            return panel_answer(request, session, reservation, note_form=form)
        return panel_answer(
            request, session, reservation, refused=_("Nothing was kept: the note was empty or too long.")
        )
    with transaction.atomic():
        request.studio.members.select_for_update(no_key=True).get(pk=found.member_id)
        same = {"text": form.cleaned_data["text"], "for_next_visit": True, "done_at": None}
        if not found.member.staff_notes.filter(**same).exists():  # pressed twice, it stands once
            found.member.staff_notes.create(**same, written_by=request.login, written_at=now)
            raise_pulse(request.studio.pk, now)  # so that every tab shows its mark
    return panel_answer(
        request, session, reservation, said=_("The note stands on the rows of %(name)s.") % {"name": found.member.name}
    )


@studio_view(None, post=Right.CHECK_IN)
@require_POST
def note_done(request: StudioRequest, reservation: int, note: int) -> HttpResponse:
    """The note has served: its mark vanishes. Said from the panel of one of the member's reservations."""
    session, found = on_roster(request, reservation)
    kept = get_object_or_404(found.member.staff_notes, pk=note, for_next_visit=True)
    now = timezone.now()
    with transaction.atomic():
        done = found.member.staff_notes.filter(pk=kept.pk, done_at=None).update(done_at=now, done_by=request.login)
        if done:
            raise_pulse(request.studio.pk, now)
    return panel_answer(
        request, session, found.pk, said=_("Done: the note about %(name)s is gone.") % {"name": found.member.name}
    )
