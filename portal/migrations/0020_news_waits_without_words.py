"""What waits to be told is asked of its job when the mail goes out: no word of it is kept."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0019_doubts_are_counted")]

    operations = [
        # With a default, so that the columns can come back.
        migrations.AlterField(
            model_name="notice", name="text", field=models.CharField(blank=True, default="", max_length=300)
        ),
        migrations.AlterField(
            model_name="notice", name="path", field=models.CharField(blank=True, default="", max_length=500)
        ),
        migrations.RemoveField(model_name="notice", name="text"),
        migrations.RemoveField(model_name="notice", name="path"),
        migrations.RemoveField(model_name="notice", name="body"),
    ]
