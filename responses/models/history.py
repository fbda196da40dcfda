from responses.models.contact import Responder
from soc.core.history import keep_history

keep_history(Responder, ["id", "organisation", "name", "kind", "phone", "minutes", "rank", "enabled"])
