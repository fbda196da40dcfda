"""What administrators change about sensing. A camera's password, a source's key and passcodes have no history."""

from cameras.models.camera import Camera, Zone
from cameras.models.contact import SiteContact
from cameras.models.plan import SitePlan
from cameras.models.source import SignalSource
from soc.core.history import keep_history

keep_history(
    Camera,
    [
        *("id", "site", "name", "address", "sub_address", "username", "enabled", "speaker"),
        *("analytics", "model", "day_score", "night_score", "ignore_areas", "privacy_masks", "perspective", "on_plan"),
    ],
)
keep_history(
    Zone,
    ["id", "camera", "name", "kind", "polygon", "dwell_s", "classes", "loiter_s", "line", "line_direction"],
)
keep_history(SignalSource, ["id", "site", "name", "enabled", "heartbeat_s"])
keep_history(SitePlan, ["id", "site", "width_m", "height_m", "shapes", "picture", "picture_place"])
keep_history(SiteContact, ["id", "site", "name", "role", "phone", "rank", "enabled"])
