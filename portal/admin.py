"""The operator's desk: who has a studio here, and who may log in to it. What a studio does itself is not done here."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from portal.admin_site import DeskAdmin, ReadOnly
from portal.changes import changed_values
from portal.jobs import admin as jobs_admin  # noqa: F401 - registers the queue
from portal.models import Location, Member, StaffLogin, User
from portal.operator import admin as studios_admin  # noqa: F401 - registers studios and invitations
from portal.operator import pages  # noqa: F401 - the operator's own pages
from portal.operator.sections import Section
from portal.operator.told import PERSON, standing, tell_of_login, tell_studios
from portal.roles import Preset
from portal.staff.rules import Standing, Why, refusal
from portal.staff.words import WHY_WORDS
from portal.support import admin as support_admin  # noqa: F401 - registers questions and answers

# Groups and addresses have no meaning here: rights come from StaffLogin, addresses from User. Sessions are ended by
# their person or an owner; what a second step is made of is seen by nobody.
admin.site.unregister([Group, EmailAddress, UserSession, Authenticator])
# Of those who tried and failed axes keeps the lockouts; the rest is not written (`AXES_DISABLE_ACCESS_LOG`).
admin.site.unregister([AccessAttempt, AccessLog, AccessFailureLog])


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        by_password: Any = self.fields["usable_password"]
        by_password.label, by_password.help_text = _("Log in by password"), _("No: with a passkey, or not at all.")
        by_password.choices = [("true", _("Yes")), ("false", _("No"))]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, DeskAdmin):
    section, icon, place = Section.STUDIOS, "user-round", 40
    label = _("People")
    named = _("person"), _("people")
    add_form = NewUserForm
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "language", "by_password")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined", "by_password")
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    @admin.display(description=_("password"))
    def by_password(self, user: User) -> SafeString:
        """Whether there is one, and the way to set it: what is stored of it is nobody's to look at."""
        words = _("There is one.") if user.has_usable_password() else _("There is none.")
        link = format_html('<a class="button small" href="../password/">{}</a>', _("Set a password"))
        return format_html("{} {}", words, link)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """A person is switched off: the log needs a name for what they did."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        before, after = changed_values(User.objects.get(pk=obj.pk), obj, PERSON) if change else ({}, {})
        super().save_model(request, obj, form, change)
        if after:
            tell_studios([obj], "edited", now=timezone.now(), before=before, after=after)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Who sets a password can come in with it: the person's studios read that it was set."""
        people = User.objects.filter(pk=id) if id.isdecimal() else User.objects.none()
        before = people.values_list("password", flat=True).first()
        answer = super().user_change_password(request, id, form_url)
        if people.values_list("password", flat=True).first() != before:
            tell_studios(people, "password_set", now=timezone.now())
        return answer


@admin.register(Authenticator)
class AuthenticatorAdmin(DeskAdmin):
    """Second steps, to be taken away from a person who lost the telephone and the recovery codes."""

    section, icon, place = Section.STUDIOS, "key-round", 60
    label = _("Second steps")
    named = _("second step"), _("second steps")
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")
    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name")

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        super().delete_model(request, obj)
        self._tell([obj])

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Authenticator]) -> None:
        taken = list(queryset.select_related("user"))
        super().delete_queryset(request, queryset)
        self._tell(taken)

    def _tell(self, taken: list[Authenticator]) -> None:
        for one in taken:
            tell_studios([one.user], "step_removed", now=timezone.now())


@admin.register(AccessAttempt)
class LockoutAdmin(ReadOnly):
    """Who typed wrong passwords; deleting the line lets the person try again at once."""

    section, icon, place = Section.STUDIOS, "lock", 70
    label = _("Lockouts")
    named = _("lockout"), _("lockouts")
    fields = list_display = ("who", "ip_address", "tries", "last_at", "browser")
    readonly_fields = fields
    search_fields = ("username", "ip_address")
    ordering = ("-attempt_time",)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def title_of(self, found: AccessAttempt) -> str:
        return str(found.username or found.ip_address)

    @admin.display(description=_("e-mail"), ordering="username")
    def who(self, found: AccessAttempt) -> str:
        return str(found.username or "-")

    @admin.display(description=_("wrong tries"), ordering="failures_since_start")
    def tries(self, found: AccessAttempt) -> int:
        return int(found.failures_since_start)

    @admin.display(description=_("last try"), ordering="attempt_time")
    def last_at(self, found: AccessAttempt) -> Any:
        return found.attempt_time

    @admin.display(description=_("browser"))
    def browser(self, found: AccessAttempt) -> str:
        return str(found.user_agent)


@admin.register(Location)
class LocationAdmin(ReadOnly):
    """To be looked at: a studio sets its places itself, where classes move with a new time zone."""

    label = _("Locations")
    named = _("location"), _("locations")
    icon, place = "map-pin", 30
    list_display = ("name", "studio", "city", "zone")
    list_filter = ("studio",)
    list_select_related = ("studio",)
    search_fields = ("name", "studio__name")
    fields = ("studio", "name", "slug", "street", "postcode", "city", "country", "zone", "settings")

    @admin.display(description=_("set at"))
    def settings(self, place: Location) -> str:
        """Where the studio sets it."""
        return reverse("portal:settings_location", args=[place.studio.slug, place.pk])


class StaffLoginForm(forms.ModelForm):
    """`studio` and `user` are asked for a new login only: another person would act in this one's name."""

    class Meta:
        model = StaffLogin
        fields: ClassVar[list[str]] = ["studio", "user", "preset", "locations", "is_active"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_new = self.instance.pk is None
        studio, user = (cleaned.get(name) if is_new else getattr(self.instance, name) for name in ("studio", "user"))
        if any(place.studio != studio for place in cleaned.get("locations", ())):
            raise ValidationError({"locations": _("A login can be pinned to locations of its own studio only.")})
        if why := self._refusal(cleaned):
            raise ValidationError(str(WHY_WORDS[why]))
        if user and (user.is_staff or user.is_superuser) and self._widens(cleaned):
            raise ValidationError(
                _(
                    "Who runs this installation is given no login here. Look into the studio from its page, or let one"
                    " of its owners invite you."
                )
            )
        return cleaned

    def _widens(self, cleaned: dict[str, Any]) -> bool:
        """Whether more than before is open with it: anything but switching it off."""
        old = StaffLogin.objects.filter(pk=self.instance.pk).first()
        if old is None:
            return True
        pinned = set(old.locations.all()) != set(cleaned.get("locations", ()))
        return bool(cleaned.get("is_active")) and (not old.is_active or pinned or old.preset != cleaned.get("preset"))

    def _refusal(self, cleaned: dict[str, Any]) -> Why | None:
        """The same rule as on the studio's own page: the last owner stays, and an owner is not pinned (P18)."""
        old = StaffLogin.objects.filter(pk=self.instance.pk).first()
        if old and old.removed_at and cleaned.get("is_active"):
            return Why.REMOVED
        was = Standing(
            is_owner=old is not None and old.preset == Preset.OWNER,
            is_active=old is not None and old.is_active,
            is_pinned=False,
        )
        will_be = Standing(
            is_owner=cleaned.get("preset") == Preset.OWNER,
            is_active=bool(cleaned.get("is_active")),
            is_pinned=bool(cleaned.get("locations")),
        )
        others = StaffLogin.objects.filter(
            studio=old.studio_id if old else None, preset=Preset.OWNER, is_active=True
        ).exclude(pk=self.instance.pk)
        return refusal(was, will_be, other_owners=others.count())


@admin.register(StaffLogin)
class StaffLoginAdmin(DeskAdmin):
    icon, place = "id-card", 20
    label = _("Logins")
    named = _("login"), _("logins")
    form = StaffLoginForm
    list_display = ("user", "studio", "preset", "is_active")
    list_filter = ("studio", "preset", "is_active")
    list_select_related = ("studio", "user")
    search_fields = ("user__email", "user__name", "studio__name")
    autocomplete_fields = ("studio", "user", "locations")

    def get_readonly_fields(self, request: HttpRequest, obj: StaffLogin | None = None) -> tuple[str, ...]:
        return ("studio", "user") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """A login is switched off here, and removed by an owner: the log needs a name for what was done."""
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """What it is pinned to is known only now: the line in the studio's log comes last."""
        super().save_related(request, form, formsets, change)
        tell_of_login(form.instance, form.before, now=timezone.now())

    def save_model(self, request: HttpRequest, obj: StaffLogin, form: Any, change: bool) -> None:
        form.before = standing(StaffLogin.objects.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)


@admin.register(Member)
class MemberAdmin(ReadOnly):
    """To be looked up when a studio asks for help; members are changed in their studio."""

    label = _("Members")
    named = _("member"), _("members")
    icon, place = "users", 50
    list_display = ("name", "number", "studio", "created_at")
    list_filter = ("studio",)
    list_select_related = ("studio",)
    search_fields = ("first_name", "last_name", "email", "number")
