from incidents.models import history  # noqa: F401  registers the models of the administrators' history
from incidents.models.alert import Alert
from incidents.models.audit import AuditCase, AuditDraw, KnownIntrusion
from incidents.models.calls import CallNote
from incidents.models.contingency import ContingencyKey
from incidents.models.description import Description
from incidents.models.incident import Incident
from incidents.models.looking import Looking
from incidents.models.notes import Note, VerdictChange
from incidents.models.review import Review
from incidents.models.shift import Desk, Shift
from incidents.models.staff import Credential, HandOver, RosterEntry
from incidents.models.target import HandlingTarget

__all__ = [
    "Alert",
    "AuditCase",
    "AuditDraw",
    "CallNote",
    "ContingencyKey",
    "Credential",
    "Description",
    "Desk",
    "HandOver",
    "HandlingTarget",
    "Incident",
    "KnownIntrusion",
    "Looking",
    "Note",
    "Review",
    "RosterEntry",
    "Shift",
    "VerdictChange",
]
