"""The studio's log is read newest first, a page at a time, however long it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0014_practice"),
        ("portal", "0015_log_index"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="reservationevent",
            index=models.Index(fields=["studio", "-occurred_at", "-id"], name="reservation_event_log"),
        ),
        migrations.AddIndex(
            model_name="waitingevent",
            index=models.Index(fields=["studio", "-occurred_at", "-id"], name="waiting_event_log"),
        ),
    ]
