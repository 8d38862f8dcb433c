"""PostgreSQL keeps what the code could forget: places counted, rooms and teachers of the same house, events appended."""

from django.db import migrations, models


def in_the_same_house(table: str, name: str, columns: str, target: str, target_columns: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
        f" REFERENCES {target} ({target_columns}) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


# At commit, in whatever order the code wrote: the number that the capacity limits is the number of booked rows.
COUNT_PLACES = """
CREATE FUNCTION bookings_check_places(checked bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  said bigint;
  booked bigint;
BEGIN
  SELECT places_taken INTO said FROM bookings_scheduledsession WHERE id = checked;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT count(*) INTO booked FROM bookings_reservation WHERE session_id = checked AND booking = 'booked';
  IF said <> booked THEN
    RAISE EXCEPTION 'session % says % places taken, % are booked', checked, said, booked
      USING ERRCODE = 'check_violation', CONSTRAINT = 'places_are_counted', TABLE = 'bookings_scheduledsession';
  END IF;
END $$;

CREATE FUNCTION bookings_places_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM bookings_check_places(NEW.id);
  RETURN NULL;
END $$;

CREATE FUNCTION bookings_places_of_reservation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM bookings_check_places(OLD.session_id); END IF;
  IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.session_id <> OLD.session_id) THEN
    PERFORM bookings_check_places(NEW.session_id);
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER places_are_counted AFTER INSERT OR UPDATE OF places_taken ON bookings_scheduledsession
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bookings_places_of_session();
CREATE CONSTRAINT TRIGGER places_are_counted AFTER INSERT OR DELETE OR UPDATE OF booking, session_id
  ON bookings_reservation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bookings_places_of_reservation();
"""

FORGET_PLACES = """
DROP TRIGGER places_are_counted ON bookings_reservation;
DROP TRIGGER places_are_counted ON bookings_scheduledsession;
DROP FUNCTION bookings_places_of_reservation;
DROP FUNCTION bookings_places_of_session;
DROP FUNCTION bookings_check_places;
"""

# Two exceptions: a deleted login leaves `by` empty; an undone import takes away what it brought.
APPEND_EVENTS = """
DROP TRIGGER events_are_appended ON bookings_reservationevent;
CREATE OR REPLACE FUNCTION bookings_events_are_appended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN RETURN NEW; END IF;
  IF TG_OP = 'DELETE' AND OLD.kind = 'imported' THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'reservation events are appended, never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER events_are_appended BEFORE UPDATE OR DELETE ON bookings_reservationevent
  FOR EACH ROW EXECUTE FUNCTION bookings_events_are_appended();
"""

APPEND_EVENTS_AS_BEFORE = """
DROP TRIGGER events_are_appended ON bookings_reservationevent;
CREATE OR REPLACE FUNCTION bookings_events_are_appended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'reservation events are appended, never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER events_are_appended BEFORE UPDATE OF kind, action_id, occurred_at, recorded_at, before, after,
  undoes_id, version, reservation_id, studio_id ON bookings_reservationevent
  FOR EACH ROW EXECUTE FUNCTION bookings_events_are_appended();
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0003_rows_follow_their_studio"), ("portal", "0002_teacher_of_studio")]

    operations = [
        migrations.AddConstraint(
            model_name="room",
            constraint=models.UniqueConstraint(fields=("id", "location"), name="room_of_location"),
        ),
        *(
            in_the_same_house(f"bookings_{table}", f"{table}_{name}", columns, target, target_columns)
            for table in ("calendaritem", "scheduledsession")
            for name, columns, target, target_columns in (
                ("in_a_room_there", "room_id, location_id", "bookings_room", "id, location_id"),
                ("by_its_teacher", "teacher_id, studio_id", "portal_teacher", "id, studio_id"),
            )
        ),
        migrations.RunSQL(COUNT_PLACES, FORGET_PLACES),
        migrations.RunSQL(APPEND_EVENTS, APPEND_EVENTS_AS_BEFORE),
    ]
