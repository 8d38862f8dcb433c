"""What staff can be told by mail. The ground floor knows choices and readers; apps say what there is to tell.

An app registers its kinds in `AppConfig.ready`:

    register(NoticeKind(word="reviews.written", label=..., about=..., right=Right.ANSWER_REVIEWS,
                        defaults={Preset.OWNER: How.DIGEST}))
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.models import NoticeChoice, StaffLogin
from portal.roles import Preset, Right

How = NoticeChoice.How
Words: TypeAlias = str | Promise


@dataclass(frozen=True, kw_only=True)
class NoticeKind:
    """One kind of news. `defaults`: how it reaches a preset that chose nothing; a preset without one: not at all.

    `word`: at most 40 signs, the app's name first. `about`: what one reads, and when it comes, in a sentence.
    `right`: who lacks it never hears of it; None: every login of the studio may. `whole`: about the whole studio, so
    not for a login that is pinned to locations. `fixed`: nobody can turn it off, and it comes at once: security.
    `ways`: between what one can choose, with the words where they are not the usual ones. `counted`: the fact of so
    many of it (`ngettext_lazy("%(number)d invoice", …, "number")`); with it, what comes within a minute is one mail.
    """

    word: str
    label: Words
    about: Words
    right: Right | None
    defaults: Mapping[Preset, NoticeChoice.How] = field(default_factory=dict)
    whole: bool = False
    fixed: bool = False
    ways: Mapping[NoticeChoice.How, Words] = field(default_factory=lambda: dict(USUAL_WAYS))
    counted: Any = None

    def fact_of(self, number: int) -> str:
        """The subject of a mail about so many, in the active language; of a kind that is counted."""
        return str(self.counted % {"number": number})


USUAL_WAYS: dict[NoticeChoice.How, Words] = {
    How.OFF: _("Off"),
    How.AT_ONCE: _("At once"),
    How.DIGEST: _("In the morning mail"),
}

# As `NoticeChoice.kind` holds it.
LONGEST_WORD = 40
_kinds: dict[str, NoticeKind] = {}


def register(kind: NoticeKind) -> None:
    """Add a kind; the page of choices shows them in the order they were registered in. Raises ValueError for a word
    that is too long for its column."""
    if len(kind.word) > LONGEST_WORD:
        raise ValueError(f"{kind.word} is too long")
    _kinds[kind.word] = kind


def kind_of(word: str) -> NoticeKind:
    """Raises KeyError for a word that no app registered."""
    return _kinds[word]


def all_kinds() -> list[NoticeKind]:
    return list(_kinds.values())


def may_get(login: StaffLogin, kind: NoticeKind) -> bool:
    """Whether this kind is any business of the login's. A query where the kind is `whole` and nobody asked before."""
    if not login.is_active or (kind.right is not None and kind.right not in login.rights):
        return False
    return not (kind.whole and is_pinned(login))


def is_pinned(login: StaffLogin) -> bool:
    """Whether the login is for some locations only; asked once and kept on the object."""
    if login.is_pinned is None:
        login.is_pinned = login.locations.exists()
    return login.is_pinned


def kinds_for(login: StaffLogin) -> list[NoticeKind]:
    """The kinds that the login may get by its rights, those that cannot be turned off too. One query at most."""
    return [kind for kind in _kinds.values() if may_get(login, kind)]


def default_of(login: StaffLogin, kind: NoticeKind) -> NoticeChoice.How:
    """How a kind comes to a login that chose nothing."""
    return How.AT_ONCE if kind.fixed else kind.defaults.get(Preset(login.preset), How.OFF)
