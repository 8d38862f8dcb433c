"""Who is deleted goes from what was sent to and fro, too, and not only when it is thirty days old (Q39)."""

import json
from collections.abc import Collection, Iterator, Sequence

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from marketplace.models import Exchange, Guest, InboxMessage, Visit
from marketplace.rules.contents import content_of


def forget(guests: Sequence[Guest], *, emails: Collection[str]) -> int:
    """Empty the messages that name these guests, their bookings or these e-mails, and the texts of such lines of the
    log; how many. In the caller's transaction, before the guests get other names.

    A message that waits for its worker is left: it is about to be applied, and asks for somebody new then.
    """
    return sum(_forget(guest, {one.casefold() for one in emails if one}) for guest in guests)


def _forget(guest: Guest, emails: Collection[str]) -> int:
    refs = set(Visit.objects.filter(guest=guest).values_list("booking_ref", flat=True))
    messages = InboxMessage.objects.filter(pk__in=list(_messages(guest, refs, emails)))
    lines = Exchange.objects.filter(connection=guest.connection_id).exclude(request="", answer="")
    about = Q(booking_ref__in=refs) | Q(path__contains=str(guest.key))
    for text in (str(guest.key), *_written(guest.external_id), *emails):
        about |= Q(request__icontains=text) | Q(answer__icontains=text)
    if guest.external_id.isdecimal():  # numbers are not in quotes everywhere
        about |= Q(request__regex=rf":\s*{guest.external_id}\s*[,}}\]]")
    return messages.update(body=b"", headers={}) + lines.filter(about).update(request="", answer="")


def _messages(guest: Guest, refs: Collection[str], emails: Collection[str]) -> Iterator[int]:
    """Those that may be about the guest are found by their bytes, then read."""
    words = [one.encode() for one in (guest.external_id, *refs)]
    # What has a backslash may spell a word otherwise; an address may be in other capitals.
    may_be = RawSQL(
        "EXISTS (SELECT FROM unnest(%s::bytea[]) AS word WHERE position(word IN body) > 0)",
        [[*words, b"\\", b"@"]],
        output_field=BooleanField(),
    )
    handled = InboxMessage.objects.filter(connection=guest.connection_id, handled_at__isnull=False).exclude(body=b"")
    for pk, body in handled.filter(may_be).values_list("pk", "body").iterator():
        content = content_of(bytes(body))
        if (
            content.word("marketplaceMemberId") == guest.external_id
            or content.word("bookingId") in refs
            or content.word("email").casefold() in emails
        ):
            yield pk


def _written(external_id: str) -> set[str]:
    """As JSON has it, in quotes: an id may be part of another one."""
    return {json.dumps(external_id), json.dumps(external_id, ensure_ascii=False)}
