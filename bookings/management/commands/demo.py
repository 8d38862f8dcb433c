from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from bookings.demo.load import load
from bookings.demo.plan import DEMO, OPERATOR, OTHER, PASSWORD


class Command(BaseCommand):
    help = "Load two demo studios with months behind them and classes around today. Run again, it changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--refresh", action="store_true", help="add the days that are missing up to four weeks from today"
        )

    def handle(self, *args: Any, refresh: bool, **options: Any) -> None:
        made = load(now=timezone.now(), refresh=refresh)
        if made.sessions:
            self.stdout.write(f"Demo: {made.sessions} sessions and {made.reservations} reservations made.")
        else:
            self.stdout.write("Demo: is there already; nothing changed.")
        emails = [login.email for plan in (DEMO, OTHER) for login in plan.logins] + [OPERATOR]
        pins = [f"{login.pin} {login.name}" for login in DEMO.logins if login.pin]
        self.stdout.write(f"PINs for the quick switch at the desk: {', '.join(pins)}")
        self.stdout.write(f"Logins, password {PASSWORD}: {', '.join(emails)}")
