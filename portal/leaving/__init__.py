"""The exit door (N15): everything a studio has, in one archive that other systems can read (docs/export.md)."""
