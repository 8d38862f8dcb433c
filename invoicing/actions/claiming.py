"""Accepting and claiming what a statement says otherwise: one line or a group at once, taken back by one more step."""

from datetime import datetime

from django.db import models, transaction

from invoicing.actions.matching import stand_again
from invoicing.models import Statement, StatementAnswer, StatementLine
from marketplace.models import Connection
from portal.models import StaffLogin


class NothingToAnswer(Exception):
    """The lines are gone, agree by now, or were answered already; or a later statement stands for the month."""


def answer_line(line: StatementLine, kind: str, *, by: StaffLogin, now: datetime) -> StatementAnswer:
    """Accept or claim one line, over the answer that `line` has. Raises NothingToAnswer where both sides agree, and
    where somebody has answered it since `line` was loaded."""
    lines = _answerable(kind).filter(pk=line.pk, answer=line.answer_id).exclude(answer__kind=kind)
    return _answer(line.statement, lines, kind, by=by, now=now)


def answer_group(
    statement: Statement, kind: str, *, verdict: str, reason: str, by: StaffLogin, now: datetime
) -> StatementAnswer:
    """Accept or claim what nobody has answered yet of a verdict and reason. Raises NothingToAnswer."""
    lines = _answerable(kind).filter(statement=statement, verdict=verdict, reason=reason, answer=None)
    return _answer(statement, lines, kind, by=by, now=now)


def _answerable(kind: str) -> models.QuerySet[StatementLine]:
    lines = StatementLine.objects.all()
    return lines.claimable() if kind == StatementAnswer.Kind.DISPUTED else lines.differing()


def _answer(
    statement: Statement, lines: models.QuerySet[StatementLine], kind: str, *, by: StaffLogin, now: datetime
) -> StatementAnswer:
    with transaction.atomic():
        # No worker matches it anew meanwhile.
        locked = Statement.objects.select_for_update().get(pk=statement.pk)
        if locked.state != Statement.State.MATCHED or locked.replaced_by_id:
            raise NothingToAnswer
        answer = StatementAnswer.objects.create(
            studio_id=locked.studio_id, statement=locked, kind=StatementAnswer.Kind(kind), by=by, given_at=now
        )
        found = StatementLine.objects.filter(pk__in=lines.order_by().values("pk"))
        answer.number = found.update(answer_before=models.F("answer"), answer=answer)
        if not answer.number:
            raise NothingToAnswer
        answer.save(update_fields=["number"])
    return answer


def undo_answer(answer: StatementAnswer, *, by: StaffLogin, now: datetime) -> int:
    """Take an answer back: its lines are as they were before it; of how many. Harmless when repeated.

    Raises NothingToAnswer where a later statement stands for the month.
    """
    with transaction.atomic():
        if Statement.objects.select_for_update().get(pk=answer.statement_id).replaced_by_id:
            raise NothingToAnswer
        lines = StatementLine.objects.filter(statement=answer.statement_id, answer=answer)
        number = lines.update(answer=models.F("answer_before"), answer_before=None)
        StatementLine.objects.filter(statement=answer.statement_id, answer_before=answer).update(answer_before=None)
        StatementAnswer.objects.filter(pk=answer.pk, undone_at=None).update(undone_at=now, undone_by=by)
    return number


def remove(statement: Statement) -> None:
    """Forget a file and everything that was said about it; the one that it replaced stands again."""
    with transaction.atomic():
        Statement.objects.select_for_update().get(pk=statement.pk)
        lines = StatementLine.objects.filter(statement=statement)
        Connection.objects.select_for_update(no_key=True).get(pk=statement.connection_id)
        lines._raw_delete(lines.db)  # noqa: SLF001 - nothing refers to a line, and there may be a hundred thousand
        # It stands for nothing any more before the former one does.
        Statement.objects.filter(pk=statement.pk).update(state=Statement.State.MAPPING)
        for former in Statement.objects.filter(replaced_by=statement).order_by("-pk"):
            if statement.replaced_by_id is None:
                stand_again(former, but=statement)
            else:
                Statement.objects.filter(pk=former.pk).update(replaced_by=statement.replaced_by_id)
        statement.delete()
