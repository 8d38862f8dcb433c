"""What a reservation's source is called: ours by a word, a marketplace as it writes itself."""

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

OWN = {"direct": _("Direct"), "desk": _("Desk"), "import": _("Import")}
# Those whose own writing is not their key with a capital; gone when marketplaces are rows with a name.
_WRITTEN = {
    "bsport": "bsport",
    "classpass": "ClassPass",
    "egym": "EGYM",
    "onefit": "OneFit",
    "urban": "Urban Sports Club",
    "urbansportsclub": "Urban Sports Club",
}


def is_own(source: str) -> bool:
    """Whether the studio's own packages pay; a marketplace's booking brings its pass and touches no purchase (Q21)."""
    return source in OWN


def source_name(source: str) -> str:
    """The name to show for `Reservation.source`."""
    return str(OWN[source]) if source in OWN else _WRITTEN.get(source) or capfirst(source)
