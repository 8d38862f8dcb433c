"""What Django's own sentences call our tables and columns on the operator's desk: "3 tickets", "Add login", "Created".

Said by each list (`DeskAdmin.named`) and for columns that have no words of their own, here. It names them while the
desk runs, and no migration knows of it.
"""

from typing import Any, TypeAlias

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words: TypeAlias = str | Promise

#: By the column's name in the database, of whichever table.
COLUMNS: dict[str, Words] = {
    "accepted_at": _("accepted"),
    "additional": _("additional workouts"),
    "adjustments": _("adjustments"),
    "answer": _("answer"),
    "attempts": _("attempts"),
    "check_ins": _("check-ins"),
    "compared_at": _("compared with others"),
    "connection": _("connection"),
    "contract": _("contract"),
    "corrects": _("corrects"),
    "created_at": _("created"),
    "currency": _("currency"),
    "date_joined": _("here since"),
    "doubt": _("doubt"),
    "due_at": _("due"),
    "ended_at": _("ended"),
    "event": _("what happened"),
    "gross": _("gross"),
    "handled_at": _("dealt with"),
    "hash": _("checksum"),
    "invited_at": _("invited"),
    "key": _("key"),
    "kind": _("kind"),
    "kinds": _("kinds"),
    "last_used_at": _("last used"),
    "late_cancels": _("late cancels"),
    "lease_token": _("held by"),
    "link_made_at": _("link made"),
    "listing": _("class"),
    "location": _("location"),
    "login": _("login"),
    "marketplace": _("marketplace"),
    "marks": _("marks"),
    "merged_into": _("merged into"),
    "merged_words": _("known before as"),
    "method": _("method"),
    "name": _("name"),
    "net": _("net"),
    "no_shows": _("no-shows"),
    "outcome": _("outcome"),
    "path": _("path"),
    "proof": _("proof"),
    "reason": _("reason"),
    "received_at": _("received"),
    "replaces": _("replaces"),
    "reservation": _("visit"),
    "said": _("said"),
    "scrubbed_at": _("deleted"),
    "seen_at": _("last seen"),
    "slot": _("slot"),
    "source": _("source"),
    "state": _("state"),
    "studio": _("studio"),
    "tax": _("tax"),
    "tried_at": _("tried"),
    "type": _("type"),
    "unanswered": _("without an answer"),
    "user": _("person"),
    "visit": _("visit"),
    "weights": _("weights"),
    "withdrawn_at": _("withdrawn"),
}


def name(model: type[models.Model], words: Any) -> None:
    """Call a table (one of it, many of it) so, and its columns by `COLUMNS` where they have no words of their own."""
    if words:
        model._meta.verbose_name, model._meta.verbose_name_plural = words
    for column in model._meta.get_fields():
        is_unnamed: Any = getattr(column, "_verbose_name", "named") is None
        if is_unnamed and column.name in COLUMNS:
            column.verbose_name = COLUMNS[column.name]  # type: ignore[union-attr]
