"""Each person's own choice: of every kind that is their business, whether and how they hear of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal.changes import record_change
from portal.models import NoticeChoice, StaffLogin, Studio, User
from portal.notices.registry import How, NoticeKind, all_kinds, default_of, kind_of, kinds_for, may_get
from portal.notices.telling import hows_of, logins_of, way_of

LANGUAGE = "mail_language"


class ChoicesForm(forms.Form):
    """One field for each kind that the login may get and can turn off, named by the kind's word; and the language of
    the person's mails, whichever studio writes them."""

    def __init__(self, login: StaffLogin, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = kinds_for(login)
        chosen = hows_of(login)
        own = str(dict(settings.LANGUAGES).get(login.studio.language, login.studio.language))
        self.fields[LANGUAGE] = forms.ChoiceField(
            label=_("Language of your mails"), required=False, initial=login.user.language,
            choices=[("", _("As the studio: %(language)s") % {"language": own}), *settings.LANGUAGES],
            help_text=_("For all mails to you, about passwords too. If you work in several studios: from all of them."),
        )  # fmt: skip
        for kind in self.kinds:
            if not kind.fixed:
                self.fields[kind.word] = forms.ChoiceField(
                    label=str(kind.label), choices=[(way.value, words) for way, words in kind.ways.items()],
                    initial=chosen[kind.word].value,
                )  # fmt: skip

    def rows(self) -> list[tuple[NoticeKind, forms.BoundField | None]]:
        """Each kind with its field; None where it cannot be turned off."""
        return [(kind, self[kind.word] if kind.word in self.fields else None) for kind in self.kinds]


def choose(login: StaffLogin, wanted: Mapping[str, str], *, by: StaffLogin, now: datetime) -> bool:
    """Write down what a person wants, of {kind: how} and of the language; whether anything changed. A choice that is
    the kind's default for the preset is not kept: it follows the preset."""
    wanted = dict(wanted)
    language = wanted.pop(LANGUAGE, None)
    with transaction.atomic():
        StaffLogin.objects.select_for_update(no_key=True).get(pk=login.pk)
        spoke = language is not None and _speak(login, language, by=by, now=now)
        had = hows_of(login)
        changed = {word: How(how) for word, how in wanted.items() if word in had and had[word] != how}
        if not changed:
            return spoke
        NoticeChoice.objects.filter(login=login, kind__in=changed).delete()
        NoticeChoice.objects.bulk_create(
            NoticeChoice(login=login, kind=word, how=how)
            for word, how in changed.items()
            if how != default_of(login, kind_of(word))
        )
        before = {word: had[word].value for word in changed}
        after = {word: how.value for word, how in changed.items()}
        record_change(login, "notices_chosen", studio=login.studio, by=by, now=now, before=before, after=after)
    return True


def _speak(login: StaffLogin, language: str, *, by: StaffLogin, now: datetime) -> bool:
    """Write to this person in a language from now on ("": the studio's); whether that is new."""
    had = User.objects.select_for_update(no_key=True).get(pk=login.user_id).language
    if had == language:
        return False
    User.objects.filter(pk=login.user_id).update(language=language)
    login.user.language = language
    before, after = {"language": had}, {"language": language}
    record_change(login, "language_chosen", studio=login.studio, by=by, now=now, before=before, after=after)
    return True


@dataclass(frozen=True)
class Told:
    """A kind, and the names of who hears of it at once (or when the kind says) and in the morning."""

    kind: NoticeKind
    at_once: list[str]
    in_the_morning: list[str]


def who_is_told(studio: Studio) -> list[Told]:
    """Of every kind, who hears of it at the studio. Two queries."""
    logins = logins_of(studio)
    chosen = {
        (login, kind): how
        for login, kind, how in NoticeChoice.objects.filter(login__studio=studio).values_list("login", "kind", "how")
    }
    found = []
    for kind in all_kinds():
        names: dict[str, list[str]] = {How.AT_ONCE: [], How.DIGEST: [], How.OFF: []}
        for login in logins:
            way = way_of(login, kind, chosen.get((login.pk, kind.word))) if may_get(login, kind) else How.OFF
            names[way].append(login.user.name)
        found.append(Told(kind, names[How.AT_ONCE], names[How.DIGEST]))
    return found
