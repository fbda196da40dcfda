from responses.models import history  # noqa: F401  registers the models of the administrators' history
from responses.models.attempt import Attempt
from responses.models.contact import Responder
from responses.models.playbook import Message, Playbook, PlaybookRun

__all__ = ["Attempt", "Message", "Playbook", "PlaybookRun", "Responder"]
