"""The mails about logins, as jobs send them: the rows are read as they are when the mail goes out."""

from typing import Any

from django.urls import reverse

from portal import mail
from portal.models import Invitation, Job, LoginWish, StaffLogin
from portal.roles import PRESET_WORDS, Preset
from portal.staff.invitations import arm


def send_invitation(job: Job) -> None:
    """The link, unless there is a newer one or the invitation was taken or withdrawn meanwhile."""
    found = Invitation.objects.open().select_related("studio", "invited_by__user")
    invitation = found.filter(pk=job.payload["invitation"], link=job.payload["link"]).first()
    if invitation is None:
        return
    by = invitation.invited_by
    mail.send(
        job,
        to=invitation.email,
        studio=invitation.studio,
        template="portal/mail/invitation.txt",
        context={
            "name": invitation.name,
            "by": by.user.name if by else "",
            "preset": PRESET_WORDS[Preset(invitation.preset)],
            "days": Invitation.LIVES.days,
            "link": _address(job, "accept_invitation", arm(invitation)),
        },
        language=mail.language_at(invitation.email),
    )


def send_asked(job: Job) -> None:
    """To an owner: a manager asks for a login."""
    wish = _wish(job)
    owner = StaffLogin.objects.select_related("user").filter(pk=job.payload["login"], is_active=True).first()
    if wish is None or owner is None or wish.decided_at:
        return
    mail.send(
        job,
        to=owner.user.email,
        studio=wish.studio,
        template="portal/mail/login_asked.txt",
        context={
            "wish": wish,
            "by": wish.asked_by.user.name if wish.asked_by else "",
            "preset": PRESET_WORDS[Preset(wish.preset)],
            "link": _address(job, "portal:staff", wish.studio.slug),
        },
        language=owner.user.language,
    )


def send_decided(job: Job) -> None:
    """To the manager who asked."""
    wish = _wish(job)
    if wish is None or wish.asked_by is None or not wish.asked_by.is_active:
        return
    mail.send(
        job,
        to=wish.asked_by.user.email,
        studio=wish.studio,
        template="portal/mail/login_decided.txt",
        context={"wish": wish, "by": wish.decided_by.user.name if wish.decided_by else ""},
        language=wish.asked_by.user.language,
    )


def _wish(job: Job) -> LoginWish | None:
    wishes = LoginWish.objects.select_related("studio", "asked_by__user", "decided_by__user")
    return wishes.filter(pk=job.payload["wish"]).first()


def _address(job: Job, name: str, *words: Any) -> str:
    return str(job.payload["origin"]).rstrip("/") + reverse(name, args=words)
