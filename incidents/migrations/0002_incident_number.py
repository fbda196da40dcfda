from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_incidents")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE incidents_number START 1001", "DROP SEQUENCE incidents_number"),
    ]
