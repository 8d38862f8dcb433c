"""What happened to a package, and to what it is for, in words."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.models import Change

KINDS = {
    "created": gettext_lazy("put on sale"),
    "changed": gettext_lazy("changed"),
    "archived": gettext_lazy("taken off sale"),
    "restored": gettext_lazy("put on sale again"),
}
FIELDS = {
    "name": gettext_lazy("Name"),
    "uses": gettext_lazy("Uses"),
    "valid_for": gettext_lazy("Valid for"),
    "valid_unit": gettext_lazy("Unit"),
    "valid_until": gettext_lazy("Last day"),
    "price": gettext_lazy("Price"),
    "currency": gettext_lazy("Currency"),
    "tax_rate": gettext_lazy("Tax in percent"),
    "late_cancel_uses": gettext_lazy("A late cancellation uses a session"),
    "version": gettext_lazy("Version"),
}
UNITS = {"days": gettext_lazy("days"), "weeks": gettext_lazy("weeks"), "months": gettext_lazy("months")}
MONEY = {"price", "currency", "tax_rate"}


def kind_words(change: Change) -> str:
    return str(KINDS.get(change.kind, change.kind))


def change_lines(change: Change, *, money: bool = True) -> list[tuple[str, str, str]]:
    """(field, before, after) of each term that a change touched; of one that was made there is nothing before."""
    if change.kind != "changed":
        return []
    return [
        (str(FIELDS.get(name, name)), _value(change.before.get(name)), _value(value))
        for name, value in change.after.items()
        if money or name not in MONEY
    ]


def _value(value: Any) -> str:
    if value is None or value == "":
        return _("none")
    if isinstance(value, bool):
        return _("on") if value else _("off")
    return str(UNITS.get(value, value)) if isinstance(value, str) else str(value)
