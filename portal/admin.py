"""The operator's desk: who has a studio here, and who may log in to it. What a studio does itself is not done here."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessFailureLog, AccessLog
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.admin_site import DeskAdmin, ReadOnly
from portal.jobs import admin as jobs_admin  # noqa: F401 - registers the queue
from portal.models import Location, Member, StaffLogin, User
from portal.operator import admin as studios_admin  # noqa: F401 - registers studios and invitations
from portal.operator import pages  # noqa: F401 - the operator's own pages
from portal.operator.sections import Section
from portal.roles import Preset
from portal.staff.rules import Standing, Why, refusal
from portal.staff.words import WHY_WORDS
from portal.support import admin as support_admin  # noqa: F401 - registers questions and answers

# Groups and addresses have no meaning here: rights come from StaffLogin, addresses from User. Sessions are ended by
# their person or an owner; what a second step is made of is seen by nobody.
admin.site.unregister([Group, EmailAddress, UserSession, Authenticator])
# Of those who tried and failed axes keeps the lockouts; the rest is not written (`AXES_DISABLE_ACCESS_LOG`).
admin.site.unregister([AccessLog, AccessFailureLog])


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    section, icon, place = Section.STUDIOS, "user-round", 40
    label = _("People")
    show_facets = admin.ShowFacets.NEVER
    add_form = NewUserForm
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """A person is switched off: the log needs a name for what they did."""
        return False


@admin.register(Authenticator)
class AuthenticatorAdmin(DeskAdmin):
    """Second steps, to be taken away from a person who lost the telephone and the recovery codes."""

    section, icon, place = Section.STUDIOS, "key-round", 60
    label = _("Second steps")
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")
    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name")

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(Location)
class LocationAdmin(DeskAdmin):
    icon, place = "map-pin", 30
    list_display = ("name", "studio", "city", "zone")
    list_filter = ("studio",)
    list_select_related = ("studio",)
    search_fields = ("name", "studio__name")
    autocomplete_fields = ("studio",)


class StaffLoginForm(forms.ModelForm):
    class Meta:
        model = StaffLogin
        fields: ClassVar[list[str]] = ["studio", "user", "preset", "locations", "is_active"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        elsewhere = [place for place in cleaned.get("locations", ()) if place.studio != cleaned.get("studio")]
        if elsewhere:
            raise ValidationError({"locations": _("A login can be pinned to locations of its own studio only.")})
        if why := self._refusal(cleaned):
            raise ValidationError(str(WHY_WORDS[why]))
        return cleaned

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
            is_active=bool(cleaned.get("is_active")) and (old is None or old.studio == cleaned.get("studio")),
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
    form = StaffLoginForm
    list_display = ("user", "studio", "preset", "is_active")
    list_filter = ("studio", "preset", "is_active")
    list_select_related = ("studio", "user")
    search_fields = ("user__email", "user__name", "studio__name")
    autocomplete_fields = ("studio", "user", "locations")

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """A login is switched off here, and removed by an owner: the log needs a name for what was done."""
        return False


@admin.register(Member)
class MemberAdmin(ReadOnly):
    """To be looked up when a studio asks for help; members are changed in their studio."""

    icon, place = "users", 50
    list_display = ("name", "number", "studio", "created_at")
    list_filter = ("studio",)
    list_select_related = ("studio",)
    search_fields = ("first_name", "last_name", "email", "number")
