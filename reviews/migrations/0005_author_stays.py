"""Whose visit it is that was reviewed changes by a merge of two profiles alone, or by taking one back (Q23, Q34)."""

from django.db import migrations

AUTHORS = """
CREATE FUNCTION reviews_author_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM reviews_review WHERE reservation_id = NEW.id)
    AND NOT EXISTS (SELECT FROM portal_membermerge
      WHERE (kept_id, merged_id) IN ((NEW.member_id, OLD.member_id), (OLD.member_id, NEW.member_id))) THEN
    RAISE EXCEPTION 'a review stays its author''s' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER author_stays AFTER UPDATE OF member_id ON bookings_reservation
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.member_id <> OLD.member_id)
  EXECUTE FUNCTION reviews_author_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0004_doubts"), ("portal", "0013_practice"), ("bookings", "0013_items_kept_closed")]

    operations = [
        migrations.RunSQL(
            AUTHORS, "DROP TRIGGER author_stays ON bookings_reservation; DROP FUNCTION reviews_author_stays;"
        ),
    ]
