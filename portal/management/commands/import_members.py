from portal.imports.command import ImportCommand


class Command(ImportCommand):
    help = "Import members from a CSV file of another system (docs/import.md)."
    kind = "members"
