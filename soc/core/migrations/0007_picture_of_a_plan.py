from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0006_events_by_person"),
    ]

    operations = [
        migrations.AlterField(
            model_name="media",
            name="kind",
            field=models.CharField(
                choices=[
                    ("clip", "clip"),
                    ("snapshot", "snapshot"),
                    ("audio", "recording"),
                    ("plan", "picture of a plan"),
                ],
                max_length=10,
            ),
        ),
    ]
