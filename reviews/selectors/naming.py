"""Whom does a text name?"""

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from portal.models import Member, Studio

# `portal_plain` of both: capitals, accents and signs between words make no difference.
_NAMED = "strpos(' ' || portal_plain(%s) || ' ', ' ' || portal_member.sort_name || ' ') > 0"
MOST = 20


def named_in(text: str, studio: Studio, *, but: Member) -> list[str]:
    """The full names of the studio's members that stand in the text, without that of `but`. One query.

    Members without a last name are left out: a first name alone says little, and warns of too much.
    """
    named = RawSQL(_NAMED, [text], output_field=BooleanField())  # noqa: S611
    members = studio.members.people().exclude(last_name="").exclude(first_name="")
    own = {but.name.casefold()}
    found = members.alias(named=named).filter(named=True).order_by("first_name", "last_name")[: MOST + 1]
    return list(dict.fromkeys(member.name for member in found if member.name.casefold() not in own))[:MOST]
