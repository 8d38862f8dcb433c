from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from portal.models.studio import Location, Studio
from portal.people import hue, initials
from portal.roles import PRESET_WORDS, RIGHTS, Preset, Right


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who can log in. What they may do in a studio stands in their StaffLogin there."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator of this installation"), default=False)
    date_joined = models.DateTimeField(auto_now_add=True)
    # Of the mails to this person, from whichever studio; empty: as each studio writes.
    language = models.CharField(
        _("language of mails"), max_length=5, choices=settings.LANGUAGES, blank=True, default=""
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class StaffLogin(models.Model):
    """What one person may do in one studio: a preset, pinned to locations or not (P18, Q37)."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="logins")
    user = models.ForeignKey(User, models.CASCADE, related_name="logins")
    preset = models.CharField(_("preset"), max_length=10, choices=[(p.value, PRESET_WORDS[p]) for p in Preset])
    locations = models.ManyToManyField(Location, blank=True, verbose_name=_("pinned to"), related_name="+")
    is_active = models.BooleanField(_("active"), default=True)
    # Nobody is deleted who did something: the log keeps the name. A removed login is never active.
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    seen_at = models.DateTimeField(null=True, blank=True, editable=False)  # to about ten minutes
    # The location filter last chosen (P4); empty is "all".
    location_chosen = models.ForeignKey(Location, models.SET_NULL, null=True, blank=True, related_name="+")

    # Not a column: what this request may do at most (a PIN is less than a password); None is all of the preset.
    at_most: frozenset[Right] | None = None
    # Nor is this: whether the person has an active login at another studio; None where nobody asked.
    works_elsewhere: bool | None = None
    # The same of whether it is pinned to some locations.
    is_pinned: bool | None = None
    # And of whether the operator has answered a question of this login that nobody has opened since.
    has_answers: bool | None = None

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["studio", "user"], name="one_login_per_person_and_studio"),
            models.CheckConstraint(
                condition=models.Q(removed_at__isnull=True) | models.Q(is_active=False), name="removed_login_is_off"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_preset_display()})"

    @property
    def rights(self) -> frozenset[Right]:
        rights = RIGHTS[Preset(self.preset)]
        return rights if self.at_most is None else rights & self.at_most

    @property
    def only_own_classes(self) -> bool:
        """A teacher sees the sessions they teach and no others (Q37)."""
        return self.preset == Preset.TEACHER

    @property
    def mail_language(self) -> str:
        """In which language mails to this person are: their own choice, else the studio's."""
        return self.user.language or self.studio.language


class Teacher(models.Model):
    """Someone who teaches; most need no login."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="teachers")
    name = models.CharField(_("name"), max_length=100)
    login = models.OneToOneField(StaffLogin, models.SET_NULL, null=True, blank=True, related_name="teacher")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("studio", Lower("name"), name="teacher_name_once_per_studio"),
            models.UniqueConstraint(fields=["id", "studio"], name="teacher_of_studio"),
        ]

    def __str__(self) -> str:
        return self.name


class MemberQuerySet(models.QuerySet["Member"]):
    def with_email(self, email: str) -> "MemberQuerySet":
        return self.filter(email__iexact=email)

    def people(self) -> "MemberQuerySet":
        """Without those who were merged into another and those who were scrubbed."""
        return self.filter(merged_into=None, scrubbed_at=None)


def photo_path(member: "Member", filename: str) -> str:
    return f"{member.studio_id}/members/{slugify(member.number) or 'photo'}.jpg"


class Member(models.Model):
    """A client of the studio, whichever road brought them.

    PostgreSQL keeps three more columns by itself (migration 0008), which are no fields so that no list reads them:
    `search_text`, `sort_name` and `since_on`; `portal.members.search` asks them.
    """

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="members")
    number = models.CharField(_("member number"), max_length=40)
    first_name = models.CharField(_("first name"), max_length=100)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    photo = models.ImageField(_("photo"), upload_to=photo_path, blank=True)
    notes = models.TextField(_("notes"), max_length=2000, blank=True)
    blocked_reason = models.CharField(
        _("blocked because"), max_length=200, blank=True, help_text=_("Empty: not blocked.")
    )
    joined_on = models.DateField(_("member since"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Merged: this row only leads to the kept one, whose `merged_words` find it by the old name, number and contact.
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged_members")
    merged_words = models.TextField(blank=True)
    # Scrubbed (Q39): the first name says "deleted member 4711", and nothing of the person is left but that number.
    scrubbed_at = models.DateTimeField(null=True, blank=True)
    # Empty: somebody new or changed, for whom duplicates are still to be looked for.
    compared_at = models.DateTimeField(null=True, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["studio", "number"], name="member_number_once_per_studio"),
            models.UniqueConstraint(
                "studio", Lower("email"), name="member_email_once_per_studio", condition=~models.Q(email="")
            ),
            models.UniqueConstraint(fields=["id", "studio"], name="member_of_studio"),
            models.CheckConstraint(
                condition=~models.Q(merged_into=models.F("id")), name="member_not_merged_into_itself"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(compared_at__isnull=True), name="member_to_compare"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def kept(self) -> "Member":
        """Where a merged profile is now, however often that was merged on; itself, of one that was not."""
        return self if self.merged_into is None else self.merged_into.kept

    @property
    def initials(self) -> str:
        return initials(self.name)

    @property
    def hue(self) -> int:
        return hue(self.name)


class MemberNote(models.Model):
    """What staff should know about a member: always, or at the next visit only, where it goes away when done (N17)."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="staff_notes")
    text = models.CharField(_("note"), max_length=500)
    for_next_visit = models.BooleanField(_("for the next visit"), default=False)
    written_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    written_at = models.DateTimeField()
    done_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-written_at", "-id"]
        indexes = [
            models.Index(fields=["member"], condition=models.Q(done_at__isnull=True), name="note_open_of_member"),
        ]

    def __str__(self) -> str:
        return self.text
