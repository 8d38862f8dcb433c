from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("portal", "0010_settings")]

    operations: list[object] = []
