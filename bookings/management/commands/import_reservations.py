from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from bookings.imports.rules import Said
from bookings.imports.visits import LEAVE_OUT
from portal.imports.command import ImportCommand, pairs
from portal.imports.mapping import plain


class Command(ImportCommand):
    help = "Import the reservation history of another system from a CSV file (docs/import.md)."
    kind = "reservations"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--location",
            action="append",
            default=[],
            metavar="[THEIRS=]OURS",
            help="which location a studio in the file is; without a name: all that are not named otherwise",
        )
        parser.add_argument(
            "--missing", metavar="OURS", help=f"the location of rows that name no studio; {LEAVE_OUT} leaves them out"
        )
        parser.add_argument(
            "--status", action="append", default=[], metavar="THEIRS=OURS", help=f"ours: {', '.join(Said)}"
        )
        parser.add_argument("--utc", action="store_true", help="times of day are UTC, not local to the location")
        parser.add_argument("--origin", default="", help="the other system, where two have the same booking numbers")

    def more_answers(self, options: dict[str, Any]) -> dict[str, str]:
        answers = {"times": "utc" if options["utc"] else "local"}
        if options["origin"]:
            answers["origin"] = options["origin"]
        named = pairs([text for text in options["location"] if "=" in text], "--location")
        answers |= {f"place:{theirs}": ours for theirs, ours in named}
        for ours in (text for text in options["location"] if "=" not in text):
            answers["place"] = ours
        if options["missing"]:
            answers["address:"] = options["missing"]
        for theirs, ours in pairs(options["status"], "--status"):
            if ours not in {*Said, LEAVE_OUT}:
                raise CommandError(f"--status {theirs}: {ours} is none of {', '.join(Said)}.")
            answers[f"status:{plain(theirs)}"] = ours
        return answers
