"""A person becomes a member: the number is given, and who is known already is found."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models.functions import Lower

from portal.changes import record_change
from portal.imports.members import MemberBook
from portal.models import Member, StaffLogin, Studio


@dataclass(frozen=True, kw_only=True)
class NewMember:
    """What is asked of a person at the desk; only the first name is needed."""

    first_name: str
    last_name: str = ""
    email: str = ""
    phone: str = ""


def add_member(
    studio: Studio, new: NewMember, *, joined_on: date, by: StaffLogin | None, now: datetime
) -> tuple[Member, bool]:
    """The member, and whether it is a new one: an e-mail that is known belongs to someone, who is taken instead (Q23).

    Two desks at once give two numbers: the studio's row is locked until the transaction ends.
    """
    with transaction.atomic():
        Studio.objects.select_for_update(no_key=True).get(pk=studio.pk)
        if new.email and (known := studio.members.with_email(new.email).first()):
            return known.merged_into or known, False
        member = Member.objects.create(
            studio=studio,
            number=MemberBook(studio).free_number(),
            first_name=new.first_name,
            last_name=new.last_name,
            email=new.email.lower(),
            phone=new.phone,
            joined_on=joined_on,
        )
        record_change(member, "created", studio=studio, by=by, now=now, after={"number": member.number})
        return member, True


def alike(studio: Studio, new: NewMember, *, limit: int = 5) -> list[Member]:
    """Members who may be this person already: the same e-mail, or the same name whatever its capitals."""
    members = studio.members.people().annotate(first=Lower("first_name"), last=Lower("last_name"))
    found = list(studio.members.people().with_email(new.email)) if new.email else []
    same_name = members.filter(first=new.first_name.lower(), last=new.last_name.lower()).order_by("id")
    return (found + [member for member in same_name[:limit] if member not in found])[:limit]
