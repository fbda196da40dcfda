from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0004_goes_on_by_site")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="absent_since",
            field=models.DateTimeField(help_text="the owner has gone: whoever handles may take it over", null=True),
        ),
    ]
