from responses.models.attempt import Attempt
from responses.models.contact import Responder
from responses.models.playbook import Message, Playbook, PlaybookRun

__all__ = ["Attempt", "Message", "Playbook", "PlaybookRun", "Responder"]
