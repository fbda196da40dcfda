"""The verbs of responding: one function, one transaction each. The outward act follows by a reaction."""

from responses.actions.facts import heard
from responses.actions.links import Link, answer_link, find_link
from responses.actions.playbooks import Step, run_of, step_done, step_skipped, steps, steps_of
from responses.actions.sending import available_responders, send_responder
from responses.actions.stopping import dispatch_stop, lift_stop, stop_dispatch, stops_of
from responses.actions.switching import switch
from responses.actions.talking import available_messages, talk, talk_cameras

__all__ = [
    "Link",
    "Step",
    "answer_link",
    "available_messages",
    "available_responders",
    "dispatch_stop",
    "find_link",
    "heard",
    "lift_stop",
    "run_of",
    "send_responder",
    "step_done",
    "step_skipped",
    "steps",
    "steps_of",
    "stop_dispatch",
    "stops_of",
    "switch",
    "talk",
    "talk_cameras",
]
