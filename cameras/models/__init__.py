from cameras.models import history  # noqa: F401  registers the models of the administrators' history
from cameras.models.arm_change import ArmChange
from cameras.models.camera import Camera, Zone
from cameras.models.candidate import EXERCISES, Candidate
from cameras.models.condition import Condition
from cameras.models.contact import PasscodeTry, SiteContact
from cameras.models.funnel import CameraHour
from cameras.models.muting import Muting, Storm, TemporaryInstruction
from cameras.models.plan import SitePlan
from cameras.models.policy import Dismissal, Judging, Policy, PolicyDraft
from cameras.models.presence import AccessWindow
from cameras.models.source import SignalSource
from cameras.models.watching import Angle, WatchProcess

__all__ = [
    "EXERCISES",
    "AccessWindow",
    "Angle",
    "ArmChange",
    "Camera",
    "CameraHour",
    "Candidate",
    "Condition",
    "Dismissal",
    "Judging",
    "Muting",
    "PasscodeTry",
    "Policy",
    "PolicyDraft",
    "SignalSource",
    "SiteContact",
    "SitePlan",
    "Storm",
    "TemporaryInstruction",
    "WatchProcess",
    "Zone",
]
