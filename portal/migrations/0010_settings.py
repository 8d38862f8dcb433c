from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("portal", "0009_staff")]

    operations: list[object] = []
