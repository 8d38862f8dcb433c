"""Rights, refusals and devices in words: the one place where the pages about logins take them from."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.roles import Right
from portal.staff.rules import WeakPin, Why

RIGHT_WORDS: dict[Right, Promise] = {
    Right.VIEW_TODAY: _("See today's check-ins"),
    Right.VIEW_BOOKINGS: _("See the bookings of the next days"),
    Right.VIEW_HISTORY: _("See the history"),
    Right.CHECK_IN: _("Check people in, mark a no-show"),
    Right.REVERT: _("Take a check-in back"),
    Right.BOOK: _("Book and cancel for members"),
    Right.SELL: _("Sell packages to members"),
    Right.SEE_CONTACT: _("See e-mail and phone of members"),
    Right.SEE_MONEY: _("See prices and payments"),
    Right.EXPORT: _("Take data out as files"),
    Right.IMPORT: _("Bring data in from files"),
    Right.VIEW_MEMBERS: _("Look members up"),
    Right.MANAGE_MEMBERS: _("Change, merge and delete members"),
    Right.MANAGE_SCHEDULE: _("Change the schedule"),
    Right.MANAGE_PACKAGES: _("Change packages"),
    Right.ANSWER_REVIEWS: _("Answer reviews"),
    Right.MANAGE_CONNECTIONS: _("Change connections to marketplaces"),
    Right.MANAGE_SETTINGS: _("Change settings"),
    Right.REQUEST_LOGINS: _("Ask the owner for a login"),
    Right.MANAGE_LOGINS: _("Give, change and remove logins"),
    Right.CLOSE_MONTHS: _("Close months, answer invoices, change bank and tax data"),
    Right.EXPORT_ALL: _("Take everything out in one archive"),
}

WHY_WORDS: dict[Why, Promise] = {
    Why.LAST_OWNER: _(
        "Nothing was changed: this is the last owner, and somebody must be able to give logins. Make another person"
        " owner first."
    ),
    Why.OWNER_PINNED: _("An owner sees every location. Choose another preset to pin this login."),
    Why.REMOVED: _("Nothing was changed: this login was removed. Invite the person again."),
    Why.ALREADY_HERE: _("Somebody with this address has a login here already. Change that one instead."),
    Why.ALREADY_ASKED: _("This address is invited or asked for already; you find it in the list."),
    Why.NOT_OPEN: _("Nothing was changed: this was answered or withdrawn already."),
    Why.TOO_MANY: _("Nothing was sent: that were many invitations within an hour. Please wait a little."),
    Why.TOO_SOON: _("Nothing was sent: the last mail is less than a minute old."),
}

PIN_WORDS: dict[WeakPin, Promise] = {
    WeakPin.NOT_DIGITS: _("A PIN is made of digits only."),
    WeakPin.LENGTH: _("A PIN has four to eight digits."),
    WeakPin.EASY: _("This PIN is among the first that anybody tries. Choose digits without a pattern and no year."),
}

_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Mac OS X", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def device_words(user_agent: str) -> Promise | str:
    """ "Firefox, Windows": what a person knows their device by. A guess for the eye; nothing is decided by it."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return ", ".join(filter(None, (browser, system))) or _("Unknown device")
