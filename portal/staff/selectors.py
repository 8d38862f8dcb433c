"""What the pages about logins read, in a fixed number of queries."""

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from portal.models import Change, Invitation, Location, LoginWish, StaffLogin, Studio, User
from portal.roles import PRESET_WORDS, RIGHTS, Preset, Right
from portal.staff.second_step import STEPS
from portal.staff.words import RIGHT_WORDS

_IN_ORDER = Prefetch("locations", Location.objects.in_order())


def people(studio: Studio) -> QuerySet[StaffLogin]:
    """The studio's logins, with user, PIN, locations, and `has_second_step`; removed ones are not among them."""
    step = Authenticator.objects.filter(user_id=OuterRef("user_id"), type__in=STEPS)
    logins = studio.logins.filter(removed_at=None).select_related("user", "pin", "teacher")
    return logins.prefetch_related(_IN_ORDER).annotate(has_second_step=Exists(step)).order_by("user__name", "pk")


def removed(studio: Studio) -> QuerySet[StaffLogin]:
    return studio.logins.exclude(removed_at=None).select_related("user").order_by("-removed_at")[:50]


def with_pin(studio: Studio) -> QuerySet[StaffLogin]:
    """Who can be chosen at the desk."""
    logins = studio.logins.filter(is_active=True, user__is_active=True, pin__isnull=False)
    return logins.select_related("user", "pin", "studio").order_by("user__name", "pk")


def open_invitations(studio: Studio) -> QuerySet[Invitation]:
    found = Invitation.objects.open().filter(studio=studio)
    return found.select_related("invited_by__user").prefetch_related(_IN_ORDER)


def open_wishes(studio: Studio) -> QuerySet[LoginWish]:
    wishes = studio.login_wishes.filter(decided_at=None)
    return wishes.select_related("asked_by__user").prefetch_related(_IN_ORDER)


def answered_wishes(login: StaffLogin) -> QuerySet[LoginWish]:
    """What became of the last things that this person asked for."""
    return LoginWish.objects.filter(asked_by=login).exclude(decided_at=None).select_related("decided_by__user")[:5]


def changes_of(login: StaffLogin) -> QuerySet[Change]:
    found = Change.objects.filter(studio=login.studio_id, subject="stafflogin", subject_id=login.pk)
    return found.select_related("by__user")[:20]


def presets() -> list[tuple[Preset, object]]:
    return [(preset, PRESET_WORDS[preset]) for preset in Preset]


def rights_table() -> list[tuple[object, list[bool]]]:
    """A row for each right: its words, and for each preset whether it holds it. Drawn from `portal/roles.py`."""
    return [(RIGHT_WORDS[right], [right in RIGHTS[preset] for preset in Preset]) for right in Right]


def logins_of(user: User) -> QuerySet[StaffLogin]:
    """The logins that open a studio for this person: those in one for practice while they have one in the real one."""
    home = StaffLogin.objects.filter(studio=OuterRef("studio__practice_of"), user=user, is_active=True)
    return user.logins.filter(Q(studio__practice_of=None) | Exists(home), is_active=True)
