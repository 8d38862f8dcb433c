"""The studio's log is read newest first, a page at a time, however long it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("packages", "0003_practice"),
        ("portal", "0015_log_index"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["studio", "-occurred_at", "-id"], name="ledger_log"),
        ),
    ]
