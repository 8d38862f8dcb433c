import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0010_settings")]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("screen", models.SlugField(max_length=30)),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                ("query", models.CharField(max_length=1000)),
                (
                    "login",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to="portal.stafflogin",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("login"),
                        models.F("screen"),
                        django.db.models.functions.text.Lower("name"),
                        name="saved_view_name_once_per_screen",
                    )
                ],
            },
        ),
    ]
