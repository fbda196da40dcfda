from cameras.models import history  # noqa: F401  registers the models of the administrators' history
from cameras.models.arming import ArmingInterval
from cameras.models.camera import Camera, Zone
from cameras.models.candidate import Candidate
from cameras.models.condition import Condition
from cameras.models.source import SignalSource
from cameras.models.watching import Angle, WatchProcess

__all__ = ["Angle", "ArmingInterval", "Camera", "Candidate", "Condition", "SignalSource", "WatchProcess", "Zone"]
