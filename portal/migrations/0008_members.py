"""Members are found without accents, can be merged and scrubbed, and look-alikes are suggested."""

import django.db.models.deletion
from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension, UnaccentExtension
from django.db import migrations, models

# Small letters without accents, words split by one space: "Müller-Söhne" is "muller sohne". `unaccent` is only stable
# because its dictionary could be replaced; ours is named, so the same text always comes out.
PLAIN = """
CREATE FUNCTION portal_plain(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
  trim(regexp_replace(
    lower(unaccent('unaccent'::regdictionary, normalize(words, NFKC))), '[][[:space:]!-/:;<=>?@\\^_`{|}~]+', ' ', 'g'
  ));
"""

# Columns that PostgreSQL keeps by itself. They are no fields: nothing that reads members has to read them.
# A word stands after a space, so that "mu" finds what begins with it: even two letters have trigrams then.
COLUMNS = r"""
ALTER TABLE portal_member
  ADD COLUMN sort_name text NOT NULL GENERATED ALWAYS AS (portal_plain(first_name || ' ' || last_name)) STORED,
  ADD COLUMN search_text text NOT NULL GENERATED ALWAYS AS (
    ' ' || portal_plain(first_name || ' ' || last_name || ' ' || email || ' ' || number || ' ' || merged_words)
    || ' ' || regexp_replace(phone, '\D', '', 'g')
  ) STORED,
  ADD COLUMN since_on date NOT NULL GENERATED ALWAYS AS (
    coalesce(joined_on, (created_at AT TIME ZONE 'UTC')::date)
  ) STORED;
CREATE INDEX member_search ON portal_member USING gin (studio_id, search_text gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX member_by_name ON portal_member (studio_id, sort_name, id) WHERE merged_into_id IS NULL
  AND scrubbed_at IS NULL;
CREATE INDEX member_by_since ON portal_member (studio_id, since_on, id) WHERE merged_into_id IS NULL
  AND scrubbed_at IS NULL;
"""
FORGET_COLUMNS = """
DROP INDEX member_search, member_by_name, member_by_since;
ALTER TABLE portal_member DROP COLUMN sort_name, DROP COLUMN search_text, DROP COLUMN since_on;
"""


def of_the_studio(table: str, column: str) -> migrations.RunSQL:
    """The member in this column belongs to the row's studio."""
    return migrations.RunSQL(
        f"ALTER TABLE portal_{table} ADD CONSTRAINT {table}_{column}_of_studio FOREIGN KEY ({column}_id, studio_id)"
        " REFERENCES portal_member (id, studio_id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE portal_{table} DROP CONSTRAINT {table}_{column}_of_studio",
    )


def login(on_delete=django.db.models.deletion.SET_NULL):
    return models.ForeignKey(null=True, on_delete=on_delete, related_name="+", to="portal.stafflogin")


def member(related_name: str):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.CASCADE, related_name=related_name, to="portal.member"
    )


class Migration(migrations.Migration):
    dependencies = [("portal", "0007_changes_are_appended")]

    operations = [
        UnaccentExtension(),
        TrigramExtension(),
        BtreeGinExtension(),
        migrations.AddField(
            model_name="member",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged_members",
                to="portal.member",
            ),
        ),
        migrations.AddField(model_name="member", name="merged_words", field=models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField(model_name="member", name="scrubbed_at", field=models.DateTimeField(blank=True, null=True)),
        migrations.AddField(model_name="member", name="compared_at", field=models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged_into", models.F("id")), _negated=True), name="member_not_merged_into_itself"
            ),
        ),
        migrations.AddIndex(
            model_name="member",
            index=models.Index(
                condition=models.Q(("compared_at__isnull", True)), fields=["id"], name="member_to_compare"
            ),
        ),
        migrations.CreateModel(
            name="MemberMerge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("before", models.JSONField(default=dict)),
                ("moved", models.JSONField(default=dict)),
                ("merged_at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(null=True)),
                ("studio", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="merges", to="portal.studio")),
                ("kept", member("merges")),
                ("merged", member("+")),
                ("by", login()),
                ("undone_by", login()),
            ],
            options={
                "ordering": ["-merged_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("undone_at__isnull", True)),
                        fields=("merged",),
                        name="one_standing_merge_per_member",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DuplicateSuggestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[("phone", "same phone number"), ("name", "same name"), ("similar", "similar name")],
                        max_length=10,
                    ),
                ),
                ("found_at", models.DateTimeField()),
                ("dismissed_at", models.DateTimeField(null=True)),
                ("studio", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="duplicate_suggestions", to="portal.studio")),
                ("one", member("+")),
                ("other", member("+")),
                ("dismissed_by", login()),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("dismissed_at", None)), fields=["studio", "id"], name="duplicates_of_studio"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("one", "other"), name="one_suggestion_per_pair"),
                    models.CheckConstraint(
                        condition=models.Q(("one__lt", models.F("other"))), name="suggestion_in_order_of_ids"
                    ),
                ],
            },
        ),
        migrations.RunSQL(PLAIN, "DROP FUNCTION portal_plain"),
        migrations.RunSQL(COLUMNS, FORGET_COLUMNS),
        of_the_studio("member", "merged_into"),
        of_the_studio("membermerge", "kept"),
        of_the_studio("membermerge", "merged"),
        of_the_studio("duplicatesuggestion", "one"),
        of_the_studio("duplicatesuggestion", "other"),
    ]
