from responses.models import history  # noqa: F401  registers the models of the administrators' history
from responses.models.attempt import Attempt
from responses.models.contact import Responder
from responses.models.playbook import Message, Playbook, PlaybookRun
from responses.models.relay import Relay
from responses.models.stop import DispatchStop

__all__ = ["Attempt", "DispatchStop", "Message", "Playbook", "PlaybookRun", "Relay", "Responder"]
