"""The operator's desk: who has a studio here, and who may log in to it. What a studio does itself is not done here."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.jobs import admin as jobs_admin  # noqa: F401 - registers the queue
from portal.models import Location, Member, StaffLogin, Studio, User

# Neither has a meaning here: rights come from StaffLogin, addresses from User.
admin.site.unregister([Group, EmailAddress])
admin.site.site_header = admin.site.site_title = "Tresen"


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
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


@admin.register(Studio)
class StudioAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "language", "created_at")
    search_fields = ("name", "slug")
    readonly_fields = ("created_at",)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """A studio leaves with its invoices and its history, by a command and never by a click."""
        return False


@admin.register(Location)
class LocationAdmin(admin.ModelAdmin):
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
        return cleaned


@admin.register(StaffLogin)
class StaffLoginAdmin(admin.ModelAdmin):
    form = StaffLoginForm
    list_display = ("user", "studio", "preset", "is_active")
    list_filter = ("studio", "preset", "is_active")
    list_select_related = ("studio", "user")
    search_fields = ("user__email", "user__name", "studio__name")
    autocomplete_fields = ("studio", "user", "locations")


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin):
    """To be looked up when a studio asks for help; members are changed in their studio."""

    list_display = ("name", "number", "studio", "created_at")
    list_filter = ("studio",)
    list_select_related = ("studio",)
    search_fields = ("first_name", "last_name", "email", "number")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
