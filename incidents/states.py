"""The handling table as a document, from the transitions themselves: what is printed is what runs."""

from django_fsm import RETURN_VALUE, get_all_FIELD_transitions

from incidents.models import Incident
from incidents.models.incident import HELD, State

HEAD = """\
# How an incident is handled

Written by `python manage.py states` from the transitions in `incidents/models/incident.py`; a test compares the two.
Handling is the state. The verdict is a field with a history of its own, and voice, responders and calls run beside it.

"""
# What an operator reads for each transition; the others are called as their method is.
WORDS = {
    "decide": "decide (verdict)",
    "wait": "wait (due_at)",
    "park": "park (reason, due_at; never priority 1)",
    "close": "close (verdict, one outcome, state of the site, required steps)",
    "come_back": "return (due_at passed)",
    "take_back": "undo (within seconds, by whoever acted)",
    "end_exercise": "reveal (a case of the blind audit: judged, acted upon or withdrawn)",
}
ORDER = (
    "claim",
    "decide",
    "wait",
    "resume",
    "park",
    "release",
    "close",
    "come_back",
    "end_exercise",
    "take_back",
    "reopen",
)
AS_BEFORE = "as before"  # an undo leads to one of HELD: the one that it was in
TAKE_OVER = "take over"  # no transition: the state stays, owner and token change


def table() -> dict[str, tuple[tuple[str, ...], str]]:
    """{verb: (states it starts from, state it leads to)} in the order of ORDER; KeyError for a transition not in it."""
    moves: dict[str, tuple[set[str], str]] = {}
    for move in get_all_FIELD_transitions(Incident(), Incident._meta.get_field("state")):
        target = AS_BEFORE if isinstance(move.target, RETURN_VALUE) else str(move.target)
        sources, _ = moves.setdefault(move.name, (set(), target))
        sources.add(str(move.source))
    if unknown := set(moves) ^ set(ORDER):
        raise KeyError(f"transitions and ORDER differ in {sorted(unknown)}")
    order = [str(state) for state in State]
    return {verb: (tuple(sorted(moves[verb][0], key=order.index)), moves[verb][1]) for verb in ORDER}


def document() -> str:
    """The whole page: table and diagram."""
    rows = ["| verb | from | to |", "|---|---|---|"]
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> open: an alert that folds nowhere"]
    for verb, (sources, target) in table().items():
        rows.append(f"| {WORDS.get(verb, verb)} | {', '.join(sources)} | {target} |")
        word = WORDS.get(verb, verb).split(" (")[0]
        if target != AS_BEFORE:  # back along the arrow it came by: drawn once is enough
            lines += [f"    {source} --> {target}: {word}" for source in sources]
    held = ", ".join(str(state) for state in HELD)
    who = "a supervisor, or whoever handles where the owner is away; new owner and token"
    rows.append(f"| {TAKE_OVER} ({who}) | {held} | the same |")
    lines += ["    closed --> [*]", "```"]
    return HEAD + "\n".join(rows) + "\n\n" + "\n".join(lines) + "\n"
