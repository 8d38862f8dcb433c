from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0013_practice")]

    operations = [
        migrations.AddField(
            model_name="ticket",
            name="seen_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("answered_at__isnull", False), ("seen_at__isnull", True)),
                fields=["login"],
                name="ticket_to_be_read",
            ),
        ),
    ]
