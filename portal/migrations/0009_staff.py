"""Invitations, wishes for a login, PINs; PostgreSQL keeps the last owner of a studio."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions
from django.conf import settings
from django.db import migrations, models

PRESETS = [
    ("owner", "Owner"), ("manager", "Manager"), ("teacher", "Teacher"), ("desk", "Desk, check in"),
    ("viewer", "Desk, view only"),
]  # fmt: skip

# Asked when the transaction ends, so that a studio can still be deleted with all that it has. The lock on the studio
# makes two owners who demote each other at once wait for each other; the second then sees what the first has done.
LAST_OWNER = """
CREATE FUNCTION portal_last_owner_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM portal_studio WHERE id = OLD.studio_id FOR NO KEY UPDATE;
  IF FOUND AND NOT EXISTS (
    SELECT 1 FROM portal_stafflogin WHERE studio_id = OLD.studio_id AND preset = 'owner' AND is_active
  ) THEN
    RAISE EXCEPTION 'the last owner stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'last_owner_stays';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER last_owner_stays AFTER UPDATE ON portal_stafflogin DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.preset = 'owner' AND OLD.is_active AND NOT (
    NEW.preset = 'owner' AND NEW.is_active AND NEW.studio_id = OLD.studio_id
  )) EXECUTE FUNCTION portal_last_owner_stays();
CREATE CONSTRAINT TRIGGER last_owner_is_not_deleted AFTER DELETE ON portal_stafflogin DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.preset = 'owner' AND OLD.is_active) EXECUTE FUNCTION portal_last_owner_stays();
"""
FORGET = """
DROP TRIGGER last_owner_stays ON portal_stafflogin;
DROP TRIGGER last_owner_is_not_deleted ON portal_stafflogin;
DROP FUNCTION portal_last_owner_stays;
"""


def teacher_in_studio(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE portal_{table} ADD CONSTRAINT {table}_teaches_in_its_studio FOREIGN KEY"
        " (teaches_as_id, studio_id) REFERENCES portal_teacher (id, studio_id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE portal_{table} DROP CONSTRAINT {table}_teaches_in_its_studio",
    )


def person(related_name: str = "+"):
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name=related_name, to="portal.stafflogin"
    )


def asked_for(related_name: str):
    """What an invitation and a wish have in common."""
    return [
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
        ("name", models.CharField(max_length=100, verbose_name="name")),
        ("preset", models.CharField(choices=PRESETS, max_length=10, verbose_name="preset")),
        ("studio", models.ForeignKey(
            on_delete=django.db.models.deletion.CASCADE, related_name=related_name, to="portal.studio"
        )),
        ("locations", models.ManyToManyField(
            blank=True, related_name="+", to="portal.location", verbose_name="pinned to"
        )),
        ("teaches_as", models.ForeignKey(
            blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="portal.teacher"
        )),
    ]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("portal", "0008_members"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField("stafflogin", "removed_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("stafflogin", "seen_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddConstraint(
            "stafflogin",
            models.CheckConstraint(
                condition=models.Q(("removed_at__isnull", True), ("is_active", False), _connector="OR"),
                name="removed_login_is_off",
            ),
        ),
        migrations.AddField(
            "studio",
            "lock_after_minutes",
            models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MaxValueValidator(1440)],
                verbose_name="lock the desk after minutes without a touch",
            ),
        ),
        migrations.AddField(
            "studio",
            "two_step_required",
            models.BooleanField(default=False, verbose_name="owners and managers log in with two steps"),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                *asked_for("invitations"),
                ("invited_at", models.DateTimeField()),
                ("link", models.PositiveSmallIntegerField(default=1)),
                ("secret_hash", models.CharField(blank=True, max_length=64)),
                ("link_made_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("invited_by", person()),
                ("accepted_as", person()),
            ],
            options={
                "ordering": ["-invited_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("studio"),
                        django.db.models.functions.Lower("email"),
                        condition=models.Q(("accepted_at__isnull", True), ("withdrawn_at__isnull", True)),
                        name="one_open_invitation_per_address",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("secret_hash", ""), _negated=True),
                        fields=("secret_hash",),
                        name="invitation_secret_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LoginWish",
            fields=[
                *asked_for("login_wishes"),
                ("why", models.CharField(blank=True, max_length=300, verbose_name="what for")),
                ("asked_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("is_granted", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                ("asked_by", person()),
                ("decided_by", person()),
                ("invitation", models.OneToOneField(
                    null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="wish", to="portal.invitation"
                )),
            ],
            options={
                "ordering": ["-asked_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("studio"),
                        django.db.models.functions.Lower("email"),
                        condition=models.Q(("decided_at__isnull", True)),
                        name="one_open_wish_per_address",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeskPin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digits", models.CharField(max_length=128)),
                ("set_at", models.DateTimeField()),
                ("wrong_tries", models.PositiveSmallIntegerField(default=0)),
                ("locked_until", models.DateTimeField(null=True)),
                ("login", models.OneToOneField(
                    on_delete=django.db.models.deletion.CASCADE, related_name="pin", to="portal.stafflogin"
                )),
            ],
        ),
        teacher_in_studio("invitation"),
        teacher_in_studio("loginwish"),
        migrations.RunSQL(LAST_OWNER, FORGET),
    ]
