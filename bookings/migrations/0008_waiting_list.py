"""The waiting list: who waits, what happened, and the places that are held, counted as those that are taken."""

import bookings.rules.waiting
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
from django.db import migrations, models


def in_the_same_house(name: str, columns: str, target: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE bookings_waitingentry ADD CONSTRAINT {name} FOREIGN KEY ({columns}, studio_id)"
        f" REFERENCES {target} (id, studio_id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE bookings_waitingentry DROP CONSTRAINT {name}",
    )


# At commit, like the places taken (migration 0004): the number held is the number of people who are offered one.
COUNT_HELD = """
CREATE FUNCTION bookings_check_held(checked bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  said bigint;
  offered bigint;
BEGIN
  SELECT places_held INTO said FROM bookings_scheduledsession WHERE id = checked;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT count(*) INTO offered FROM bookings_waitingentry WHERE session_id = checked AND state = 'offered';
  IF said <> offered THEN
    RAISE EXCEPTION 'session % says % places held, % are offered', checked, said, offered
      USING ERRCODE = 'check_violation', CONSTRAINT = 'held_places_are_counted', TABLE = 'bookings_scheduledsession';
  END IF;
END $$;

CREATE FUNCTION bookings_held_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM bookings_check_held(NEW.id);
  RETURN NULL;
END $$;

CREATE FUNCTION bookings_held_of_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM bookings_check_held(OLD.session_id); END IF;
  IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.session_id <> OLD.session_id) THEN
    PERFORM bookings_check_held(NEW.session_id);
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER held_places_are_counted AFTER UPDATE OF places_held ON bookings_scheduledsession
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.places_held <> OLD.places_held)
  EXECUTE FUNCTION bookings_held_of_session();
CREATE CONSTRAINT TRIGGER held_places_begin_at_none AFTER INSERT ON bookings_scheduledsession
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.places_held <> 0) EXECUTE FUNCTION bookings_held_of_session();
CREATE CONSTRAINT TRIGGER held_places_are_counted AFTER INSERT OR DELETE OR UPDATE OF state, session_id
  ON bookings_waitingentry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bookings_held_of_entry();
"""
FORGET_HELD = """
DROP TRIGGER held_places_are_counted ON bookings_waitingentry;
DROP TRIGGER held_places_begin_at_none ON bookings_scheduledsession;
DROP TRIGGER held_places_are_counted ON bookings_scheduledsession;
DROP FUNCTION bookings_held_of_entry;
DROP FUNCTION bookings_held_of_session;
DROP FUNCTION bookings_check_held;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0007_schedule'),
        ('portal', '0007_changes_are_appended'),
    ]

    operations = [
        migrations.CreateModel(
            name='WaitingEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.SlugField(max_length=30, verbose_name='source')),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('offered', 'place offered'), ('accepted', 'has a place'), ('lapsed', 'not answered in time'), ('left', 'left the list')], default='waiting', max_length=10)),
                ('joined_at', models.DateTimeField()),
                ('offered_at', models.DateTimeField(blank=True, null=True)),
                ('held_until', models.DateTimeField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='WaitingEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('joined', 'joined the waiting list'), ('offered', 'was offered a place'), ('accepted', 'took the place'), ('declined', 'declined the place'), ('left', 'left the waiting list'), ('lapsed', 'did not answer in time'), ('closed', 'the waiting list closed')], max_length=10)),
                ('action_id', models.UUIDField()),
                ('occurred_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by_word', models.CharField(blank=True, max_length=30)),
                ('version', models.BigIntegerField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='scheduledsession',
            name='session_within_capacity',
        ),
        migrations.RemoveConstraint(
            model_name='scheduledsession',
            name='session_keeps_who_is_booked',
        ),
        migrations.AddField(
            model_name='scheduledsession',
            name='places_held',
            field=models.PositiveIntegerField(default=0, verbose_name='places held'),
        ),
        migrations.AddConstraint(
            model_name='scheduledsession',
            constraint=models.CheckConstraint(condition=models.Q(('capacity__isnull', True), ('places_taken__lte', django.db.models.expressions.CombinedExpression(django.db.models.functions.comparison.Greatest(models.F('capacity'), models.F('places_kept')), '-', models.F('places_held'))), _connector='OR'), name='session_within_capacity'),
        ),
        migrations.AddConstraint(
            model_name='scheduledsession',
            constraint=models.CheckConstraint(condition=models.Q(('places_kept', 0), ('places_kept__lte', django.db.models.expressions.CombinedExpression(models.F('places_taken'), '+', models.F('places_held'))), _connector='OR'), name='session_keeps_who_is_booked'),
        ),
        migrations.AddConstraint(
            model_name='scheduledsession',
            constraint=models.UniqueConstraint(fields=('id', 'studio'), name='session_of_studio'),
        ),
        migrations.AddField(
            model_name='waitingentry',
            name='by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='portal.stafflogin'),
        ),
        migrations.AddField(
            model_name='waitingentry',
            name='member',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waiting', to='portal.member'),
        ),
        migrations.AddField(
            model_name='waitingentry',
            name='reservation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='bookings.reservation'),
        ),
        migrations.AddField(
            model_name='waitingentry',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waiting', to='bookings.scheduledsession'),
        ),
        migrations.AddField(
            model_name='waitingentry',
            name='studio',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='waiting', to='portal.studio'),
        ),
        migrations.AddField(
            model_name='waitingevent',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='portal.stafflogin'),
        ),
        migrations.AddField(
            model_name='waitingevent',
            name='entry',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='bookings.waitingentry'),
        ),
        migrations.AddField(
            model_name='waitingevent',
            name='studio',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portal.studio'),
        ),
        migrations.AddIndex(
            model_name='waitingentry',
            index=models.Index(condition=models.Q(('state__in', [bookings.rules.waiting.Waiting['WAITING'], bookings.rules.waiting.Waiting['OFFERED']])), fields=['session', 'id'], name='waiting_open_of_session'),
        ),
        migrations.AddIndex(
            model_name='waitingentry',
            index=models.Index(fields=['member', '-id'], name='waiting_of_member'),
        ),
        migrations.AddIndex(
            model_name='waitingentry',
            index=models.Index(condition=models.Q(('state', bookings.rules.waiting.Waiting['OFFERED'])), fields=['held_until'], name='waiting_to_lapse'),
        ),
        migrations.AddConstraint(
            model_name='waitingentry',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', [bookings.rules.waiting.Waiting['WAITING'], bookings.rules.waiting.Waiting['OFFERED']])), fields=('session', 'member'), name='one_open_wait_per_member_and_session'),
        ),
        migrations.AddConstraint(
            model_name='waitingentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', bookings.rules.waiting.Waiting['OFFERED']), _negated=True), models.Q(('held_until__isnull', False), ('offered_at__isnull', False)), _connector='OR'), name='offered_is_held'),
        ),
        migrations.AddConstraint(
            model_name='waitingentry',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [bookings.rules.waiting.Waiting['WAITING'], bookings.rules.waiting.Waiting['OFFERED']]), ('closed_at__isnull', False), _connector='OR'), name='closed_wait_has_its_time'),
        ),
        migrations.AddIndex(
            model_name='waitingevent',
            index=models.Index(fields=['studio', 'version'], name='waiting_event_version'),
        ),
        migrations.AddIndex(
            model_name='waitingevent',
            index=models.Index(fields=['entry', 'id'], name='waiting_event_of_entry'),
        ),
        migrations.AddConstraint(
            model_name='waitingevent',
            constraint=models.UniqueConstraint(fields=('studio', 'action_id'), name='one_waiting_event_per_action'),
        ),
        in_the_same_house("wait_for_its_session", "session_id", "bookings_scheduledsession"),
        in_the_same_house("wait_of_its_member", "member_id", "portal_member"),
        migrations.RunSQL(COUNT_HELD, FORGET_HELD),
        # The function of migration 0004: rows are appended, a deleted login leaves `by` empty.
        migrations.RunSQL(
            "CREATE TRIGGER waiting_events_are_appended BEFORE UPDATE OR DELETE ON bookings_waitingevent"
            " FOR EACH ROW EXECUTE FUNCTION bookings_events_are_appended()",
            "DROP TRIGGER waiting_events_are_appended ON bookings_waitingevent",
        ),
    ]
