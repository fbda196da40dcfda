from responses.models.contact import Responder
from responses.models.relay import Relay
from soc.core.history import keep_history

keep_history(Responder, ["id", "organisation", "name", "kind", "phone", "minutes", "rank", "enabled"])
keep_history(Relay, ["id", "site", "kind", "name", "address", "output", "username", "goes_back", "enabled"])
