from soc.core.history import keep_history
from soc.core.models.people import Membership
from soc.core.models.tenants import Site

SITE_FIELDS = [
    *("id", "customer", "name", "address", "entrance", "hazards", "instructions", "time_zone"),
    "retention_days",
]

keep_history(Site, SITE_FIELDS)
keep_history(Membership, ["id", "user", "role", "organisation", "customer", "site"])
