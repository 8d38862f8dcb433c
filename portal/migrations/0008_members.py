from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("portal", "0007_changes_are_appended")]

    operations: list[object] = []
