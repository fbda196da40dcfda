from django.db import migrations

# What `incidents.load` counts, every time something is offered that is not urgent, among all events of half an hour.
KINDS = "('incident.claimed', 'incident.taken_over', 'incident.reassigned')"


class Migration(migrations.Migration):
    dependencies = [("core", "0005_console"), ("incidents", "0011_console")]

    operations = [
        migrations.RunSQL(
            f"CREATE INDEX event_came_to_somebody ON core_event (organisation_id, at) WHERE kind IN {KINDS}",
            "DROP INDEX event_came_to_somebody",
        )
    ]
