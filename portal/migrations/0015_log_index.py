"""The studio's log is read newest first, a page at a time, however long it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0014_ticket_read"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="change",
            index=models.Index(fields=["studio", "-occurred_at", "-id"], name="change_log"),
        ),
    ]
