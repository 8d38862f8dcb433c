"""A month's statement in a file per location, lines that could not be read, and the same file only once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('invoicing', '0004_no_later_lines'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='statement',
            name='one_standing_statement_per_month',
        ),
        migrations.AddField(
            model_name='statement',
            name='places',
            field=models.CharField(blank=True, db_default='', default='', max_length=2000),
        ),
        migrations.AddField(
            model_name='statementline',
            name='refused_line',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(condition=models.Q(('replaced_by', None), ('state', 'matched')), fields=('connection', 'month', 'places'), name='one_standing_statement_per_month'),
        ),
        # Of files that came twice at the same moment the later ones are not recognised again.
        migrations.RunSQL(
            "UPDATE invoicing_statement later SET sha256 = '' WHERE EXISTS (SELECT FROM invoicing_statement first"
            " WHERE first.connection_id = later.connection_id AND first.sha256 = later.sha256 AND first.id < later.id)",
            migrations.RunSQL.noop,
            elidable=True,
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(condition=models.Q(('sha256', ''), _negated=True), fields=('connection', 'sha256'), name='one_statement_per_file'),
        ),
    ]
