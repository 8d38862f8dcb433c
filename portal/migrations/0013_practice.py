"""A studio for practice is one from its first moment, and it alone goes with its log."""

from django.db import migrations

PRACTICE = """
CREATE FUNCTION portal_is_practice(studio bigint) RETURNS boolean LANGUAGE sql STABLE AS
  'SELECT EXISTS (SELECT FROM portal_studio WHERE id = studio AND practice_of_id IS NOT NULL)';
CREATE FUNCTION portal_practice_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'no studio becomes one for practice' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER practice_stays BEFORE UPDATE OF practice_of_id ON portal_studio
  FOR EACH ROW WHEN (OLD.practice_of_id IS DISTINCT FROM NEW.practice_of_id) EXECUTE FUNCTION portal_practice_stays();
"""
PRACTISE_NO_MORE = """
DROP TRIGGER practice_stays ON portal_studio;
DROP FUNCTION portal_practice_stays;
DROP FUNCTION portal_is_practice;
"""

CHANGES = """
CREATE OR REPLACE FUNCTION portal_changes_are_appended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND NEW.before = '{{}}' AND NEW.after = '{{}}'
    AND to_jsonb(NEW) - 'before' - 'after' = to_jsonb(OLD) - 'before' - 'after' THEN RETURN NEW; END IF;
  {practice}
  RAISE EXCEPTION 'changes are appended, never changed' USING ERRCODE = 'restrict_violation';
END $$;
"""
GOES = "IF TG_OP = 'DELETE' AND portal_is_practice(OLD.studio_id) THEN RETURN OLD; END IF;"


class Migration(migrations.Migration):
    dependencies = [("portal", "0012_support_and_notices")]

    operations = [
        migrations.RunSQL(PRACTICE, PRACTISE_NO_MORE),
        migrations.RunSQL(CHANGES.format(practice=GOES), CHANGES.format(practice="")),
    ]
