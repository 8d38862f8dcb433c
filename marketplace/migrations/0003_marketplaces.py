"""The marketplaces that come with the product, under the words that their bookings have."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SHIPPED = [
    ("wellpass", "Wellpass", "pull", "groupx"),
    ("wellhub", "Wellhub", "confirm_later", ""),
    ("urban", "Urban Sports Club", "confirm_now", ""),
    ("classpass", "ClassPass", "pull", ""),
    ("onefit", "OneFit", "check_in", ""),
]


def ship(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    marketplaces = apps.get_model("marketplace", "Marketplace")
    marketplaces.objects.bulk_create(
        [marketplaces(key=key, name=name, shape=shape, adapter=adapter) for key, name, shape, adapter in SHIPPED],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0002_promises")]

    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
