import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from cameras.vision import slots
from cameras.watching.evidence import EvidenceDesk
from cameras.watching.hand_off import HandOff
from cameras.watching.keeper import Keeper, slot_space
from cameras.watching.live import LiveServer
from cameras.watching.outbox import Outbox
from cameras.watching.watcher import Desk
from soc.core import clock


class Command(BaseCommand):
    help = "Watch cameras: take free ones by lease, read them, turn what is seen into candidates. Supervised; many may run."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        slots.sweep(space=slot_space())
        hand_off, outbox, evidence = HandOff(), Outbox(), EvidenceDesk()
        live: LiveServer
        keeper: Keeper
        live = LiveServer(settings.WATCH_ADDRESS, lambda camera_id: keeper.newest(camera_id))
        awake_at = clock.monotonic() + settings.BLIND_GRACE_S
        keeper = Keeper(Desk(outbox, evidence, hand_off.ask, slot_space(), awake_at), live.address)
        for part in (hand_off, outbox, evidence, live):
            part.start()
        self.stdout.write(f"watch: live view on {live.address}")
        keeper.run(stop)
        keeper.stop()
        outbox.stop()
        evidence.stop()
        hand_off.stop()
        live.stop()
        try:
            keeper.release()
        except DatabaseError as error:
            self.stderr.write(f"watch: the leases run out by themselves, the database is away ({type(error).__name__})")
