"""The studio's rules for choosing a purchase, as settings (Q1, Q6)."""

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from packages.models import Policy
from portal.preferences.registry import Group, Scope, Setting


def policy_of(scope: Scope) -> Model:
    return Policy.of(scope.studio)


PACKAGES = Group(
    word="packages",
    label=_("Packages"),
    summary=_("Which purchase a visit uses"),
    icon="ticket",
    row=policy_of,
    of_studio=(
        Setting(
            "order",
            _("Which purchase is used"),
            _("Of the purchases that are valid for a class, this one is taken. Bookings that were made keep theirs."),
        ),
        Setting(
            "over_use",
            _("Also when it is used up"),
            _("The first one is taken even without a use left, and shown as 6 of 5. Off: the next valid one is taken."),
        ),
        Setting(
            "judged",
            _("A purchase must be valid"),
            _("Its last day is included. It decides for classes that are booked before it ends and held after."),
        ),
    ),
)
