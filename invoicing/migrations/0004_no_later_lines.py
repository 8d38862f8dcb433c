"""Nothing is added to an invoice once it is issued, and a series begins at its first number.

The lines come before the invoice, in its transaction: so whoever adds one finds no invoice yet, or is too late.
"""

from django.db import migrations

ADDED_TO = ("invoiceline", "billedvisit")
CLOSE = """
CREATE FUNCTION invoicing_nothing_is_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added JOIN invoicing_invoice issued ON issued.id = added.invoice_id) THEN
    RAISE EXCEPTION 'nothing is added to what was issued' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
""" + "".join(
    f"""
CREATE TRIGGER nothing_is_added AFTER INSERT ON invoicing_{table} REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_nothing_is_added();
"""
    for table in ADDED_TO
)
OPEN = "".join(f"DROP TRIGGER nothing_is_added ON invoicing_{table};" for table in ADDED_TO) + (
    "DROP FUNCTION invoicing_nothing_is_added;"
)
BEGIN = """
CREATE FUNCTION invoicing_numbers_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.last = 0 THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'a series of invoice numbers begins before 1' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER numbers_begin BEFORE INSERT ON invoicing_numberseries
  FOR EACH ROW EXECUTE FUNCTION invoicing_numbers_begin();
"""
FORGET = "DROP TRIGGER numbers_begin ON invoicing_numberseries; DROP FUNCTION invoicing_numbers_begin;"


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0003_statements")]

    operations = [migrations.RunSQL(CLOSE, OPEN), migrations.RunSQL(BEGIN, FORGET)]
