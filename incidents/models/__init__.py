from incidents.models.alert import Alert
from incidents.models.incident import Incident
from incidents.models.notes import Note, VerdictChange
from incidents.models.shift import Shift

__all__ = ["Alert", "Incident", "Note", "Shift", "VerdictChange"]
