"""A login is given by an invitation, which a manager may ask for and only an owner makes (Q37)."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from portal.changes import record_change
from portal.jobs import enqueue
from portal.models import Invitation, Location, LoginWish, StaffLogin, Studio, Teacher, User
from portal.roles import Preset
from portal.staff.rules import StaffRefused, Why

INVITE_JOB, ASKED_JOB, DECIDED_JOB = "portal.invitation", "portal.login_asked", "portal.login_decided"
OPERATOR = "operator"  # in the log, where no login of the studio acted
LINKS_AN_HOUR = 30  # of one studio
RESEND_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a new login shall be. `locations` empty: all of them; `teaches_as`: for the teacher preset."""

    email: str
    name: str
    preset: str
    locations: Iterable[Location] = field(default=())
    teaches_as: Teacher | None = None

    def facts(self) -> dict[str, object]:
        pinned = sorted(place.name for place in self.locations)
        return {"email": self.email, "name": self.name, "preset": self.preset, "locations": pinned}


@transaction.atomic
def invite(studio: Studio, wanted: Wanted, *, by: StaffLogin | None, now: datetime, origin: str) -> Invitation:
    """Write the invitation and the job that mails its link. `origin`: where the product answers.

    `by` None: the operator invites, an owner of a studio that has none. Says nothing about logins in other studios.
    Raises StaffRefused.
    """
    _hold(studio)
    _check_new(studio, wanted.email)
    if Invitation.objects.open().filter(studio=studio, email__iexact=wanted.email).exists():
        raise StaffRefused(Why.ALREADY_ASKED)
    _check_pace(studio, now)
    invitation = Invitation.objects.create(
        studio=studio,
        email=wanted.email,
        name=wanted.name,
        preset=wanted.preset,
        teaches_as=wanted.teaches_as,
        invited_by=by,
        invited_at=now,
        link_made_at=now,
    )
    invitation.locations.set(wanted.locations)
    record_change(invitation, "invited", studio=studio, by=by, by_word=_word(by), now=now, after=wanted.facts())
    _mail(invitation, origin)
    return invitation


@transaction.atomic
def resend(invitation: Invitation, *, by: StaffLogin | None, now: datetime, origin: str) -> None:
    """Mail a new link; the one before is dead. Raises StaffRefused."""
    invitation = _new_link(invitation, by=by, now=now, kind="resent")
    _mail(invitation, origin)


@transaction.atomic
def show_link(invitation: Invitation, *, by: StaffLogin | None, now: datetime) -> str:
    """A new link's secret, to be handed over by hand when mails do not arrive; the one before is dead."""
    invitation = _new_link(invitation, by=by, now=now, kind="link_shown")
    return arm(invitation)


@transaction.atomic
def withdraw(invitation: Invitation, *, by: StaffLogin | None, now: datetime) -> None:
    invitation = _open(invitation)
    invitation.withdrawn_at = now
    invitation.save(update_fields=["withdrawn_at"])
    record_change(invitation, "withdrawn", studio=invitation.studio, by=by, by_word=_word(by), now=now)


def arm(invitation: Invitation) -> str:
    """The secret of the link that counts now, from when on it works.

    Made from the key of this installation, so that a mail that is sent twice holds the same link; only its hash is
    stored (S18).
    """
    made = salted_hmac("portal.invitation", f"{invitation.pk}.{invitation.link}", algorithm="sha256").digest()
    secret = urlsafe_b64encode(made).decode().rstrip("=")
    invitation.secret_hash = _hashed(secret)
    invitation.save(update_fields=["secret_hash"])
    return secret


def find(secret: str, *, now: datetime) -> Invitation | None:
    """The invitation that this secret still opens; None alike for used, withdrawn, replaced, old and invented ones."""
    open_ones = Invitation.objects.open().select_related("studio", "invited_by__user")
    invitation = open_ones.filter(secret_hash=_hashed(secret)).first()
    return None if invitation is None or invitation.has_run_out(now) else invitation


@transaction.atomic
def accept(invitation: Invitation, user: User, *, now: datetime) -> StaffLogin:
    """Give the person the login; one that was removed comes back with its history. Raises StaffRefused."""
    studio = _hold(invitation.studio)
    invitation = _open(invitation)
    if invitation.has_run_out(now):
        raise StaffRefused(Why.NOT_OPEN)
    login = StaffLogin.objects.filter(studio=studio, user=user).first() or StaffLogin(studio=studio, user=user)
    if login.is_active and login.pk:
        raise StaffRefused(Why.ALREADY_HERE)
    login.preset, login.is_active, login.removed_at = invitation.preset, True, None
    login.seen_at = now
    login.save()
    login.locations.set(invitation.locations.all())
    if invitation.preset == Preset.TEACHER:
        link_teacher(login, invitation.teaches_as)
    invitation.accepted_at, invitation.accepted_as = now, login
    invitation.save(update_fields=["accepted_at", "accepted_as"])
    record_change(login, "joined", studio=studio, by=login, now=now, after={"preset": login.preset})
    return login


@transaction.atomic
def join(invitation: Invitation, *, name: str, password: str, now: datetime) -> User:
    """A new person with the invited address. Raises IntegrityError when it has a login already, StaffRefused."""
    user = User.objects.create_user(invitation.email, password, name=name)
    accept(invitation, user, now=now)
    return user


def link_teacher(login: StaffLogin, teacher: Teacher | None) -> None:
    """Whose classes a teacher's login shows; None: those of the teacher of the same name, who is made if need be."""
    teachers = login.studio.teachers
    Teacher.objects.filter(login=login).exclude(pk=teacher.pk if teacher else 0).update(login=None)
    if teacher is None:
        teacher = teachers.filter(name__iexact=login.user.name, login=None).first()
    if teacher is None:
        taken = teachers.annotate(small=Lower("name")).filter(small=login.user.name.lower()).exists()
        name = login.user.name if not taken else f"{login.user.name} ({login.user.email})"[:100]
        teacher = Teacher(studio=login.studio, name=name)
    teacher.login = login
    teacher.save()


@transaction.atomic
def ask(studio: Studio, wanted: Wanted, *, why: str, by: StaffLogin, now: datetime, origin: str) -> LoginWish:
    """A manager asks for a second login; each owner gets a mail. Raises StaffRefused."""
    _hold(studio)
    _check_new(studio, wanted.email)
    is_invited = Invitation.objects.open().filter(studio=studio, email__iexact=wanted.email).exists()
    if is_invited or studio.login_wishes.filter(email__iexact=wanted.email, decided_at=None).exists():
        raise StaffRefused(Why.ALREADY_ASKED)
    if studio.login_wishes.filter(asked_at__gt=now - timedelta(hours=1)).count() >= LINKS_AN_HOUR:
        raise StaffRefused(Why.TOO_MANY)
    wish = LoginWish.objects.create(
        studio=studio,
        email=wanted.email,
        name=wanted.name,
        preset=wanted.preset,
        teaches_as=wanted.teaches_as,
        why=why,
        asked_by=by,
        asked_at=now,
    )
    wish.locations.set(wanted.locations)
    record_change(wish, "asked", studio=studio, by=by, now=now, after=wanted.facts())
    for owner in studio.logins.filter(preset=Preset.OWNER, is_active=True, user__is_active=True):
        enqueue(
            ASKED_JOB,
            key=f"login asked {wish.pk} {owner.pk}",
            studio=studio,
            payload={"wish": wish.pk, "login": owner.pk, "origin": origin},
        )
    return wish


@transaction.atomic
def grant(wish: LoginWish, *, by: StaffLogin, now: datetime, origin: str) -> Invitation:
    """The owner says yes: an invitation goes out. Raises StaffRefused."""
    wish = _undecided(wish)
    wanted = Wanted(
        email=wish.email,
        name=wish.name,
        preset=wish.preset,
        locations=list(wish.locations.all()),
        teaches_as=wish.teaches_as,
    )
    wish.invitation = invite(wish.studio, wanted, by=by, now=now, origin=origin)
    wish.is_granted = True
    _decide(wish, "granted", by=by, now=now)
    return wish.invitation


@transaction.atomic
def decline(wish: LoginWish, *, reason: str, by: StaffLogin, now: datetime) -> None:
    wish = _undecided(wish)
    wish.reason = reason
    _decide(wish, "declined", by=by, now=now)


@transaction.atomic
def take_back(wish: LoginWish, *, by: StaffLogin, now: datetime) -> None:
    """Who asked needs it no more."""
    _decide(_undecided(wish), "withdrawn", by=by, now=now)


def _decide(wish: LoginWish, kind: str, *, by: StaffLogin, now: datetime) -> None:
    wish.decided_by, wish.decided_at = by, now
    wish.save()
    record_change(wish, kind, studio=wish.studio, by=by, now=now, after={"reason": wish.reason})
    if wish.asked_by_id != by.pk:
        enqueue(DECIDED_JOB, key=f"login decided {wish.pk}", studio=wish.studio, payload={"wish": wish.pk})


def _hold(studio: Studio) -> Studio:
    """One change of logins at a time in each studio; what only refers to it goes on."""
    return Studio.objects.select_for_update(no_key=True).get(pk=studio.pk)


def _open(invitation: Invitation) -> Invitation:
    found = Invitation.objects.open().select_for_update(of=("self",)).select_related("studio").filter(pk=invitation.pk)
    if (held := found.first()) is None:
        raise StaffRefused(Why.NOT_OPEN)
    return held


def _undecided(wish: LoginWish) -> LoginWish:
    found = LoginWish.objects.select_for_update(of=("self",)).select_related("studio")
    if (held := found.filter(pk=wish.pk, decided_at=None).first()) is None:
        raise StaffRefused(Why.NOT_OPEN)
    return held


def _new_link(invitation: Invitation, *, by: StaffLogin | None, now: datetime, kind: str) -> Invitation:
    held = _open(invitation)
    if kind == "resent" and now - held.link_made_at < RESEND_PAUSE:
        raise StaffRefused(Why.TOO_SOON)
    _check_pace(held.studio, now)
    held.link += 1
    held.link_made_at, held.secret_hash = now, ""
    held.save(update_fields=["link", "link_made_at", "secret_hash"])
    record_change(held, kind, studio=held.studio, by=by, by_word=_word(by), now=now)
    return held


def _word(by: StaffLogin | None) -> str:
    return "" if by else OPERATOR


def _check_new(studio: Studio, email: str) -> None:
    if studio.logins.filter(user__email__iexact=email, removed_at=None).exists():
        raise StaffRefused(Why.ALREADY_HERE)


def _check_pace(studio: Studio, now: datetime) -> None:
    """No studio mails strangers without end."""
    recent = Invitation.objects.filter(studio=studio, link_made_at__gt=now - timedelta(hours=1))
    if recent.count() >= LINKS_AN_HOUR:
        raise StaffRefused(Why.TOO_MANY)


def _mail(invitation: Invitation, origin: str) -> None:
    enqueue(
        INVITE_JOB,
        key=f"invitation {invitation.pk} link {invitation.link}",
        studio=invitation.studio,
        payload={"invitation": invitation.pk, "link": invitation.link, "origin": origin},
    )


def _hashed(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
