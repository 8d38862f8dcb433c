"""That a member's address was changed stays in the log when the person who has the address is deleted; it goes alone.

Else a made-up person who is deleted would take the trace of a changed address with them (Q34, Q39).
"""

from django.db import migrations

CHANGES = """
CREATE OR REPLACE FUNCTION portal_changes_are_appended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL
    AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND NEW.before = '{{}}' AND NEW.after = '{{}}'
    AND to_jsonb(NEW) - 'before' - 'after' = to_jsonb(OLD) - 'before' - 'after' THEN RETURN NEW; END IF;
  {email}
  IF TG_OP = 'DELETE' AND portal_is_practice(OLD.studio_id) THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'changes are appended, never changed' USING ERRCODE = 'restrict_violation';
END $$;
"""
EMAIL = """
  IF TG_OP = 'UPDATE' AND OLD.subject = 'member' AND OLD.kind = 'edited'
    AND OLD.before ? 'email' AND OLD.after ? 'email'
    AND NEW.before IN (jsonb_build_object('email', '[…]'), jsonb_build_object('email', OLD.before->'email'))
    AND NEW.after IN (jsonb_build_object('email', '[…]'), jsonb_build_object('email', OLD.after->'email'))
    AND to_jsonb(NEW) - 'before' - 'after' = to_jsonb(OLD) - 'before' - 'after' THEN RETURN NEW; END IF;
"""


class Migration(migrations.Migration):
    dependencies = [("portal", "0020_news_waits_without_words")]

    operations = [migrations.RunSQL(CHANGES.format(email=EMAIL), CHANGES.format(email=""))]
