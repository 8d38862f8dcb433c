"""What the guards let through: emptied tables, versions of another moment, visits settled without a case.

And what they held too tight: the name of a deleted author in the studio's words (Q39).
"""

from django.db import migrations, models

_GOES = "IF TG_OP = 'DELETE' AND portal_is_practice(OLD.studio_id) THEN RETURN OLD; END IF;"

KEPT = ("review", "reviewversion", "report", "response", "responseversion")
EMPTIED = """
CREATE FUNCTION reviews_are_not_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'reviews and what was said about them are kept' USING ERRCODE = 'restrict_violation';
END $$;
""" + "\n".join(
    f"CREATE TRIGGER not_emptied BEFORE TRUNCATE ON reviews_{table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION reviews_are_not_emptied();"
    for table in KEPT
)
EMPTIED_GO = (
    "\n".join(f"DROP TRIGGER not_emptied ON reviews_{table};" for table in KEPT)
    + "\nDROP FUNCTION reviews_are_not_emptied;"
)

# As in 0002; besides, the version is of the very change, and a visit is settled by a case alone.
REVIEWS = f"""
CREATE OR REPLACE FUNCTION reviews_reviews_stay() RETURNS trigger LANGUAGE plpgsql AS $$
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
      WHERE kept.review_id = OLD.id AND kept.replaced_at = NEW.edited_at
        AND (kept.text, kept.marks, kept.score) = (OLD.text, OLD.marks, OLD.score)) THEN
    RAISE EXCEPTION 'what a review said is kept' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.hidden_at IS NOT NULL AND NEW.hidden_at IS DISTINCT FROM OLD.hidden_at
    AND NOT EXISTS (SELECT FROM reviews_report
      WHERE review_id = OLD.id AND decision = 'hidden' AND decided_at = NEW.hidden_at) THEN
    RAISE EXCEPTION 'a review is hidden by a case alone' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.settled_at IS NOT NULL AND NEW.settled_at IS DISTINCT FROM OLD.settled_at
    AND NOT EXISTS (SELECT FROM reviews_report
      WHERE review_id = OLD.id AND decision = 'visit_stands' AND decided_at = NEW.settled_at) THEN
    RAISE EXCEPTION 'a visit is settled by a case alone' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION reviews_begins_in_its_studio() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.studio_id IS DISTINCT FROM (SELECT studio_id FROM bookings_reservation WHERE id = NEW.reservation_id) THEN
    RAISE EXCEPTION 'a review is of the studio that was visited' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF TG_TABLE_NAME = 'reviews_review'
    AND (to_jsonb(NEW)->>'hidden_at' IS NOT NULL OR to_jsonb(NEW)->>'settled_at' IS NOT NULL) THEN
    RAISE EXCEPTION 'a review is hidden or settled by a case alone' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""

# Once the author was deleted, their name gives way to the sign that something stood there; nothing else changes.
NAMES = f"""
CREATE FUNCTION reviews_name_gone(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT after = before OR strpos(after, '[…]') > 0
$$;

CREATE OR REPLACE FUNCTION reviews_response_versions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'text' = to_jsonb(OLD) - 'text' AND reviews_name_gone(OLD.text, NEW.text)
    AND EXISTS (SELECT FROM reviews_response reply JOIN reviews_review review ON review.id = reply.review_id
      WHERE reply.id = OLD.response_id AND review.scrubbed_at IS NOT NULL) THEN RETURN NEW; END IF;
  IF TG_OP = 'DELETE' AND portal_is_practice((SELECT studio_id FROM reviews_response WHERE id = OLD.response_id)) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'versions of a reply are kept' USING ERRCODE = 'restrict_violation';
END $$;

CREATE OR REPLACE FUNCTION reviews_cases_stay() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  people text[] := ARRAY['reported_by_id', 'decided_by_id'];
  words text[] := ARRAY['reason', 'decision_reason'];
BEGIN
  {_GOES}
  IF TG_OP = 'UPDATE' AND OLD.decided_at IS NULL
    AND (NEW.review_id, NEW.studio_id, NEW.rule, NEW.reason, NEW.reported_at)
      = (OLD.review_id, OLD.studio_id, OLD.rule, OLD.reason, OLD.reported_at) THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - people = to_jsonb(OLD) - people
    AND (NEW.reported_by_id IS NULL OR NEW.reported_by_id = OLD.reported_by_id)
    AND (NEW.decided_by_id IS NULL OR NEW.decided_by_id = OLD.decided_by_id) THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - words = to_jsonb(OLD) - words
    AND reviews_name_gone(OLD.reason, NEW.reason) AND reviews_name_gone(OLD.decision_reason, NEW.decision_reason)
    AND EXISTS (SELECT FROM reviews_review WHERE id = OLD.review_id AND scrubbed_at IS NOT NULL) THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'a case stays on record' USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0002_promises")]

    operations = [
        migrations.AddField(
            model_name="reviewinvitation",
            name="address",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.RunSQL(EMPTIED, EMPTIED_GO),
        migrations.RunSQL(REVIEWS, migrations.RunSQL.noop),
        migrations.RunSQL(NAMES, "DROP FUNCTION reviews_name_gone CASCADE"),
    ]
