from django.db import migrations

GUARD = """
CREATE FUNCTION core_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Retention alone passes, under a switch that lasts for its own transaction and that it records.
    IF current_setting('nightdesk.retention', true) = 'on' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND OLD.prev IS NULL AND OLD.hash IS NULL
        AND NEW.seq IS NOT NULL AND NEW.prev IS NOT NULL AND NEW.hash IS NOT NULL
        AND (to_jsonb(NEW) - ARRAY['seq', 'prev', 'hash']) = (to_jsonb(OLD) - ARRAY['seq', 'prev', 'hash']) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the record is append-only: % of event % refused', TG_OP, COALESCE(OLD.id::text, 'all')
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER core_event_guard BEFORE UPDATE OR DELETE ON core_event
    FOR EACH ROW EXECUTE FUNCTION core_event_guard();
CREATE TRIGGER core_event_guard_truncate BEFORE TRUNCATE ON core_event
    FOR EACH STATEMENT EXECUTE FUNCTION core_event_guard();
"""

UNGUARD = """
DROP TRIGGER core_event_guard_truncate ON core_event;
DROP TRIGGER core_event_guard ON core_event;
DROP FUNCTION core_event_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_tenants_and_spine")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
