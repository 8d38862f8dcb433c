"""The studio's members, as far as a file names them: found in bulk, remembered, and given numbers."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Lower
from django.utils.translation import gettext_noop as _

from portal.models import Member, Studio


class MemberBook:
    """Members by number and by e-mail. New ones are in it as soon as they are added, saved or not."""

    def __init__(self, studio: Studio, *, in_file: Iterable[str] = ()) -> None:
        """`in_file`: every number that the file names, so that none of them is given to someone else."""
        self.studio = studio
        self._in_file = frozenset(in_file)
        self._by_number: dict[str, Member] = {}
        self._by_email: dict[str, Member] = {}
        self._last_number: int | None = None

    def load(self, numbers: Iterable[str], emails: Iterable[str]) -> None:
        numbers = {number for number in numbers if number and number not in self._by_number}
        emails = {email.lower() for email in emails if email and email.lower() not in self._by_email}
        members = self.studio.members.annotate(email_lower=Lower("email"))
        for member in [*members.filter(number__in=numbers), *members.filter(email_lower__in=emails)]:
            self.add(member)
            if member.merged_into_id is not None:
                self._by_number[member.number] = member.kept

    def find(self, number: str, email: str) -> Member | None:
        """The member that both lead to. Raises ValidationError where they lead to two."""
        one = self._by_number.get(number) if number else None
        other = self._by_email.get(email.lower()) if email else None
        if one is not None and other is not None and one is not other:
            raise ValidationError(
                _("%(email)s belongs to %(name)s, not to member %(number)s."),
                params={"email": email, "name": other.name, "number": number},
            )
        found = one or other
        if found is not None and found.scrubbed_at is not None:
            raise ValidationError(_("Member %(number)s was deleted."), params={"number": number})
        return found

    def add(self, member: Member) -> None:
        member = self._by_number.setdefault(member.number, member)
        if member.email:
            self._by_email.setdefault(member.email.lower(), member)

    def known(self, member: Member) -> Member:
        """The one object that stands for this member here; of a merged one, the kept one's."""
        return self._by_number[member.number]

    def free_number(self) -> str:
        """One above the highest number that is in use, for someone whom the file gives none."""
        if self._last_number is None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT coalesce(max(number::bigint), 0) FROM portal_member"
                    " WHERE studio_id = %s AND number ~ '^[0-9]{1,15}$'",
                    [self.studio.pk],
                )
                self._last_number = cursor.fetchone()[0]
        self._last_number += 1
        while str(self._last_number) in self._in_file:
            self._last_number += 1
        return str(self._last_number)


def split_name(name: str) -> tuple[str, str]:
    """First and last name: "Vries, Anna de" and "Anna de Vries" are the same person."""
    if name.count(",") == 1:
        last, first = (part.strip() for part in name.split(","))
        if first and last:
            return first, last
    first, _space, last = name.strip().partition(" ")
    return first, last.strip()
