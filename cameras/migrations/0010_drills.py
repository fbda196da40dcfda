from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cameras", "0009_console")]

    operations = [
        migrations.AlterField(
            model_name="candidate",
            name="source",
            field=models.CharField(
                choices=[
                    ("camera", "camera"),
                    ("signal", "signal"),
                    ("system", "system"),
                    ("audit", "blind audit"),
                    ("drill", "drill"),
                ],
                help_text=(
                    "audit: a copy shown to operators unmarked; drill: an announced exercise; in no figure and in no replay"
                ),
                max_length=10,
            ),
        ),
    ]
