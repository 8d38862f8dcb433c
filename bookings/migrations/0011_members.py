"""Nothing is booked for a profile that was merged into another: it is booked for the kept one, whoever is quicker."""

from django.db import migrations

# The share lock waits for a merge that is at work, and a merge waits for it; so neither misses the other.
FOLLOW = """
CREATE FUNCTION bookings_follow_merged_member() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kept bigint;
  scrubbed timestamptz;
BEGIN
  LOOP
    SELECT merged_into_id, scrubbed_at INTO kept, scrubbed FROM portal_member WHERE id = NEW.member_id FOR KEY SHARE;
    IF scrubbed IS NOT NULL THEN
      RAISE EXCEPTION 'member % was deleted', NEW.member_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'member_is_not_deleted', TABLE = TG_TABLE_NAME;
    END IF;
    EXIT WHEN kept IS NULL;
    NEW.member_id := kept;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER follow_merged_member BEFORE INSERT ON bookings_reservation
  FOR EACH ROW EXECUTE FUNCTION bookings_follow_merged_member();
CREATE TRIGGER follow_merged_member BEFORE INSERT ON bookings_waitingentry
  FOR EACH ROW EXECUTE FUNCTION bookings_follow_merged_member();
"""
FORGET = """
DROP TRIGGER follow_merged_member ON bookings_waitingentry;
DROP TRIGGER follow_merged_member ON bookings_reservation;
DROP FUNCTION bookings_follow_merged_member;
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0010_feeds"), ("portal", "0008_members")]

    operations = [migrations.RunSQL(FOLLOW, FORGET)]
