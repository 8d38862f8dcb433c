"""Composite foreign keys: no row points into another studio, and a reservation's copies follow its session."""

from django.db import migrations


def follow(table: str, name: str, columns: str, target: str, target_columns: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
        f" REFERENCES {target} ({target_columns}) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_constraints"), ("portal", "0001_first")]

    operations = [
        follow(
            "bookings_calendaritem", "item_in_its_studio", "location_id, studio_id", "portal_location", "id, studio_id"
        ),
        follow(
            "bookings_scheduledsession",
            "session_in_its_studio",
            "location_id, studio_id",
            "portal_location",
            "id, studio_id",
        ),
        follow(
            "bookings_scheduledsession",
            "session_of_its_item",
            "item_id, studio_id",
            "bookings_calendaritem",
            "id, studio_id",
        ),
        follow(
            "bookings_reservation", "reservation_of_its_member", "member_id, studio_id", "portal_member", "id, studio_id"
        ),
        follow(
            "bookings_reservation",
            "reservation_follows_its_session",
            "session_id, studio_id, location_id, starts_at, ends_at",
            "bookings_scheduledsession",
            "id, studio_id, location_id, starts_at, ends_at",
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION bookings_events_are_appended() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              RAISE EXCEPTION 'reservation events are appended, never changed' USING ERRCODE = 'restrict_violation';
            END $$;
            CREATE TRIGGER events_are_appended BEFORE UPDATE OF kind, action_id, occurred_at, recorded_at, before, after,
              undoes_id, version, reservation_id, studio_id ON bookings_reservationevent
              FOR EACH ROW EXECUTE FUNCTION bookings_events_are_appended();
            """,
            """
            DROP TRIGGER events_are_appended ON bookings_reservationevent;
            DROP FUNCTION bookings_events_are_appended;
            """,
        ),
    ]
