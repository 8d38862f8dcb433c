from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0007_schedule")]

    operations: list[object] = []
