from soc.core.models import history  # noqa: F401  registers the models of the administrators' history
from soc.core.models.approval import Approval
from soc.core.models.events import Delivery, Event
from soc.core.models.media import Media
from soc.core.models.people import Membership, User
from soc.core.models.tenants import Customer, Organisation, Site, SiteOwned
from soc.core.models.versions import PublishedVersion
from soc.core.models.vitals import Vitals

__all__ = [
    "Approval",
    "Customer",
    "Delivery",
    "Event",
    "Media",
    "Membership",
    "Organisation",
    "PublishedVersion",
    "Site",
    "SiteOwned",
    "User",
    "Vitals",
]
