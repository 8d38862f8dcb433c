"""The subscription as a page of the settings."""

from django.utils.translation import gettext_lazy as _

from portal.preferences.registry import Group, Setting

SUBSCRIPTION = Group(
    word="subscription",
    label=_("Subscription"),
    summary=_("Add-ons of marketplaces"),
    icon="store",
    of_studio=(
        Setting(
            "add_ons",
            _("Marketplaces"),
            _("With the add-on of a marketplace on, the operator can activate the connection to it."),
        ),
    ),
    url_name="marketplace:subscription",
)
