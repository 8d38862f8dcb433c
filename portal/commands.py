"""The command palette: where one can go and what one can begin from anywhere, by right. Apps register what they know.

register(members, place=30)    # in AppConfig.ready; (request, text) -> Section
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from portal.access import StudioRequest
from portal.context import navigation
from portal.preferences.registry import Setting, groups
from portal.roles import Right

MOST = 6  # of one section


@dataclass(frozen=True)
class Command:
    """One line: words, a second word behind them, where it leads, an icon's name."""

    label: str | Promise
    url: str
    icon: str
    detail: str | Promise = ""


@dataclass(frozen=True)
class Section:
    label: str
    commands: list[Command]


Provider: TypeAlias = Callable[[StudioRequest, str], Section]

_providers: dict[Provider, int] = {}


def register(provider: Provider, *, place: int) -> None:
    """Add a section, the lowest place first. It is asked with the text as typed, "" when empty."""
    _providers[provider] = place


def sections(request: StudioRequest, text: str) -> list[Section]:
    """What the text finds for this login, without empty sections."""
    in_order = sorted(_providers, key=_providers.__getitem__)
    return [section for provider in in_order if (section := provider(request, text)).commands]


def finds(text: str, *words: str | Promise) -> bool:
    """Whether each word of the text is in these words, accents and capitals aside; an empty text finds all."""
    there = plain(" ".join(str(word) for word in words))
    return all(word in there for word in plain(text).split())


def plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))


def matching(text: str, commands: Iterable[Command]) -> list[Command]:
    return [command for command in commands if finds(text, command.label, command.detail)]


def pages(request: StudioRequest, text: str) -> Section:
    """The pages of the rail."""
    found = [Command(entry["label"], entry["url"], entry["icon"]) for entry in navigation(request, request.login)]
    return Section(_("Pages"), matching(text, found))


def settings(request: StudioRequest, text: str) -> Section:
    """Single settings, once something is typed."""
    if not text.strip() or not request.may(Right.MANAGE_SETTINGS):
        return Section(_("Settings"), [])
    found = []
    for group in groups(request.login.rights):
        slug = request.studio.slug
        url = (
            reverse(group.url_name, args=[slug])
            if group.url_name
            else reverse("portal:settings_group", args=[slug, group.word])
        )
        by_name: dict[str, Setting] = {one.field: one for one in (*group.of_location, *group.of_studio)}
        found += [Command(one.label, f"{url}#setting-{one.field}", group.icon, group.label) for one in by_name.values()]
    return Section(_("Settings"), matching(text, found)[:MOST])
