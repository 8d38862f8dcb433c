"""Series, classes of their own colour and rules, appointments that nothing overlaps, spots of the session's room."""

import datetime
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


def follows(table: str, name: str, columns: str, target: str, target_columns: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
        f" REFERENCES {target} ({target_columns}) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


# At commit: a session that changes its room gives out new spots in the same transaction.
SPOTS_OF_THE_ROOM = """
CREATE FUNCTION bookings_spots_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  checked bigint := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
  IF EXISTS (
    SELECT FROM bookings_reservation r
      JOIN bookings_spot spot ON spot.id = r.spot_id
      JOIN bookings_scheduledsession session ON session.id = r.session_id
     WHERE r.session_id = checked AND r.booking = 'booked' AND spot.room_id IS DISTINCT FROM session.room_id
  ) THEN
    RAISE EXCEPTION 'session % has a spot of another room', checked
      USING ERRCODE = 'check_violation', CONSTRAINT = 'spot_in_the_room', TABLE = 'bookings_reservation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER spot_in_the_room AFTER INSERT OR UPDATE OF spot_id, booking, session_id ON bookings_reservation
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.spot_id IS NOT NULL AND NEW.booking = 'booked')
  EXECUTE FUNCTION bookings_spots_of_session('session_id');
CREATE CONSTRAINT TRIGGER spot_in_the_room AFTER UPDATE OF room_id ON bookings_scheduledsession
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.room_id IS DISTINCT FROM OLD.room_id)
  EXECUTE FUNCTION bookings_spots_of_session('id');

CREATE FUNCTION bookings_spot_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a spot stays in its room' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER spot_stays BEFORE UPDATE OF room_id ON bookings_spot
  FOR EACH ROW WHEN (NEW.room_id <> OLD.room_id) EXECUTE FUNCTION bookings_spot_stays();
"""
SPOTS_OF_ANY_ROOM = """
DROP TRIGGER spot_stays ON bookings_spot;
DROP FUNCTION bookings_spot_stays;
DROP TRIGGER spot_in_the_room ON bookings_scheduledsession;
DROP TRIGGER spot_in_the_room ON bookings_reservation;
DROP FUNCTION bookings_spots_of_session;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0006_events_go_together'),
        ('portal', '0007_changes_are_appended'),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name='Recurrence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekdays', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), size=None, verbose_name='weekdays')),
                ('every_weeks', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(26)], verbose_name='every so many weeks')),
                ('local_start', models.TimeField(verbose_name='start')),
                ('duration_minutes', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(1440)], verbose_name='minutes')),
                ('first_on', models.DateField(verbose_name='first day')),
                ('last_on', models.DateField(verbose_name='last day')),
                ('capacity', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='capacity')),
                ('own', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), blank=True, default=list, size=None)),
                ('left_out', django.contrib.postgres.fields.ArrayField(base_field=models.DateField(), blank=True, default=list, size=None)),
            ],
            options={
                'ordering': ['first_on', 'local_start', 'id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='scheduledsession',
            name='session_within_capacity',
        ),
        migrations.AddField(
            model_name='calendaritem',
            name='allows_marketplaces',
            field=models.BooleanField(default=False, verbose_name='allow marketplace bookings'),
        ),
        migrations.AddField(
            model_name='calendaritem',
            name='archived_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='archived'),
        ),
        migrations.AddField(
            model_name='calendaritem',
            name='colour',
            field=models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(11)], verbose_name='colour'),
        ),
        migrations.AddField(
            model_name='calendaritem',
            name='marketplace_quota',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Empty: as many as there are.', null=True, verbose_name='places for marketplaces'),
        ),
        migrations.AddField(
            model_name='calendaritem',
            name='skips_holidays',
            field=models.BooleanField(default=False, verbose_name='not on public holidays'),
        ),
        migrations.AddField(
            model_name='calendaritem',
            name='waiting_places',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Empty: as the studio.', null=True, verbose_name='places on the waiting list'),
        ),
        migrations.AddField(
            model_name='reservation',
            name='waived_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='scheduledsession',
            name='cancelled_reason',
            field=models.CharField(blank=True, max_length=200, verbose_name='reason'),
        ),
        migrations.AddField(
            model_name='scheduledsession',
            name='is_exclusive',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='scheduledsession',
            name='occurs_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='scheduledsession',
            name='own',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), blank=True, default=list, size=None),
        ),
        migrations.AddField(
            model_name='scheduledsession',
            name='places_kept',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='scheduledsession',
            name='version',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='calendaritem',
            name='closes_minutes',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Empty: as the location, else as the studio.', null=True, verbose_name='bookable until, minutes before the start'),
        ),
        migrations.AlterField(
            model_name='calendaritem',
            name='opens_hours',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Empty: as the location, else as the studio.', null=True, verbose_name='bookable from, hours before the start'),
        ),
        migrations.AlterField(
            model_name='reservationevent',
            name='kind',
            field=models.CharField(choices=[('reserved', 'booked'), ('withdrawn', 'booking taken back'), ('checked_in', 'checked in'), ('check_in_reverted', 'check-in taken back'), ('no_show', 'marked as no-show'), ('no_show_reverted', 'no-show taken back'), ('cancelled', 'cancelled'), ('reinstated', 'cancellation taken back'), ('imported', 'imported'), ('spot_changed', 'has another spot')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='calendaritem',
            constraint=models.CheckConstraint(condition=models.Q(('colour__lt', 12)), name='item_colour_is_a_hue'),
        ),
        migrations.AddField(
            model_name='recurrence',
            name='item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recurrences', to='bookings.calendaritem'),
        ),
        migrations.AddField(
            model_name='recurrence',
            name='room',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='recurrences', to='bookings.room'),
        ),
        migrations.AddField(
            model_name='recurrence',
            name='studio',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recurrences', to='portal.studio'),
        ),
        migrations.AddField(
            model_name='recurrence',
            name='teacher',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='recurrences', to='portal.teacher'),
        ),
        migrations.AddField(
            model_name='scheduledsession',
            name='recurrence',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='sessions', to='bookings.recurrence'),
        ),
        migrations.AddIndex(
            model_name='scheduledsession',
            index=models.Index(fields=['studio', 'version'], name='session_version_of_studio'),
        ),
        migrations.AddIndex(
            model_name='scheduledsession',
            index=models.Index(fields=['item', 'starts_at'], name='session_of_item'),
        ),
        migrations.AddConstraint(
            model_name='scheduledsession',
            constraint=models.CheckConstraint(condition=models.Q(('capacity__isnull', True), ('places_taken__lte', django.db.models.functions.comparison.Greatest(models.F('capacity'), models.F('places_kept'))), _connector='OR'), name='session_within_capacity'),
        ),
        migrations.AddConstraint(
            model_name='scheduledsession',
            constraint=models.CheckConstraint(condition=models.Q(('places_kept', 0), ('places_kept__lte', models.F('places_taken')), _connector='OR'), name='session_keeps_who_is_booked'),
        ),
        migrations.AddConstraint(
            model_name='scheduledsession',
            constraint=models.CheckConstraint(condition=models.Q(('recurrence__isnull', True), ('occurs_on__isnull', False), _connector='OR'), name='session_of_series_has_its_day'),
        ),
        migrations.AddConstraint(
            model_name='scheduledsession',
            constraint=models.UniqueConstraint(fields=('recurrence', 'occurs_on'), name='one_session_per_occurrence'),
        ),
        migrations.AddConstraint(
            model_name='scheduledsession',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('cancelled_at__isnull', True), ('is_exclusive', True)), deferrable=django.db.models.constraints.Deferrable['IMMEDIATE'], expressions=[('teacher', '='), (models.Func(models.F('starts_at'), models.F('ends_at'), function='tstzrange', output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField()), '&&')], name='one_appointment_per_teacher_and_time'),
        ),
        migrations.AddConstraint(
            model_name='scheduledsession',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('cancelled_at__isnull', True), ('is_exclusive', True)), deferrable=django.db.models.constraints.Deferrable['IMMEDIATE'], expressions=[('room', '='), (models.Func(models.F('starts_at'), models.F('ends_at'), function='tstzrange', output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField()), '&&')], name='one_appointment_per_room_and_time'),
        ),
        migrations.AddConstraint(
            model_name='recurrence',
            constraint=models.CheckConstraint(condition=models.Q(('weekdays__len__gte', 1), ('weekdays__contained_by', [0, 1, 2, 3, 4, 5, 6])), name='recurrence_on_days_of_the_week'),
        ),
        migrations.AddConstraint(
            model_name='recurrence',
            constraint=models.CheckConstraint(condition=models.Q(('every_weeks__gte', 1)), name='recurrence_every_week_or_more'),
        ),
        migrations.AddConstraint(
            model_name='recurrence',
            constraint=models.CheckConstraint(condition=models.Q(('last_on__gte', models.F('first_on'))), name='recurrence_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='recurrence',
            constraint=models.CheckConstraint(condition=models.Q(('last_on__lte', django.db.models.expressions.CombinedExpression(models.F('first_on'), '+', models.Value(datetime.timedelta(days=731))))), name='recurrence_ends_within_two_years'),
        ),
        migrations.AddConstraint(
            model_name='recurrence',
            constraint=models.CheckConstraint(condition=models.Q(('duration_minutes__gte', 5)), name='recurrence_duration_positive'),
        ),
        migrations.AddConstraint(
            model_name='recurrence',
            constraint=models.CheckConstraint(condition=models.Q(('capacity__gte', 1)), name='recurrence_capacity_positive'),
        ),
        migrations.AddConstraint(
            model_name='recurrence',
            constraint=models.UniqueConstraint(fields=('id', 'item'), name='recurrence_of_item'),
        ),
        follows(
            "bookings_recurrence", "recurrence_of_its_item", "item_id, studio_id", "bookings_calendaritem", "id, studio_id"
        ),
        follows(
            "bookings_recurrence", "recurrence_by_its_teacher", "teacher_id, studio_id", "portal_teacher", "id, studio_id"
        ),
        follows(
            "bookings_scheduledsession",
            "session_of_its_series",
            "recurrence_id, item_id",
            "bookings_recurrence",
            "id, item_id",
        ),
        migrations.RunSQL(SPOTS_OF_THE_ROOM, SPOTS_OF_ANY_ROOM),
    ]
