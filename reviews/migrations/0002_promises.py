"""PostgreSQL keeps what the code could forget: no review goes, none is hidden without a case, none changes unseen (P13)."""

from django.db import migrations

_GOES = "IF TG_OP = 'DELETE' AND portal_is_practice(OLD.studio_id) THEN RETURN OLD; END IF;"

# What a review was written about, when, and under which weights never changes. Its words and marks change where the
# ones before are kept as a version, and the words go when their author is scrubbed (Q39). It is hidden by a case alone.
REVIEWS = f"""
CREATE FUNCTION reviews_reviews_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_GOES}
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a review is never deleted' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (NEW.studio_id, NEW.reservation_id, NEW.written_at, NEW.source, NEW.weights)
    IS DISTINCT FROM (OLD.studio_id, OLD.reservation_id, OLD.written_at, OLD.source, OLD.weights) THEN
    RAISE EXCEPTION 'a review stays about its visit' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.scrubbed_at IS NULL AND OLD.scrubbed_at IS NOT NULL
    OR (NEW.text, NEW.marks, NEW.score) IS DISTINCT FROM (OLD.text, OLD.marks, OLD.score)
    AND NOT (NEW.scrubbed_at IS NOT NULL AND NEW.text = '' AND (NEW.marks, NEW.score) = (OLD.marks, OLD.score))
    AND NOT EXISTS (SELECT FROM reviews_reviewversion kept
      WHERE kept.review_id = OLD.id AND kept.text = OLD.text AND kept.marks = OLD.marks) THEN
    RAISE EXCEPTION 'what a review said is kept' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.hidden_at IS NOT NULL AND OLD.hidden_at IS NULL AND NOT EXISTS (SELECT FROM reviews_report
      WHERE review_id = OLD.id AND decision = 'hidden' AND decided_at = NEW.hidden_at) THEN
    RAISE EXCEPTION 'a review is hidden by a case alone' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER reviews_stay BEFORE UPDATE OR DELETE ON reviews_review
  FOR EACH ROW EXECUTE FUNCTION reviews_reviews_stay();

CREATE FUNCTION reviews_begins_in_its_studio() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.studio_id IS DISTINCT FROM (SELECT studio_id FROM bookings_reservation WHERE id = NEW.reservation_id) THEN
    RAISE EXCEPTION 'a review is of the studio that was visited' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF TG_TABLE_NAME = 'reviews_review' AND to_jsonb(NEW)->>'hidden_at' IS NOT NULL THEN
    RAISE EXCEPTION 'a review is hidden by a case alone' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER begins_in_its_studio BEFORE INSERT ON reviews_review
  FOR EACH ROW EXECUTE FUNCTION reviews_begins_in_its_studio();
CREATE TRIGGER begins_in_its_studio BEFORE INSERT ON reviews_reviewinvitation
  FOR EACH ROW EXECUTE FUNCTION reviews_begins_in_its_studio();
"""
REVIEWS_GO = """
DROP TRIGGER begins_in_its_studio ON reviews_reviewinvitation;
DROP TRIGGER begins_in_its_studio ON reviews_review;
DROP FUNCTION reviews_begins_in_its_studio;
DROP TRIGGER reviews_stay ON reviews_review;
DROP FUNCTION reviews_reviews_stay;
"""

# Versions are kept as they were; the words of a scrubbed author go.
VERSIONS = """
CREATE FUNCTION reviews_versions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  theirs reviews_review;
BEGIN
  SELECT * INTO theirs FROM reviews_review WHERE id = OLD.review_id;
  IF TG_OP = 'DELETE' AND portal_is_practice(theirs.studio_id) THEN RETURN OLD; END IF;
  IF TG_OP = 'UPDATE' AND theirs.scrubbed_at IS NOT NULL AND NEW.text = ''
    AND to_jsonb(NEW) - 'text' = to_jsonb(OLD) - 'text' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'versions of a review are kept' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER versions_stay BEFORE UPDATE OR DELETE ON reviews_reviewversion
  FOR EACH ROW EXECUTE FUNCTION reviews_versions_stay();
"""
VERSIONS_GO = "DROP TRIGGER versions_stay ON reviews_reviewversion; DROP FUNCTION reviews_versions_stay;"

# A reply is withdrawn, not deleted; what it said is kept. A deleted login leaves its rows with the reference empty.
RESPONSES = f"""
CREATE FUNCTION reviews_responses_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_GOES}
  RAISE EXCEPTION 'a reply is withdrawn, never deleted' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER responses_stay BEFORE DELETE ON reviews_response
  FOR EACH ROW EXECUTE FUNCTION reviews_responses_stay();

CREATE FUNCTION reviews_response_versions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN RETURN NEW; END IF;
  IF TG_OP = 'DELETE' AND portal_is_practice((SELECT studio_id FROM reviews_response WHERE id = OLD.response_id)) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'versions of a reply are kept' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER response_versions_stay BEFORE UPDATE OR DELETE ON reviews_responseversion
  FOR EACH ROW EXECUTE FUNCTION reviews_response_versions_stay();

CREATE FUNCTION reviews_cases_stay() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  people text[] := ARRAY['reported_by_id', 'decided_by_id'];
BEGIN
  {_GOES}
  IF TG_OP = 'UPDATE' AND OLD.decided_at IS NULL
    AND (NEW.review_id, NEW.studio_id, NEW.rule, NEW.reason, NEW.reported_at)
      = (OLD.review_id, OLD.studio_id, OLD.rule, OLD.reason, OLD.reported_at) THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - people = to_jsonb(OLD) - people
    AND (NEW.reported_by_id IS NULL OR NEW.reported_by_id = OLD.reported_by_id)
    AND (NEW.decided_by_id IS NULL OR NEW.decided_by_id = OLD.decided_by_id) THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'a case stays on record' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER cases_stay BEFORE UPDATE OR DELETE ON reviews_report
  FOR EACH ROW EXECUTE FUNCTION reviews_cases_stay();
"""
RESPONSES_GO = """
DROP TRIGGER cases_stay ON reviews_report;
DROP FUNCTION reviews_cases_stay;
DROP TRIGGER response_versions_stay ON reviews_responseversion;
DROP FUNCTION reviews_response_versions_stay;
DROP TRIGGER responses_stay ON reviews_response;
DROP FUNCTION reviews_responses_stay;
"""


def of_its_review(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE reviews_{table} ADD CONSTRAINT {table}_of_its_studio FOREIGN KEY (review_id, studio_id)"
        " REFERENCES reviews_review (id, studio_id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE reviews_{table} DROP CONSTRAINT {table}_of_its_studio",
    )


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_first"), ("portal", "0013_practice")]

    operations = [
        of_its_review("response"),
        of_its_review("report"),
        migrations.RunSQL(REVIEWS, REVIEWS_GO),
        migrations.RunSQL(VERSIONS, VERSIONS_GO),
        migrations.RunSQL(RESPONSES, RESPONSES_GO),
    ]
