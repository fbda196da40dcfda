from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0012_what_came_to_whom")]

    operations = [
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["organisation", "captured_at"], name="incident_detected"),
        )
    ]
