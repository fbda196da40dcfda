from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0005_console")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["by", "seq"], name="event_by_person"),
        )
    ]
