"""The mails of bookings, as jobs send them: the rows are read as they are when the mail goes out."""

from datetime import datetime

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import translation

from bookings.models import WaitingEntry
from bookings.words import day_and_clock
from portal import mail
from portal.models import Job

# Signed by the installation's key: whoever has the link was sent it. It answers one offer and opens nothing else.
_signer = signing.Signer(salt="bookings.place")


def place_token(entry: WaitingEntry) -> str:
    return _signer.sign(str(entry.pk))


def entry_of(token: str) -> int | None:
    """The key of the entry that this link is for; None when we did not make it."""
    try:
        return int(_signer.unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def send_place_free(job: Job, *, now: datetime) -> None:
    """Tell who is next that a place is held, unless the offer was answered or lapsed meanwhile."""
    entry = (
        WaitingEntry.objects.select_related("studio", "member", "session__item", "session__location")
        .filter(pk=job.payload["entry"], state=WaitingEntry.State.OFFERED, held_until__gt=now)
        .first()
    )
    if entry is None or entry.held_until is None or entry.session.cancelled_at:
        return
    # An earlier offer of the same wait, whose class was called off before its mail went: the new offer has its own.
    if Job.objects.filter(kind=job.kind, payload=job.payload, pk__gt=job.pk).exists():
        return
    location = entry.session.location
    with translation.override(entry.studio.language):
        context = {
            "member": entry.member,
            "item": entry.session.item.name,
            "place": location.name,
            "when": day_and_clock(entry.session.starts_at, location),
            "until": day_and_clock(entry.held_until, location),
            "link": settings.SITE_URL + reverse("bookings:place", args=[entry.studio.slug, place_token(entry)]),
        }
    mail.send(job, to=entry.member.email, studio=entry.studio, template="bookings/mail/place_free.txt", context=context)
