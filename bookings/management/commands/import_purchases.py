from portal.imports.command import ImportCommand


class Command(ImportCommand):
    help = "Import packages and purchases from a CSV file of another system (docs/import.md)."
    kind = "purchases"
