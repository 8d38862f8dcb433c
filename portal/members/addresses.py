"""A member's e-mail address was changed by somebody else: the old one is told, since mails go to the new one now.

Every change of an address stands in the log (`Change`, "edited", with `email` before and after), by whatever road: the
form, an import, a merge, or taking one of these back. Whoever asks what an address was on some day asks there.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils import translation
from django.utils.formats import date_format

from portal import mail
from portal.changes import record_changes
from portal.jobs import enqueue_many
from portal.members.masking import GONE
from portal.models import Change, Job, Member, StaffLogin, Studio

MAIL_CHANGED = "portal.mail_address_changed"
IMPORT = "import"


def record_addresses(
    changed: Iterable[tuple[Member, str, str]],
    *,
    studio: Studio,
    by: StaffLogin | None,
    now: datetime,
    by_word: str = "",
    untold: Iterable[str] = (),
) -> None:
    """Append each (member, address before, after) that differs to the log, and tell the old addresses.

    `untold`: addresses that belong to somebody at the studio all the same, who has nothing to be told.
    """
    changes = record_changes(
        [(member, {"email": before}, {"email": after}) for member, before, after in changed if before != after],
        "edited",
        studio=studio,
        by=by,
        now=now,
        by_word=by_word,
    )
    known = {one.casefold() for one in untold}
    tell_old_addresses([one for one in changes if one.before["email"].casefold() not in known], studio=studio)


def tell_old_addresses(changes: Iterable[Change], *, studio: Studio) -> None:
    """Write a mail's job for each of these changes of members that gave up an address; inside their transaction.

    A first address has none before it, so that nobody is told; capitals make no other address. Nobody in a studio for
    practice is real.
    """
    if studio.is_practice:
        return
    jobs = {f"member address {one.pk}": {"change": one.pk} for one in changes if _gave_up(one)}
    if jobs:
        enqueue_many(MAIL_CHANGED, jobs, studio=studio)


def _gave_up(change: Change) -> bool:
    before, after = _email(change.before), _email(change.after)
    return "email" in change.after and bool(before) and before.casefold() != after.casefold()


def _email(values: Mapping[str, object]) -> str:
    return str(values.get("email") or "").strip()


def masked(email: str) -> str:
    """Enough of an address to know one's own, too little to learn another's: "k…@e….com"; "" of none.

    "[…]", which went with a deleted person, stays so.
    """
    if email == GONE:
        return GONE
    local, _at, domain = email.strip().rpartition("@")
    name, _dot, ending = domain.rpartition(".")
    return f"{local[:1]}…@{name[:1]}….{ending}" if local else ""


def send_changed(job: Job) -> bool:
    """Tell the address that a member had. Nothing once the person was deleted: the log does not know it any more.

    Nor where the old one went with another person who was deleted: it is not known any more either.
    """
    change = Change.objects.select_related("studio").filter(pk=job.payload["change"]).first()
    to = _email(change.before) if change is not None else ""
    if change is None or to in ("", GONE):
        return False
    member = Member.objects.filter(pk=change.subject_id, studio=change.studio, scrubbed_at=None).first()
    if member is None:
        return False
    # A profile that was merged has no address of its own any more: what is mailed goes to the kept one's.
    now_at = _email(change.after) or (member.kept.email if member.merged_into_id else "")
    if now_at.casefold() == to.casefold():
        return False
    return mail.send(
        job,
        to=to,
        studio=change.studio,
        template="portal/mail/address_changed.txt",
        context={"address": masked(now_at), "day": _day(change), "operator": mail.operator_address()},
    )


def _day(change: Change) -> str:
    """The day at the studio, as its mails write it."""
    place = change.studio.locations.in_order().first()
    moment = change.occurred_at.astimezone(place.tz) if place else change.occurred_at
    with translation.override(change.studio.language):
        return str(date_format(moment, "SHORT_DATE_FORMAT"))
