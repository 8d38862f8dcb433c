"""The operator's desk counts the messages that wait for a person each time it is opened."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0006_further_terms")]

    operations = [
        migrations.AddIndex(
            model_name="inboxmessage",
            index=models.Index(
                fields=["received_at"], condition=models.Q(outcome="for_a_person"), name="message_for_a_person"
            ),
        ),
    ]
