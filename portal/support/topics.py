"""Under which headings the answers stand, in this order."""

from django.utils.translation import gettext_lazy as _

TOPICS = {
    "start": _("First steps"),
    "reception": _("Check-ins"),
    "bookings": _("Bookings and waiting lists"),
    "schedule": _("Schedule, classes and rooms"),
    "members": _("Members"),
    "packages": _("Packages"),
    "history": _("History and insight"),
    "marketplaces": _("Marketplaces"),
    "invoices": _("Invoices and payouts"),
    "reviews": _("Reviews"),
    "staff": _("Staff and your own login"),
    "settings": _("Settings"),
    "data": _("Import, export and privacy"),
    "help": _("Keyboard and help"),
}
