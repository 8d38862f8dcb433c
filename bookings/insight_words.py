"""How each figure of insight is computed, and how sure a suggestion is: the words (docs/insight.md has the reasons)."""

from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from bookings.rules.insight import Sure

# By the chart's word in addresses.
METHODS: Mapping[str, Sequence[Promise]] = {
    "check-ins": (
        _("A check-in belongs to the day on which its class begins, by the clock of its location."),
        _("The outline is the period before: of a month, the same days a year earlier; else whole weeks earlier."),
        _("The last bar is not over yet; its outline has no more days than it has."),
    ),
    "hours": (
        _("Check-ins by the weekday and the hour in which the class begins, by the clock of its location."),
        _("A pattern marks an hour in which classes were held and nobody checked in."),
    ),
    "rates": (
        _("Of all places that were not given back in time: whose people came, did not come, or cancelled late."),
        _("Whoever has no check-in counts as a no-show once the class and the location's grace are over."),
        _("Cancelled in time, excused, and classes that did not take place are in no rate."),
    ),
    "rates-by-source": (
        _("The same rates for each source. A marketplace's guests are judged by the same clock as your own members."),
    ),
    "classes": (
        _("Booked and came: the people of all classes held, with a capacity or without."),
        _("Occupancy and shown: of the places offered in those that have one. Without a capacity there is no rate."),
        _("The mean is that of the period's last four weeks, over all places of the class in them."),
        _("Late cancels gave their place back, so they are not among those booked."),
    ),
    "newcomers": (
        _("A newcomer's first attended visit at the locations looked at is in these days; imported visits count."),
        _("Back within 30 days: another attended visit up to the 30th day after the first, by the local calendar."),
        _("A month counts once its last newcomer has had these days too; until then it says not over yet."),
        _("A source is that of the first visit."),
    ),
    "retention": (
        _("Of the newcomers of a month: how many had an attended visit in the first, second ... month after it."),
        _("Only months that are over count. Whoever stays away a month and comes back counts again."),
    ),
    "balance": (
        _(
            "Income is net, without VAT. It is divided by the check-ins of the source, so what is paid for no-shows"
            " counts too."
        ),
        _("Own visits: the price of the purchase that they use, less what was refunded, over the uses it is good for."),
        _(
            "An unlimited purchase is spread over all visits made with it so far: while it runs, each visit seems"
            " dearer than it will be."
        ),
        _(
            "Marketplaces: what is invoiced for the visits, and what would be for those that are not yet. Without a"
            " contract it is not known. Flat rates count for whole months that are issued, if all locations are shown."
        ),
        _(
            "Bought directly: a newcomer by this source bought something with a price up to the 90th day after the"
            " first visit. Only those whose 90 days are over count."
        ),
        _(
            "Places that displaced: class by class, the places of this source, but not more than own members who were"
            " turned away from the class. These waited and were offered no place; who did not join the list is not"
            " counted."
        ),
    ),
    "caps": (
        _("Classes at one weekday and time in which marketplaces had places while own members were turned away."),
        _(
            "The suggestion leaves as many places as own members want in eight of ten classes; the rest is for"
            " marketplaces together."
        ),
        _(
            "Fewer than 4 classes: nothing can be said. Fewer than 8, or turned away in fewer than 3 of them: a first"
            " hint. From 16 on: sure."
        ),
        _("You set it at the class itself; the terms of a contract may ask for more places."),
    ),
}

SURE_WORDS: Mapping[Sure, Promise] = {
    Sure.TOO_FEW: ngettext_lazy(
        "cannot be said: only %(number)d class", "cannot be said: only %(number)d classes", "number"
    ),
    Sure.HINT: ngettext_lazy("a first hint: %(number)d class", "a first hint: %(number)d classes", "number"),
    Sure.FAIR: ngettext_lazy("fairly sure: %(number)d class", "fairly sure: %(number)d classes", "number"),
    Sure.GOOD: ngettext_lazy("sure: %(number)d class", "sure: %(number)d classes", "number"),
}
