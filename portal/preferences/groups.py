"""The ground floor's own groups of settings."""

from django.utils.translation import gettext_lazy as _

from portal.leaving.words import last_export_words
from portal.preferences.places import misplaced
from portal.preferences.registry import Group, Setting
from portal.roles import Right

STUDIO = Group(
    word="studio",
    label=_("Studio"),
    summary=_("Name and language"),
    icon="building-2",
    of_studio=(
        Setting("name", _("Name"), _("Stands at the top left, in the title of each page, and as the sender of mails.")),
        Setting(
            "language",
            _("Language of mails"),
            _("Mails to members and staff are written in it. On screen each person chooses their own."),
        ),
    ),
)

# One location's page; the list of them is a page of its own.
LOCATION_SETTINGS = (
    Setting("name", _("Name"), _("Stands in the location filter, in lists and in the names of files.")),
    Setting("position", _("Order"), _("The lowest number stands first in the location filter and in lists.")),
    Setting(
        "zone",
        _("Time zone"),
        _("Decides when a day, a month and a deadline begin and end here. Sessions to come keep their clock time."),
    ),
    Setting("street", _("Street and number"), _("Stands in mails and calendars.")),
    Setting("postcode", _("Postcode"), _("Stands in mails and calendars.")),
    Setting("city", _("City"), _("Stands in mails and calendars.")),
    Setting("country", _("Country"), _("Decides which public holidays are known here.")),
    Setting("region", _("Region"), _("Public holidays that only a part of the country has.")),
)
LOCATIONS = Group(
    word="locations",
    label=_("Locations"),
    summary=_("Names, time zones, addresses"),
    icon="map-pin",
    of_location=LOCATION_SETTINGS,
    conflicts=misplaced,
    url_name="portal:settings_locations",
)

CLOSING_DAYS = Group(
    word="closing-days",
    label=_("Closing days"),
    summary=_("Holidays and days off"),
    icon="calendar-off",
    of_studio=(Setting("closing_days", _("Closing days"), _("No class is scheduled by itself on them.")),),
    url_name="portal:settings_closing_days",
)

LOOK = Group(
    word="look",
    label=_("Look"),
    summary=_("Logo and colour"),
    icon="palette",
    of_studio=(
        Setting("logo", _("Logo"), _("Stands at the top left in place of our mark.")),
        Setting("brand_colour", _("Brand colour"), _("Colours the mark at the top left. Blue keeps its meaning.")),
    ),
    url_name="portal:settings_look",
)

START = Group(
    word="start",
    label=_("Set up the studio"),
    summary=_("The first quarter of an hour, step by step"),
    icon="list-checks",
    of_studio=(Setting("onboarding", _("Set up the studio"), _("What is done of it, and what is left.")),),
    url_name="portal:start",
)

DATA = Group(
    word="data",
    label=_("Data"),
    summary=_("Export everything, import, how long what is kept, backup"),
    icon="database",
    of_studio=(
        Setting("export", _("Export everything"), _("All tables as CSV and JSON, invoices, photos, the timetable.")),
        Setting("import", _("Import"), _("Members, purchases and bookings from the system before.")),
        Setting("retention", _("How long what is kept"), _("What is deleted by itself, and after how long.")),
        Setting("backup", _("Backup"), _("When the data of this installation was copied last.")),
    ),
    url_name="portal:settings_data",
    note=last_export_words,
)

NOTICES = Group(
    word="notices",
    label=_("Notifications"),
    summary=_("Who is told what by mail"),
    icon="bell",
    of_studio=(
        Setting("notices", _("Mails to staff"), _("Each person chooses for themselves what they hear of, and how.")),
    ),
    url_name="portal:settings_notices",
    right=Right.MANAGE_LOGINS,
)
