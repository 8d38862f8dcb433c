from django.db import migrations, models

import portal.models.studio


class Migration(migrations.Migration):
    dependencies = [("portal", "0009_staff")]

    operations = [
        migrations.AddField(
            "studio",
            "logo",
            models.ImageField(blank=True, upload_to=portal.models.studio.logo_path, verbose_name="logo"),
        ),
        migrations.AddField(
            "studio",
            "brand_colour",
            models.CharField(
                blank=True,
                max_length=7,
                validators=[portal.models.studio.check_colour],
                verbose_name="brand colour",
            ),
        ),
    ]
