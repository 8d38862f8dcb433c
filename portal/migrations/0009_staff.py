from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("portal", "0008_members")]

    operations: list[object] = []
