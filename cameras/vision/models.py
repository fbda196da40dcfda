"""Which detectors there are on this machine, and one warm one of each that is asked for.

A model is a file with a card beside it. Those in weights/ come with the product; others are dropped into a folder.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .card import DEFAULT_CARD, WEIGHTS, ModelCard, ModelRefused, load_card

# ONNX Runtime is loaded where something is inferred: who only reads cards, as watch processes do, saves its memory.
if TYPE_CHECKING:
    from .detector import OnnxDetector

log = logging.getLogger(__name__)

CPU: Final = "CPUExecutionProvider"
# What is used where ONNX Runtime has it, best first.
FASTER: Final = ("CUDAExecutionProvider", "OpenVINOExecutionProvider")
AGAIN_S: Final = 60.0  # a name nobody knew is looked for again after this: its file may have been dropped in


def providers(asked: str | None = None) -> tuple[str, ...]:
    """ONNX Runtime's execution providers to use, best first; the CPU is always the last.

    asked: names with commas ("cpu", "cuda,cpu", "CUDAExecutionProvider"), else DETECT_PROVIDERS of the environment, else
    what there is. Names that are not available are left out, and said.
    """
    import onnxruntime

    asked = os.environ.get("DETECT_PROVIDERS", "") if asked is None else asked
    there = onnxruntime.get_available_providers()
    known = {name.removesuffix("ExecutionProvider").lower(): name for name in there}
    if not asked.strip():
        return (*(name for name in FASTER if name in there), CPU)
    chosen: list[str] = []
    for word in filter(None, (part.strip() for part in asked.split(","))):
        if name := known.get(word.removesuffix("ExecutionProvider").lower()):
            chosen.append(name)
        else:
            log.warning("detector: no execution provider %s here; there are %s", word, ", ".join(sorted(known)))
    return (*(name for name in chosen if name != CPU), CPU)


class Models:
    """The bundled models and those of a folder. Keep one in each process, and make detectors after the fork.

    folder: where others may be dropped in; it need not exist. house: the name of the model that stands in for a camera's
    own where that has no name, is unknown or is refused. run_on: execution providers, else providers(). closely: as in
    OnnxDetector.
    """

    def __init__(
        self, folder: Path | None = None, *, house: str = "", run_on: Sequence[str] | None = None, closely: bool = False
    ) -> None:
        self.folder, self.house = folder, house or load_card(DEFAULT_CARD).name
        self.refused: dict[str, str] = {}
        self.closely = closely
        self._run_on = tuple(run_on) if run_on is not None else None
        self._warm: dict[str, OnnxDetector] = {}
        self._in_vain: dict[str, float] = {}

    def cards(self) -> dict[str, ModelCard]:
        """Every card that can be read, by name. `refused` then says which cannot: file → words."""
        found: dict[str, ModelCard] = {}
        self.refused = {}
        for folder in filter(None, (WEIGHTS, self.folder)):
            for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
                try:
                    card = load_card(path)
                    if card.name in found:
                        raise ModelRefused(f"There is another model named {card.name}; the first one counts.")
                    found[card.name] = card
                except ModelRefused as error:
                    self.refused[path.name] = str(error)
        return found

    def card_for(self, name: str = "") -> ModelCard:
        """The card of a model; the house's where there is none of that name."""
        cards = self.cards()
        return cards.get(name) or cards.get(self.house) or load_card(DEFAULT_CARD)

    def trouble(self, name: str) -> str:
        """Why there is no such model here, or it is not what its card says, in words; empty where all that can be told without
        running it is well.
        """
        card = self.cards().get(name)
        if card is None:
            words = "; ".join(f"{file}: {why}" for file, why in self.refused.items())
            return f"There is no model of this name.{f' ({words})' if words else ''}"
        try:
            card.read_model()
        except ModelRefused as error:
            return str(error)
        return ""

    def detector_for(self, name: str = "") -> OnnxDetector:
        """The model of that name, warm; the house's model, and a line in the log, where it is unknown or refused.

        The detector's own `name` and `sha256` say which one answered. Raises ModelRefused where the house's bundled model
        itself is refused.
        """
        name = name or self.house
        if (warm := self._warm.get(name)) is not None:
            return warm
        vain = self._in_vain.get(name)
        if vain is None or time.monotonic() - vain > AGAIN_S:
            try:
                self._warm[name] = self.made(name)
                self._in_vain.pop(name, None)
                return self._warm[name]
            except ModelRefused as error:
                if name == load_card(DEFAULT_CARD).name:
                    raise
                log.error("detector %s: %s Looking with %s instead.", name, error, self._stand_in(name))
                self._in_vain[name] = time.monotonic()
        return self.detector_for(self._stand_in(name))

    def _stand_in(self, name: str) -> str:
        return self.house if name != self.house else load_card(DEFAULT_CARD).name

    def made(self, name: str) -> OnnxDetector:
        """A new detector of that name and no other. Raises ModelRefused."""
        from .detector import OnnxDetector

        card = self.cards().get(name)
        if card is None:
            raise ModelRefused(self.trouble(name))
        wanted = providers() if self._run_on is None else self._run_on
        try:
            return OnnxDetector(card, providers=wanted, closely=self.closely)
        except ModelRefused as error:
            if tuple(wanted) == (CPU,):
                raise
            log.error("%s Trying the CPU.", error)
            return OnnxDetector(card, providers=(CPU,), closely=self.closely)
