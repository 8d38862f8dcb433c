"""What a reservation's source is called: ours by a word, a marketplace by its name, which the operator may change."""

from collections.abc import Callable, Mapping
from time import monotonic

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from portal.models import StaffLogin

OWN = {"direct": _("Direct"), "desk": _("Desk"), "import": _("Import")}
# What stands in a log's `by_word` where no person acted and no marketplace.
_NOBODY = {
    "sweep": _("the clock"),
    "clock": _("the clock"),
    "member": _("the member"),
    "list": _("the waiting list"),
    "import": _("an import"),
    "operator": _("the operator"),
    "": _("a login that was deleted"),
}
# Each process asks again after so many seconds: a new name shows within a minute, and no list asks for its rows.
ASKED_AGAIN_AFTER = 60.0

Names = Mapping[str, str]


class KnownNames:
    """The marketplaces' names by their keys, as whoever knows them last told."""

    def __init__(self) -> None:
        self._ask: Callable[[], Names] = dict
        self._told: dict[str, str] = {}
        self._asked_at: float | None = None

    def ask_by(self, ask: Callable[[], Names]) -> None:
        """`ask` answers with all names; called when they are needed and the last answer is old."""
        self._ask, self._asked_at = ask, None

    def learn(self, key: str, name: str) -> None:
        """A name that was changed in this very process."""
        self._told[key] = name

    def get(self, key: str) -> str | None:
        return self.all().get(key)

    def all(self) -> Names:
        if self._asked_at is None or monotonic() - self._asked_at >= ASKED_AGAIN_AFTER:
            self._told = dict(self._ask())
            self._asked_at = monotonic()
        return self._told


NAMES = KnownNames()


def is_own(source: str) -> bool:
    """Whether the studio's own packages pay; a marketplace's booking brings its pass and touches no purchase (Q21)."""
    return source in OWN


def who_words(by: StaffLogin | None, word: str) -> str:
    """Who did something: a person's name, else what acted by itself; a marketplace by its name."""
    if by is not None:
        return by.user.name
    return str(_NOBODY[word]) if word in _NOBODY else source_name(word)


def source_name(source: str) -> str:
    """The name to show for `Reservation.source`; a word that nobody knows is written with a capital."""
    if not source or source in OWN:
        return str(OWN.get(source, ""))
    return NAMES.get(source) or capfirst(source)
