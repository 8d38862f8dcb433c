"""Since when a review is in doubt: a doubt that comes after "it does not count" is the operator's to answer (Q34)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviews", "0005_author_stays")]

    operations = [
        migrations.AddField(model_name="review", name="doubted_at", field=models.DateTimeField(null=True)),
    ]
