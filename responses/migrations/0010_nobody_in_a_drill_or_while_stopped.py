from django.db import migrations

# Nothing of an exercise leaves the house, whether it is a case of the blind audit or an announced drill; and nobody is sent
# while a supervisor has stopped that. The code asks before it writes an attempt and again before it acts; here it is refused
# whichever code it is that writes.
GUARD = """
CREATE OR REPLACE FUNCTION responses_no_act_in_an_exercise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.incident_id = OLD.incident_id THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT 1 FROM incidents_auditcase WHERE incident_id = NEW.incident_id) THEN
        RAISE EXCEPTION 'incident % is an exercise of the blind audit: nothing of it leaves the house', NEW.incident_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM incidents_incident WHERE id = NEW.incident_id AND drill) THEN
        RAISE EXCEPTION 'incident % is a drill: nothing of it leaves the house', NEW.incident_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION responses_nobody_while_stopped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM responses_dispatchstop WHERE organisation_id = NEW.organisation_id AND lifted_at IS NULL
    ) THEN
        RAISE EXCEPTION 'dispatching is stopped in organisation %: nobody is sent', NEW.organisation_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER responses_nobody_while_stopped BEFORE INSERT ON responses_attempt
    FOR EACH ROW WHEN (NEW.responder_id IS NOT NULL) EXECUTE FUNCTION responses_nobody_while_stopped();
CREATE FUNCTION incidents_a_drill_stays_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'incident % is a drill and stays one', OLD.id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER incidents_a_drill_stays_one BEFORE UPDATE OF drill ON incidents_incident
    FOR EACH ROW WHEN (OLD.drill AND NOT NEW.drill) EXECUTE FUNCTION incidents_a_drill_stays_one();
"""
UNGUARD = """
DROP TRIGGER incidents_a_drill_stays_one ON incidents_incident;
DROP FUNCTION incidents_a_drill_stays_one();
DROP TRIGGER responses_nobody_while_stopped ON responses_attempt;
DROP FUNCTION responses_nobody_while_stopped();
CREATE OR REPLACE FUNCTION responses_no_act_in_an_exercise() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0011_console"),
        ("responses", "0009_dispatch_stop_and_pages"),
    ]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
