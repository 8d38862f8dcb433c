"""The log of a studio for practice goes with it; every other one stays (portal 0013)."""

from django.db import migrations

APPEND = """
CREATE OR REPLACE FUNCTION bookings_events_are_appended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN RETURN NEW; END IF;
  IF TG_OP = 'DELETE' AND OLD.kind = 'imported' THEN RETURN OLD; END IF;
  {practice}
  RAISE EXCEPTION 'reservation events are appended, never changed' USING ERRCODE = 'restrict_violation';
END $$;
"""
GOES = "IF TG_OP = 'DELETE' AND portal_is_practice(OLD.studio_id) THEN RETURN OLD; END IF;"


class Migration(migrations.Migration):
    dependencies = [("bookings", "0013_items_kept_closed"), ("portal", "0013_practice")]

    operations = [migrations.RunSQL(APPEND.format(practice=GOES), APPEND.format(practice=""))]
