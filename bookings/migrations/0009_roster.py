from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0008_waiting_list")]

    operations: list[object] = []
