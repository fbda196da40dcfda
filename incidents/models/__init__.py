from incidents.models.alert import Alert
from incidents.models.audit import AuditCase, AuditDraw, KnownIntrusion
from incidents.models.incident import Incident
from incidents.models.notes import Note, VerdictChange
from incidents.models.shift import Desk, Shift

__all__ = ["Alert", "AuditCase", "AuditDraw", "Desk", "Incident", "KnownIntrusion", "Note", "Shift", "VerdictChange"]
