"""PostgreSQL keeps what the code could forget: studios apart, messages as they came."""

from django.db import migrations


def in_the_same_house(table: str, name: str, columns: str, target: str, target_columns: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
        f" REFERENCES {target} ({target_columns}) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


# Two exceptions: the outcome is written once, and the content may be emptied, for it names people (Q39).
APPEND = """
CREATE FUNCTION marketplace_messages_are_appended() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  outcome text[] := ARRAY['outcome', 'reason', 'handled_at'];
  content text[] := ARRAY['headers', 'body'];
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.handled_at IS NULL AND to_jsonb(NEW) - outcome = to_jsonb(OLD) - outcome THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND NEW.body = '' AND NEW.headers = '{}' AND to_jsonb(NEW) - content = to_jsonb(OLD) - content THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'messages are appended, never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER messages_are_appended BEFORE UPDATE OR DELETE ON marketplace_inboxmessage
  FOR EACH ROW EXECUTE FUNCTION marketplace_messages_are_appended();
"""
FORGET = """
DROP TRIGGER messages_are_appended ON marketplace_inboxmessage;
DROP FUNCTION marketplace_messages_are_appended;
"""

# A version of terms holds until the next one: what began to hold is not rewritten, later invoices say what it said.
KEEP_TERMS = """
CREATE FUNCTION marketplace_terms_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) = to_jsonb(OLD) THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'terms are agreed: a change is a further version' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER terms_stay BEFORE UPDATE ON marketplace_contractterms
  FOR EACH ROW EXECUTE FUNCTION marketplace_terms_stay();
"""
FORGET_TERMS = """
DROP TRIGGER terms_stay ON marketplace_contractterms;
DROP FUNCTION marketplace_terms_stay;
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0001_first")]

    operations = [
        *(
            in_the_same_house(
                f"marketplace_{table}",
                f"{table}_of_its_connection",
                "connection_id, studio_id",
                "marketplace_connection",
                "id, studio_id",
            )
            for table in (
                "connectedlocation",
                "contract",
                "listing",
                "syncrun",
                "call",
                "inboxmessage",
                "exchange",
                "guest",
                "visit",
                "conflict",
            )
        ),
        in_the_same_house(
            "marketplace_connectedlocation",
            "connected_location_of_its_studio",
            "location_id, studio_id",
            "portal_location",
            "id, studio_id",
        ),
        in_the_same_house(
            "marketplace_contractterms",
            "terms_of_their_contract",
            "contract_id, studio_id",
            "marketplace_contract",
            "id, studio_id",
        ),
        in_the_same_house(
            "marketplace_listing",
            "listing_of_its_session",
            "session_id, studio_id",
            "bookings_scheduledsession",
            "id, studio_id",
        ),
        in_the_same_house(
            "marketplace_call",
            "call_of_its_listing",
            "listing_id, connection_id",
            "marketplace_listing",
            "id, connection_id",
        ),
        in_the_same_house(
            "marketplace_guest", "guest_is_a_member_here", "member_id, studio_id", "portal_member", "id, studio_id"
        ),
        in_the_same_house(
            "marketplace_visit", "visit_of_its_guest", "guest_id, connection_id", "marketplace_guest", "id, connection_id"
        ),
        in_the_same_house(
            "marketplace_visit",
            "visit_of_its_session",
            "session_id, studio_id",
            "bookings_scheduledsession",
            "id, studio_id",
        ),
        in_the_same_house(
            "marketplace_conflict", "conflict_of_its_visit", "visit_id, studio_id", "marketplace_visit", "id, studio_id"
        ),
        migrations.RunSQL(APPEND, FORGET),
        migrations.RunSQL(KEEP_TERMS, FORGET_TERMS),
    ]
