from django.db import migrations

# A case of the blind audit never leaves the house. The code asks before it writes an attempt and again before it acts
# (`incidents.audit.guard`); here it is refused whichever code it is that writes.
GUARD = """
CREATE FUNCTION responses_no_act_in_an_exercise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.incident_id = OLD.incident_id THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT 1 FROM incidents_auditcase WHERE incident_id = NEW.incident_id) THEN
        RAISE EXCEPTION 'incident % is an exercise of the blind audit: nothing of it leaves the house', NEW.incident_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER responses_no_act_in_an_exercise BEFORE INSERT OR UPDATE OF incident_id ON responses_attempt
    FOR EACH ROW EXECUTE FUNCTION responses_no_act_in_an_exercise();
"""
UNGUARD = """
DROP TRIGGER responses_no_act_in_an_exercise ON responses_attempt;
DROP FUNCTION responses_no_act_in_an_exercise();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0010_audit_draws"),
        ("responses", "0007_responder_kind"),
    ]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
