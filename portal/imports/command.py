"""What `import_members` and `import_reservations` share: the screen's way, from a terminal and in one go."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.imports import runs
from portal.imports.dates import Order
from portal.imports.kinds import Question, kind_of
from portal.imports.reading import ENCODINGS, MAX_BYTES, Unreadable
from portal.models import ImportRow, ImportRun, Studio

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
Status, Outcome = ImportRun.Status, ImportRow.Outcome


class ImportCommand(BaseCommand):
    kind: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument("--studio", required=True, help="address of the studio, as in the browser")
        parser.add_argument(
            "--column", action="append", default=[], metavar="OURS=THEIRS", help="column of the file for one of ours"
        )
        parser.add_argument(
            "--dates", choices=[order.value for order in Order], help="which number comes first in dates"
        )
        parser.add_argument("--encoding", choices=ENCODINGS)
        parser.add_argument("--separator", choices=SEPARATORS)
        parser.add_argument(
            "--good-rows-only", action="store_true", help="import the good rows even if others are refused"
        )
        parser.add_argument("--dry-run", action="store_true", help="only check, and say what would happen")

    def handle(self, *args: Any, **options: Any) -> None:
        studio = Studio.objects.filter(slug=options["studio"]).first()
        if studio is None:
            raise CommandError(f"There is no studio {options['studio']}.")
        run = self._upload(studio, options)
        try:
            self._map(run, options)
        except CommandError:
            run.delete()
            raise
        # A run of its own, not a worker's: there is no lease that could be lost.
        run.status, run.only_good_rows = Status.CHECKING, options["good_rows_only"]
        run.save()
        self._work_on(run)
        self._report_refused(run)
        if not options["dry_run"]:
            ImportRun.objects.filter(pk=run.pk).update(status=Status.WRITING)
            self._work_on(run)
        self._report(run, wrote=run.status == Status.DONE)
        if run.problem:
            raise CommandError(run.problem)
        if options["dry_run"]:
            run.delete()

    def more_answers(self, options: dict[str, Any]) -> dict[str, str]:
        """Answers that the options of this command give, by the names of their questions."""
        return {}

    def _upload(self, studio: Studio, options: dict[str, Any]) -> ImportRun:
        path: Path = options["file"]
        try:
            if path.stat().st_size > MAX_BYTES:
                raise CommandError(f"{path} is larger than {MAX_BYTES // 2**20} MiB.")
            return runs.upload(
                studio,
                by=None,
                file_name=path.name,
                content=path.read_bytes(),
                now=timezone.now(),
                encoding=options["encoding"],
                separator=SEPARATORS.get(options["separator"]),
            )
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        except Unreadable as error:
            where = f"Line {error.line}: " if error.line else ""
            raise CommandError(where + error.text % error.params) from error

    def _map(self, run: ImportRun, options: dict[str, Any]) -> None:
        table = runs.table_of(run)
        runs.map_by_header(run, table, kind=self.kind)
        targets = {target.name for target in kind_of(self.kind).targets}
        for ours, theirs in pairs(options["column"], "--column"):
            if ours not in targets:
                raise CommandError(f"--column {ours}: choose among {', '.join(sorted(targets))}.")
            if theirs not in table.header:
                raise CommandError(f"The file has no column {theirs}; it has {', '.join(table.header)}.")
            run.mapping = {name: column for name, column in run.mapping.items() if column != theirs} | {ours: theirs}
        if problems := kind_of(self.kind).problems(table, run.mapping):
            raise CommandError(" ".join(problems))
        given = self.more_answers(options) | ({"order": options["dates"]} if options["dates"] else {})
        for question in runs.questions_of(run, table):
            # "place" answers every "place:…" that nothing else answers, "address:" every "address:…".
            of_its_kind = given.get(question.name.partition(":")[0]) or given.get(question.name.partition(":")[0] + ":")
            known = (given.get(question.name), run.answers.get(question.name), of_its_kind, question.suggested)
            run.answers[question.name] = next((answer for answer in known if answer), "")
        if "origin" in given:
            run.answers["origin"] = given["origin"]
        if still_open := runs.open_questions(run, table):
            raise CommandError("\n".join(["Not said yet:", *(_question(one) for one in still_open)]))

    def _work_on(self, run: ImportRun) -> None:
        runs.work_on(run.pk, now=timezone.now(), still_ours=lambda: None)
        run.refresh_from_db()

    def _report(self, run: ImportRun, *, wrote: bool) -> None:
        counted = ", ".join(f"{run.counts[outcome]} {outcome}" for outcome in Outcome.values)
        said = "Imported" if wrote else "Nothing imported yet"
        self.stdout.write(f"{said}: {run.rows_in_file} rows, {counted}, {run.counts.get('flagged', 0)} flagged.")

    def _report_refused(self, run: ImportRun) -> None:
        for row in run.rows.filter(outcome=Outcome.REFUSED):
            self.stderr.write(f"Line {row.line}: {'; '.join(row.reason_words)}")


def pairs(texts: list[str], option: str) -> list[tuple[str, str]]:
    """ "a=b" split at its last sign. Raises CommandError."""
    for text in texts:
        if "=" not in text:
            raise CommandError(f"{option} {text}: write it as NAME=VALUE.")
    return [(name, value) for name, _sign, value in (text.rpartition("=") for text in texts)]


def _question(question: Question) -> str:
    choices = ", ".join(value for value, _words in question.choices)
    return f"  {question.name} ({question.label}): one of {choices}"
