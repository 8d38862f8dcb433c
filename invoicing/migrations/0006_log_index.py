"""The studio's log is read newest first, a page at a time, however long it is."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("invoicing", "0005_statement_places"),
        ("portal", "0015_log_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="invoiceevent",
            index=models.Index(fields=["studio", "-occurred_at", "-id"], name="invoice_event_log"),
        ),
    ]
