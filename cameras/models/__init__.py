from cameras.models import history  # noqa: F401  registers the models of the administrators' history
from cameras.models.arming import ArmingInterval
from cameras.models.camera import Camera, Zone
from cameras.models.candidate import Candidate
from cameras.models.source import SignalSource

__all__ = ["ArmingInterval", "Camera", "Candidate", "SignalSource", "Zone"]
