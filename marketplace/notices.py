"""What staff can be told about marketplaces: a sync that is late, and visits that two sides tell differently."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from portal.notices.registry import How, NoticeKind, register
from portal.roles import Preset, Right

LATE, CONFLICT = "marketplace.late", "marketplace.conflict"


def register_kinds() -> None:
    register(
        NoticeKind(
            word=LATE,
            label=_("Connection late"),
            about=_("A marketplace has not been compared with for too long, or hears of no change."),
            right=Right.MANAGE_CONNECTIONS,
            defaults={Preset.OWNER: How.AT_ONCE, Preset.MANAGER: How.AT_ONCE},
            counted=ngettext_lazy("%(number)d connection is late", "%(number)d connections are late", "number"),
        )
    )
    register(
        NoticeKind(
            word=CONFLICT,
            label=_("Conflict with a marketplace"),
            about=_("The marketplace and the desk say different things about a visit; only a person can tell."),
            right=Right.REVERT,
            defaults={Preset.MANAGER: How.AT_ONCE},
            counted=ngettext_lazy(
                "%(number)d visit is told differently by a marketplace",
                "%(number)d visits are told differently by a marketplace",
                "number",
            ),
        )
    )
