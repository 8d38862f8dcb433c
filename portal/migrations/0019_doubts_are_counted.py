from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0018_export")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="doubts",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        )
    ]
