"""Calendar feeds of teachers and locations; they stay in their studio."""

import django.db.models.deletion
from django.db import migrations, models


def follows(name: str, columns: str, target: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE bookings_calendarfeed ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
        f" REFERENCES {target} (id, studio_id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE bookings_calendarfeed DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("bookings", "0008_waiting_list")]

    operations = [
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("secret_hash", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("last_fetched_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="portal.stafflogin",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feeds",
                        to="portal.location",
                    ),
                ),
                (
                    "studio",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="feeds", to="portal.studio"
                    ),
                ),
                (
                    "teacher",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feeds",
                        to="portal.teacher",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [models.Index(fields=["studio", "-created_at"], name="feed_of_studio")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("location__isnull", True), ("teacher__isnull", False)),
                            models.Q(("location__isnull", False), ("teacher__isnull", True)),
                            _connector="OR",
                        ),
                        name="feed_of_a_teacher_or_a_location",
                    )
                ],
            },
        ),
        follows("feed_of_its_location", "location_id, studio_id", "portal_location"),
        follows("feed_of_its_teacher", "teacher_id, studio_id", "portal_teacher"),
    ]
