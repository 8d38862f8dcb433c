from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0006_events_go_together"), ("portal", "0007_changes_are_appended")]

    operations: list[object] = []
