"""What administrators and supervisors change about staff and targets."""

from incidents.models.staff import Credential, RosterEntry
from incidents.models.target import HandlingTarget
from soc.core.history import keep_history

keep_history(Credential, ["id", "organisation", "user", "kind", "reference", "valid_until"])
keep_history(RosterEntry, ["id", "organisation", "user", "duty", "starts_at", "ends_at"])
keep_history(HandlingTarget, ["id", "organisation", "priority", "soon_s", "soon_share", "late_s", "late_share"])
