from packages.models.package import Package, PackageVersion, Policy
from packages.models.purchase import Hold, LedgerEntry, Purchase

__all__ = ["Hold", "LedgerEntry", "Package", "PackageVersion", "Policy", "Purchase"]
