"""Packages, purchases; which purchase a reservation uses, and whether it counts."""
