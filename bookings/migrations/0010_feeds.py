from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0009_roster")]

    operations: list[object] = []
