"""What administrators change about sensing. A camera's password and a source's key have no history."""

from cameras.models.arming import ArmingInterval
from cameras.models.camera import Camera, Zone
from cameras.models.source import SignalSource
from soc.core.history import keep_history

keep_history(ArmingInterval, ["id", "site", "weekday", "starts", "ends"])
keep_history(Camera, ["id", "site", "name", "address", "username", "enabled", "speaker"])
keep_history(Zone, ["id", "camera", "name", "kind", "polygon", "dwell_s"])
keep_history(SignalSource, ["id", "site", "name", "enabled", "heartbeat_s"])
