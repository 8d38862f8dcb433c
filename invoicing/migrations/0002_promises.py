"""PostgreSQL keeps what the code could forget: studios apart, and what was issued as it was issued."""

from django.db import migrations


def in_the_same_house(table: str, name: str, columns: str, target: str, target_columns: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
        f" REFERENCES {target} ({target_columns}) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


ISSUED = ("invoice", "invoiceline", "billedvisit", "invoicedocument", "invoiceevent", "payout", "payoutevent")

# A login or an operator that is deleted leaves its rows with the reference empty: that alone may change.
FREEZE = """
CREATE FUNCTION invoicing_stays_as_issued() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  people text[] := ARRAY['by_id', 'operator_id'];
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - people = to_jsonb(OLD) - people
     AND (to_jsonb(NEW)->'by_id' = to_jsonb(OLD)->'by_id' OR to_jsonb(NEW)->>'by_id' IS NULL)
     AND (to_jsonb(NEW)->'operator_id' = to_jsonb(OLD)->'operator_id' OR to_jsonb(NEW)->>'operator_id' IS NULL)
  THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'what was issued is never changed: a correction is a document of its own'
    USING ERRCODE = 'restrict_violation';
END $$;
""" + "".join(
    f"""
CREATE TRIGGER stays_as_issued BEFORE UPDATE OR DELETE ON invoicing_{table}
  FOR EACH ROW EXECUTE FUNCTION invoicing_stays_as_issued();
"""
    for table in ISSUED
)
THAW = "".join(f"DROP TRIGGER stays_as_issued ON invoicing_{table};" for table in ISSUED) + (
    "DROP FUNCTION invoicing_stays_as_issued;"
)

# A number is given once and the next one is one more: the series never goes back, and never jumps.
COUNT = """
CREATE FUNCTION invoicing_numbers_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.last IN (OLD.last, OLD.last + 1)
     AND (NEW.studio_id, NEW.prefix, NEW.year) = (OLD.studio_id, OLD.prefix, OLD.year) THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'invoice numbers follow each other' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER numbers_follow BEFORE UPDATE OR DELETE ON invoicing_numberseries
  FOR EACH ROW EXECUTE FUNCTION invoicing_numbers_follow();
"""
COUNT_NO_MORE = "DROP TRIGGER numbers_follow ON invoicing_numberseries; DROP FUNCTION invoicing_numbers_follow;"


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0001_first")]

    operations = [
        *(
            in_the_same_house(
                f"invoicing_{table}",
                f"{table}_of_its_studio",
                "invoice_id, studio_id",
                "invoicing_invoice",
                "id, studio_id",
            )
            for table in ("invoiceline", "billedvisit", "invoicedocument", "invoiceevent", "payout")
        ),
        in_the_same_house(
            "invoicing_invoice",
            "invoice_of_its_connection",
            "connection_id, studio_id",
            "marketplace_connection",
            "id, studio_id",
        ),
        in_the_same_house(
            "invoicing_invoice",
            "invoice_of_its_contract",
            "contract_id, studio_id",
            "marketplace_contract",
            "id, studio_id",
        ),
        in_the_same_house(
            "invoicing_billedvisit",
            "billed_visit_of_its_line",
            "line_id, invoice_id",
            "invoicing_invoiceline",
            "id, invoice_id",
        ),
        in_the_same_house(
            "invoicing_billedvisit",
            "billed_visit_of_its_studio_too",
            "visit_id, studio_id",
            "marketplace_visit",
            "id, studio_id",
        ),
        migrations.RunSQL(FREEZE, THAW),
        migrations.RunSQL(COUNT, COUNT_NO_MORE),
    ]
