"""What statements of marketplaces remember of people goes with a scrub (Q39): amounts and visits stay, names do not."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from invoicing.models import BilledVisit, StatementChunk, StatementLine
from marketplace.models import Guest
from portal.members.holdings import Exported, People
from portal.members.traces import Traces
from portal.models import Member


class StatementTraces(Traces):
    """Lines about the person, and the files in which they stand."""

    # Before the person's ids at marketplaces are replaced: their lines are found by them.
    key, label, position = "statements", "", 35

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        """The person's visits as they stand on the studio's invoices to marketplaces."""
        columns = (("day", _("Day")), ("kind", _("Kind")), ("invoice", _("Invoice")), ("month", _("Month")))
        billed = BilledVisit.objects.filter(visit__guest__member__in=members).order_by("pk")
        rows = billed.values_list("day", "kind", "invoice__number", "month")
        return [Exported("invoiced_visits", columns, list(rows))]

    def scrub(self, people: People, *, now: datetime) -> None:
        members = people.members
        guests = list(Guest.objects.filter(member__in=members).values_list("connection", "external_id"))
        named = [Q(visit__guest__member__in=members)]
        named += [Q(statement__connection=connection, member_ref=ref) for connection, ref in guests]
        for word in people.words:
            named += [Q(member_name__icontains=word), Q(cells_text__icontains=word)]
        lines = StatementLine.objects.filter(studio=members[0].studio_id)
        about = lines.alias(cells_text=Cast("cells", TextField())).filter(reduce(or_, named)).order_by()
        found = list(about.values_list("pk", "statement"))
        StatementChunk.objects.filter(statement__in={statement for _pk, statement in found}).delete()
        StatementLine.objects.filter(pk__in=[pk for pk, _statement in found]).update(
            member_ref="", member_name="", cells=[]
        )
