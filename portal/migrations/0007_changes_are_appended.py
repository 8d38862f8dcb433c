"""PostgreSQL keeps the log of changes as it was written, and closing days inside their studio."""

from django.db import migrations

# Two exceptions: a deleted login leaves `by` empty; a scrubbed person's rows lose what they say (Q39).
APPEND = """
CREATE FUNCTION portal_changes_are_appended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND NEW.before = '{}' AND NEW.after = '{}'
    AND to_jsonb(NEW) - 'before' - 'after' = to_jsonb(OLD) - 'before' - 'after' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'changes are appended, never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER changes_are_appended BEFORE UPDATE OR DELETE ON portal_change
  FOR EACH ROW EXECUTE FUNCTION portal_changes_are_appended();
"""
FORGET = """
DROP TRIGGER changes_are_appended ON portal_change;
DROP FUNCTION portal_changes_are_appended;
"""


class Migration(migrations.Migration):
    dependencies = [("portal", "0006_administration")]

    operations = [
        migrations.RunSQL(APPEND, FORGET),
        migrations.RunSQL(
            "ALTER TABLE portal_closingdays ADD CONSTRAINT closing_days_in_their_studio FOREIGN KEY"
            " (location_id, studio_id) REFERENCES portal_location (id, studio_id) DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE portal_closingdays DROP CONSTRAINT closing_days_in_their_studio",
        ),
    ]
