"""What of packages leaves with a studio."""

from packages.models import Hold, LedgerEntry, Package, PackageVersion, Policy, Purchase
from portal.leaving.registry import export


def register() -> None:
    export(Policy, "package_settings")
    export(Package, "packages")
    export(PackageVersion, "package_versions")
    export(Purchase, "purchases")
    export(Hold, "purchase_holds")
    export(LedgerEntry, "purchase_ledger")
