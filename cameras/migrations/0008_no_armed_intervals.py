import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """What they said is the first version of each site's policy."""

    dependencies = [("cameras", "0007_weekly_arming_becomes_a_policy")]

    operations = [
        pgtrigger.migrations.RemoveTrigger(model_name="arminginterval", name="insert_insert"),
        pgtrigger.migrations.RemoveTrigger(model_name="arminginterval", name="update_update"),
        pgtrigger.migrations.RemoveTrigger(model_name="arminginterval", name="delete_delete"),
        migrations.RemoveIndex(model_name="armingintervalhistory", name="arminginterval_history"),
        migrations.RemoveField(model_name="armingintervalhistory", name="pgh_obj"),
        migrations.RemoveField(model_name="armingintervalhistory", name="pgh_context"),
        migrations.RemoveField(model_name="armingintervalhistory", name="site"),
        migrations.DeleteModel(name="ArmingInterval"),
        migrations.DeleteModel(name="ArmingIntervalHistory"),
    ]
