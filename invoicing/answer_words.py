"""How the matter of an invoice stands, in words."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from invoicing.rules.answers import Stand

STAND_WORDS: Mapping[Stand, Promise] = {
    Stand.OPEN: _("not answered"),
    Stand.ACCEPTED: _("accepted"),
    Stand.QUESTIONED: _("question asked"),
    Stand.OBJECTED: _("objected to"),
    Stand.CORRECTION_WANTED: _("correction asked for"),
    Stand.CORRECTED: _("corrected"),
}
