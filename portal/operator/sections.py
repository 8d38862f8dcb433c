"""The operator's pages by the work that they are for, and not by the app that they come from."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Section(StrEnum):
    STUDIOS = "studios"
    MARKETPLACES = "marketplaces"
    MONEY = "money"
    REVIEWS = "reviews"
    SUPPORT = "support"
    MACHINES = "machines"


#: In the order of the rail.
SECTION_WORDS = {
    Section.STUDIOS: _("Studios"),
    Section.SUPPORT: _("Support"),
    Section.REVIEWS: _("Reviews"),
    Section.MARKETPLACES: _("Marketplaces"),
    Section.MONEY: _("Money"),
    Section.MACHINES: _("Machines"),
}

#: For pages that do not say where they belong.
OF_APP = {
    "portal": Section.STUDIOS,
    "marketplace": Section.MARKETPLACES,
    "invoicing": Section.MONEY,
    "reviews": Section.REVIEWS,
}
