"""What waits for a person may be tried again, and comes to another outcome: a message is still never rewritten."""

from django.db import migrations

BODY = """
CREATE OR REPLACE FUNCTION marketplace_messages_are_appended() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  outcome text[] := ARRAY['outcome', 'reason', 'handled_at'];
  content text[] := ARRAY['headers', 'body'];
BEGIN
  IF TG_OP = 'UPDATE' AND ({}) AND to_jsonb(NEW) - outcome = to_jsonb(OLD) - outcome THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND NEW.body = '' AND NEW.headers = '{{}}' AND to_jsonb(NEW) - content = to_jsonb(OLD) - content THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'messages are appended, never changed' USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0003_marketplaces")]

    operations = [
        migrations.RunSQL(
            BODY.format("OLD.handled_at IS NULL OR OLD.outcome = 'for_a_person'"),
            BODY.format("OLD.handled_at IS NULL"),
        )
    ]
