from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("responses", "0005_attempt_longer_key"),
    ]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="on_my_way_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="left_at",
            field=models.DateTimeField(null=True),
        ),
    ]
