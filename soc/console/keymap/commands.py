"""Every command of the console with its key, and whose keys are other ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.errors import Refused
from soc.core.models import User

LETTERS: Final = tuple(ascii_uppercase)
YOURS: Final = gettext_lazy("Only in an incident that is yours.")
OPEN: Final = gettext_lazy("No incident lies open.")


@dataclass(frozen=True, slots=True)
class Command:
    """`key`: what presses it unless somebody's own key does; `when`: why it is not possible where no control shows that key."""

    key: str
    words: str | Promise
    when: str | Promise

    @property
    def own(self) -> bool:
        """Whether it may have another key: letters may, and what every page knows (Enter, Esc) may not."""
        return self.key in LETTERS


COMMANDS: Final = (
    Command("Enter", gettext_lazy("Claim; then the next step"), gettext_lazy("Nothing is to be done just now.")),
    Command("R", gettext_lazy("Real"), YOURS),
    Command("F", gettext_lazy("False alarm, then who or what it was"), YOURS),
    Command("S", gettext_lazy("Suspicious"), gettext_lazy("Only while an incident of yours is undecided.")),
    Command("U", gettext_lazy("Cannot tell"), gettext_lazy("Only while an incident of yours is undecided.")),
    Command("Z", gettext_lazy("Undo what you did last"), gettext_lazy("Nothing of yours can be taken back now.")),
    Command("T", gettext_lazy("Talk at the site"), YOURS),
    Command("C", gettext_lazy("Call: choose whom to send"), YOURS),
    Command("D", gettext_lazy("Dispatch a responder: hold 1.5 s, or press, read, confirm"), YOURS),
    Command(
        ".",
        gettext_lazy("Switch a light, a siren or a gate"),
        gettext_lazy("Nothing can be switched here, or the incident is not yours."),
    ),
    Command(
        "-", gettext_lazy("Skip the next step, with a reason"), gettext_lazy("No step of an incident of yours is next.")
    ),
    Command("G", gettext_lazy("Describe who is seen"), YOURS),
    Command(
        "A", gettext_lazy("Ring somebody of the site: shows the numbers"), gettext_lazy("Nobody's number is hidden.")
    ),
    Command("I", gettext_lazy("A caller's passcode"), YOURS),
    Command("W", gettext_lazy("Looked at the site"), gettext_lazy("Only where a site was disarmed meanwhile.")),
    Command("P", gettext_lazy("Park, or wait"), YOURS),
    Command("N", gettext_lazy("Note for the record"), OPEN),
    Command("O", gettext_lazy("Outcome and close"), YOURS),
    Command("H", gettext_lazy("Hand back to the queue"), YOURS),
    Command(
        "K",
        gettext_lazy("Take over, take back, or open again"),
        gettext_lazy("Only of somebody else's, a parked or a closed one."),
    ),
    Command("J", gettext_lazy("Next incident"), OPEN),
    Command("L", gettext_lazy("Live picture large; again: back to the clip"), OPEN),
    Command("E", gettext_lazy("Evidence: the clip large"), OPEN),
    Command("B", gettext_lazy("Boxes on or off"), gettext_lazy("There is no clip here.")),
    Command("V", gettext_lazy("Compare with the next picture"), gettext_lazy("There is nothing to compare with.")),
    Command("Q", gettext_lazy("The same moment from the next camera"), gettext_lazy("No other camera filmed it.")),
    Command("Space", gettext_lazy("Pause the clip"), gettext_lazy("There is no clip here.")),
    Command("M", gettext_lazy("Sound on or off"), ""),
    Command("Y", gettext_lazy("Confirm, or retry"), gettext_lazy("Nothing is to be confirmed.")),
    Command(
        "+",
        gettext_lazy("Note a promised call, or a caller to beware of"),
        gettext_lazy("Only at a quiet desk, or in an incident that is yours."),
    ),
    Command("?", gettext_lazy("Show all keys"), ""),
)
# What the help tells besides: no single control shows it.
BESIDES: Final = (
    ("1–9", gettext_lazy("That camera live and large; again: back")),
    ("Ctrl Enter", gettext_lazy("Save what you are writing")),
    ("Ctrl K", gettext_lazy("All commands, by name")),
    ("Esc", gettext_lazy("Leave a field or panel, back to keys")),
)


def own_keys(user: User) -> dict[str, str]:
    """This person's keys, as a whole exchange of letters: {letter of the console: letter they press}. Whatever letter they took
    for a command, what it pressed before is pressed by a letter that became free: nothing is out of reach."""
    chosen = {key: own for key, own in _chosen(user).items() if key in LETTERS and own in LETTERS}
    if len(set(chosen.values())) != len(chosen):
        return {}  # never stored so; what cannot be followed changes nothing
    free = [key for key in LETTERS if key in chosen and key not in chosen.values()]
    pushed = [key for key in LETTERS if key in chosen.values() and key not in chosen]
    whole = chosen | dict(zip(pushed, free, strict=True))
    return {key: own for key, own in whole.items() if key != own}


def single_keys(user: User) -> bool:
    """Whether letters press anything at all; Ctrl K, Enter and Esc always do."""
    return bool(_console(user).get("single_keys", True))


def of(user: User) -> dict[str, Any]:
    """For the page's modules: the commands, and this person's keys."""
    told = [{"key": one.key, "words": str(one.words), "when": str(one.when)} for one in COMMANDS]
    return {"commands": told, "own": own_keys(user), "single": single_keys(user)}


def shown(user: User) -> list[tuple[str, str]]:
    """For the help: (the key as this person presses it, what it does)."""
    own = own_keys(user)
    listed = [(own.get(one.key, one.key), str(one.words)) for one in COMMANDS]
    return [*listed, *((key, str(words)) for key, words in BESIDES)]


def choose(user: User, *, keys: Mapping[str, str], single: bool) -> None:
    """Keep somebody's own keys: {key of a command: the letter they want}; what is left out stays as it is shipped.

    Raises Refused: `key` for what is no letter, or one letter for two commands.
    """
    wanted = {key: own.strip().upper() for key, own in keys.items() if own.strip()}
    known = {one.key for one in COMMANDS if one.own}
    for key, own in wanted.items():
        if key not in known or own not in LETTERS:
            raise Refused("key", _("“%(key)s” cannot be a key: choose one letter from A to Z.") % {"key": own[:20]})
    whole = {key: wanted.get(key, key) for key in known}
    twice = sorted({own for own in whole.values() if list(whole.values()).count(own) > 1})
    if twice:
        raise Refused(
            "key", _("%(keys)s would press two commands: give one of them another letter.") % {"keys": ", ".join(twice)}
        )
    user.console = {**_console(user), "keys": {k: own for k, own in whole.items() if k != own}, "single_keys": single}
    user.save(update_fields=["console"])


def _console(user: User) -> dict[str, Any]:
    return user.console if isinstance(user.console, dict) else {}


def _chosen(user: User) -> dict[str, str]:
    keys = _console(user).get("keys", {})
    return {str(key): str(own) for key, own in keys.items()} if isinstance(keys, dict) else {}
