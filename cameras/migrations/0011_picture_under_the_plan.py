import cameras.models.plan
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cameras", "0010_drills"),
        ("core", "0007_picture_of_a_plan"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="siteplan",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="siteplan",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="siteplan",
            name="delete_delete",
        ),
        migrations.AddField(
            model_name="siteplan",
            name="picture_place",
            field=models.JSONField(
                blank=True,
                help_text="metres",
                null=True,
                validators=[cameras.models.plan.picture_on_plan],
                verbose_name="place of the picture",
            ),
        ),
        migrations.AddField(
            model_name="siteplanhistory",
            name="picture",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="core.media",
                verbose_name="picture",
            ),
        ),
        migrations.AddField(
            model_name="siteplanhistory",
            name="picture_place",
            field=models.JSONField(
                blank=True,
                help_text="metres",
                null=True,
                validators=[cameras.models.plan.picture_on_plan],
                verbose_name="place of the picture",
            ),
        ),
        migrations.AlterField(
            model_name="siteplan",
            name="picture",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="core.media",
                verbose_name="picture",
            ),
        ),
        migrations.AlterField(
            model_name="siteplanhistory",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="id_site_width_m_height_m_shapes_picture_picture_place_events",
                to="cameras.siteplan",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="siteplan",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cameras_siteplanhistory" ("height_m", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "picture_id", "picture_place", "shapes", "site_id", "width_m") VALUES (NEW."height_m", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."picture_id", NEW."picture_place", NEW."shapes", NEW."site_id", NEW."width_m"); RETURN NULL;',
                    hash="b90c18ace66584d7806251997c8d8afc5d4a4da4",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_c12a1",
                    table="cameras_siteplan",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="siteplan",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."height_m" IS DISTINCT FROM (NEW."height_m") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."picture_id" IS DISTINCT FROM (NEW."picture_id") OR OLD."picture_place" IS DISTINCT FROM (NEW."picture_place") OR OLD."shapes" IS DISTINCT FROM (NEW."shapes") OR OLD."site_id" IS DISTINCT FROM (NEW."site_id") OR OLD."width_m" IS DISTINCT FROM (NEW."width_m"))',
                    func='INSERT INTO "cameras_siteplanhistory" ("height_m", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "picture_id", "picture_place", "shapes", "site_id", "width_m") VALUES (NEW."height_m", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."picture_id", NEW."picture_place", NEW."shapes", NEW."site_id", NEW."width_m"); RETURN NULL;',
                    hash="1ab022b29f6066181f2cf12b1c54c660cc1df8d1",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_9c89f",
                    table="cameras_siteplan",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="siteplan",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cameras_siteplanhistory" ("height_m", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "picture_id", "picture_place", "shapes", "site_id", "width_m") VALUES (OLD."height_m", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."picture_id", OLD."picture_place", OLD."shapes", OLD."site_id", OLD."width_m"); RETURN NULL;',
                    hash="3440aaf61ca2c2430159d59c6db266a21f70cce3",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_c1d83",
                    table="cameras_siteplan",
                    when="AFTER",
                ),
            ),
        ),
    ]
