"""Who wrote can be in doubt, by a line of the studio's log (Q34); it stays to be seen when it is settled."""

import django.db.models.deletion
from django.db import migrations, models

LABELS = [
    ("hidden", "hidden"),
    ("kept", "stays"),
    ("shown_again", "shown again"),
    ("visit_stands", "visit and author are right: it counts"),
    ("visit_fell", "visit or author is not right: it does not count"),
]

DOUBTS = """
CREATE FUNCTION reviews_doubts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a doubt is settled by a case, never taken away' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER doubts_stay BEFORE UPDATE OF doubt_id ON reviews_review
  FOR EACH ROW WHEN (OLD.doubt_id IS NOT NULL AND NEW.doubt_id IS DISTINCT FROM OLD.doubt_id)
  EXECUTE FUNCTION reviews_doubts_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0003_held_tighter"), ("portal", "0013_practice")]

    operations = [
        migrations.AddField(
            model_name="review",
            name="doubt",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portal.change"
            ),
        ),
        migrations.AlterField(
            model_name="report",
            name="decision",
            field=models.CharField(blank=True, choices=LABELS, max_length=15, verbose_name="decision"),
        ),
        migrations.RunSQL(DOUBTS, "DROP TRIGGER doubts_stay ON reviews_review; DROP FUNCTION reviews_doubts_stay;"),
    ]
