from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0003_deadlines_by_index"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("state", "closed"), _negated=True), fields=["site"], name="incident_goes_on"
            ),
        ),
    ]
