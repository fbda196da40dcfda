import signal
import sys
import threading
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from cameras.vision import slots
from cameras.vision.opening import hardware_trouble
from cameras.watching.canary import workers_answer
from cameras.watching.evidence import EvidenceDesk
from cameras.watching.hand_off import HandOff
from cameras.watching.keeper import Keeper, slot_space
from cameras.watching.live import LiveServer
from cameras.watching.loaded import keep_what_is_loaded
from cameras.watching.outbox import Outbox
from cameras.watching.quarantine import Marks, Quarantine
from cameras.watching.watcher import Desk


class Command(BaseCommand):
    help = "Watch cameras: take free ones by lease, read them, turn what is seen into candidates. Supervised; many may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--camera", type=UUID, help="only this one, which is suspect; ends with its input (for the watch process)"
        )

    def handle(self, *args: Any, camera: UUID | None = None, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        space = slot_space()
        slots.sweep(space=space)
        # A suspect's process leaves no marks: whoever started it sees how it ends.
        marks = Marks(space) if camera is None else None
        quarantine = Quarantine(space) if camera is None else None
        if camera is not None:
            threading.Thread(target=_until_input_ends, args=(stop,), name="parent", daemon=True).start()
        if settings.HARDWARE_DECODING and (trouble := hardware_trouble(settings.HARDWARE_DECODING)):
            self.stderr.write(f"watch: {trouble}")
        hand_off, outbox = HandOff(space, workers=settings.DETECT_WORKERS), Outbox(settings.VAR / "outbox")
        evidence = EvidenceDesk(marks.inside) if marks else EvidenceDesk()
        hand_off.start()
        if not workers_answer(hand_off.ask, space, within_s=settings.WORKERS_WAIT_S, stop=stop):
            self.stderr.write(
                "watch: no detect worker answers; watching all the same, and saying so when something moves"
            )
        live: LiveServer
        keeper: Keeper
        live = LiveServer(
            settings.WATCH_ADDRESS, lambda camera_id: keeper.newest(camera_id), lambda one: keeper.on_air(one)
        )
        desk = Desk(
            outbox,
            evidence,
            hand_off.ask,
            space,
            inside=marks.inside if marks else lambda camera_id: nullcontext(),
            leave=marks.leave if marks else lambda: None,
            listen=hand_off.listen,
        )
        keeper = Keeper(desk, live.address, quarantine=quarantine, only=camera)
        for part in (outbox, evidence, live):
            part.start()
        self.stdout.write(f"watch: live view on {live.address}")
        keep_what_is_loaded()
        keeper.run(stop)
        keeper.stop()
        outbox.stop()
        evidence.stop()
        hand_off.stop()
        live.stop()
        if marks:
            marks.close()
        try:
            keeper.release()
        except DatabaseError as error:
            self.stderr.write(f"watch: the leases run out by themselves, the database is away ({type(error).__name__})")


def _until_input_ends(stop: threading.Event) -> None:
    """The process that started us holds the other end, and says nothing. However it ended, that ends too."""
    while sys.stdin.buffer.read(4096):
        continue
    stop.set()
