"""PostgreSQL keeps what the code could forget: studios apart, sold terms as they were, the ledger as it was written."""

from django.db import migrations


def in_the_same_house(table: str, name: str, columns: str, target: str, target_columns: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
        f" REFERENCES {target} ({target_columns}) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


# Two exceptions: a deleted login leaves `by` empty; a scrubbed person's entries lose their words (Q39).
APPEND_ENTRIES = """
CREATE FUNCTION packages_entries_are_appended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND NEW.reason = '' AND to_jsonb(NEW) - 'reason' = to_jsonb(OLD) - 'reason' THEN RETURN NEW; END IF;
  IF TG_OP = 'DELETE' AND OLD.kind = 'imported' THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'ledger entries are appended, never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER entries_are_appended BEFORE UPDATE OR DELETE ON packages_ledgerentry
  FOR EACH ROW EXECUTE FUNCTION packages_entries_are_appended();
"""
FREEZE_TERMS = """
CREATE FUNCTION packages_sold_terms_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - 'made_by_id' = to_jsonb(OLD) - 'made_by_id' THEN RETURN NEW; END IF;
  IF EXISTS (SELECT FROM packages_purchase WHERE version_id = OLD.id) THEN
    RAISE EXCEPTION 'version % was sold: its terms stay', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sold_terms_stay BEFORE UPDATE ON packages_packageversion
  FOR EACH ROW EXECUTE FUNCTION packages_sold_terms_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("packages", "0001_first"), ("portal", "0001_first")]

    operations = [
        in_the_same_house("packages_purchase", "purchase_by_its_member", "member_id, studio_id", "portal_member", "id, studio_id"),
        in_the_same_house(
            "packages_purchase", "purchase_of_its_package", "package_id, studio_id", "packages_package", "id, studio_id"
        ),
        in_the_same_house(
            "packages_purchase",
            "purchase_of_its_version",
            "version_id, package_id",
            "packages_packageversion",
            "id, package_id",
        ),
        migrations.RunSQL(
            APPEND_ENTRIES,
            "DROP TRIGGER entries_are_appended ON packages_ledgerentry; DROP FUNCTION packages_entries_are_appended;",
        ),
        migrations.RunSQL(
            FREEZE_TERMS,
            "DROP TRIGGER sold_terms_stay ON packages_packageversion; DROP FUNCTION packages_sold_terms_stay;",
        ),
    ]
