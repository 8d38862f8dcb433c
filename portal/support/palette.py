"""Help in the command palette: the page, the contact form, and each answer by its question."""

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.access import StudioRequest
from portal.commands import MOST, Command, Section, matching
from portal.support.finding import search

SHORTEST = 3  # letters: less finds half of all answers


def palette(request: StudioRequest, text: str) -> Section:
    """Once something is typed: the pages of help, and the answers that it finds."""
    slug = request.studio.slug
    pages = [
        Command(_("Help"), reverse("portal:support", args=[slug]), "circle-question-mark"),
        Command(_("Write to us"), reverse("portal:ticket_new", args=[slug]), "message-circle-question-mark"),
        Command(_("Your questions"), reverse("portal:tickets", args=[slug]), "messages-square"),
        Command(_("Keys"), reverse("portal:support_keys", args=[slug]), "keyboard"),
        Command(_("Status of this installation"), reverse("portal:support_status", args=[slug]), "activity"),
    ]
    found = matching(text, pages) if text.strip() else []
    if len(text.strip()) >= SHORTEST:
        found += [
            Command(answer.title, reverse("portal:answer", args=[slug, answer.slug]), "book-open")
            for answer in search(text, get_language() or "en")[:MOST]
        ]
    return Section(_("Help"), found)
