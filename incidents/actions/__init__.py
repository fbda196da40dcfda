"""The verbs: one function, one transaction each. Nothing else changes an incident."""

from incidents.actions.asking import numbers_shown, show_numbers
from incidents.actions.assigning import reassign
from incidents.actions.calls import end_call, note_call, open_calls, put_off_call
from incidents.actions.closing import close, close_guards, reopen
from incidents.actions.describing import describe
from incidents.actions.desks import lookers, seen
from incidents.actions.disarming import disarmed, identify, look, override_disarm, tell_incidents
from incidents.actions.drilling import begin_drill, drills_of, end_drill
from incidents.actions.folding import raise_alert, raise_alone
from incidents.actions.handling import (
    add_note,
    check_token,
    claim,
    decide,
    park,
    park_at_most,
    release,
    resume,
    take_over,
    wait,
)
from incidents.actions.hushing import ask_to_lift, lift_quiet
from incidents.actions.keeping import hold, lift_hold
from incidents.actions.offering import offer_waiting
from incidents.actions.reviewing import CRITERIA, choose_review, draw_reviews, read_review, score_review
from incidents.actions.rostering import add_to_roster, strike_off_roster
from incidents.actions.shifts import begin_break, come_back, end_shift, start_shift
from incidents.actions.stamps import evidence_shown, painted, stamp
from incidents.actions.undoing import Undoable, undo, undoable

__all__ = [
    "CRITERIA",
    "Undoable",
    "add_note",
    "add_to_roster",
    "ask_to_lift",
    "begin_break",
    "begin_drill",
    "check_token",
    "choose_review",
    "claim",
    "close",
    "close_guards",
    "come_back",
    "decide",
    "describe",
    "disarmed",
    "draw_reviews",
    "drills_of",
    "end_call",
    "end_drill",
    "end_shift",
    "evidence_shown",
    "hold",
    "identify",
    "lift_hold",
    "lift_quiet",
    "look",
    "lookers",
    "note_call",
    "numbers_shown",
    "offer_waiting",
    "open_calls",
    "override_disarm",
    "painted",
    "park",
    "park_at_most",
    "put_off_call",
    "raise_alert",
    "raise_alone",
    "read_review",
    "reassign",
    "release",
    "reopen",
    "resume",
    "score_review",
    "seen",
    "show_numbers",
    "stamp",
    "start_shift",
    "strike_off_roster",
    "take_over",
    "tell_incidents",
    "undo",
    "undoable",
    "wait",
]
