"""Evidence: a snapshot at once, a first clip within a second, the whole one when its end has come, and the best picture with it.

Slow disks delay evidence, never an alert: candidates go another way. What waits is bounded: clips go first, the oldest first,
and it is said; snapshots stay.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError, connection

from cameras.vision import clip as clips
from cameras.vision.clip import ClipError
from cameras.vision.picture import PictureRefused
from cameras.vision.snapshot import take
from cameras.watching import film as films
from cameras.watching import keepsakes
from cameras.watching.film import Film, Proof, Scene, View
from cameras.watching.keepsakes import Loss, NotYet, Picture
from soc.core import clock

log = logging.getLogger(__name__)

AFTER_S = films.AFTER_S
RETRY_S = 2.0
SOON_S = 0.1
ROUND_S = 1.0
MOST_PICTURES: Final = 300
GIVEN_UP_S: Final = 3600.0  # a candidate that is not in the database by then will not come
MOST_LOSSES: Final = 2000

Inside = Callable[[UUID], AbstractContextManager[object]]
Work = Picture | Film


class EvidenceDesk:
    """Two threads per watch process: one cuts and stores, and may wait for a disk as long as it likes; the other holds the
    packets of what goes on, keeps within the bounds, and tells what was lost."""

    def __init__(self, inside: Inside = lambda camera_id: nullcontext()) -> None:
        """inside: entered while native code has a camera's packets, so that a crash can be traced to it."""
        self._inside = inside
        self.most_bytes = settings.EVIDENCE_WAITING_MB * 1024 * 1024
        self._films: list[Film] = []
        self._pictures: deque[Picture] = deque(maxlen=MOST_PICTURES)
        self._losses: deque[Loss] = deque(maxlen=MOST_LOSSES)
        self._trouble = ""  # why nothing can be stored just now
        self._told: set[UUID] = set()  # cameras whose losses are known of, until something is stored again
        self._pause_until = float("-inf")
        self._wake = threading.Condition()
        self._stop = False
        self._threads = [
            threading.Thread(target=self._run, name="evidence", daemon=True),
            threading.Thread(target=self._hold, name="evidence held", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Cut what is ordered with what there is, then end."""
        with self._wake:
            self._stop = True
            self._wake.notify_all()
        until = clock.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(until - clock.monotonic(), 0.1))

    def prove(self, proof: Proof) -> None:
        """Order snapshot, first clip and whole clip of a candidate. Costs a JPEG; the planes are not kept."""
        if proof.picture is not None:
            try:
                picture = Picture(proof.light(), take(proof.picture))
            except PictureRefused:
                log.exception("no picture of %s", proof.dedup)
            else:
                with self._wake:
                    self._pictures.append(picture)
        self.film(proof)

    def view(self, view: View) -> None:
        """Order the clip of another camera's moment."""
        self.film(view)

    def film(self, scene: Scene) -> None:
        with self._wake:
            film = next((film for film in self._films if film.takes(scene)), None)
            if film is None:
                self._films.append(Film.of(scene))
            else:
                film.add(scene)
            self._bound()
            self._wake.notify_all()

    def idle(self) -> bool:
        with self._wake:
            return not self._pictures and all(film.due() == float("inf") for film in self._films)

    def held_bytes(self) -> int:
        """Of packets that wait."""
        with self._wake:
            return sum(film.size for film in self._films)

    # --- what is held

    def _hold(self) -> None:
        absorbed = clock.monotonic()
        while True:
            with self._wake:
                if self._stop:
                    break
                self._wake.wait(ROUND_S if self._films or self._losses else None)
                now, growing = clock.monotonic(), list(self._films)
            try:
                if now - absorbed >= films.ABSORB_S:
                    absorbed = now
                    for film in growing:
                        film.absorb()
                with self._wake:
                    self._films = [film for film in self._films if not film.over(now)]
                    self._bound()
                self._tell()
            except Exception:  # whatever it is, the packets of the others must go on being held
                log.exception("a round of holding evidence failed")
        self._tell()
        connection.close()

    def _bound(self) -> None:
        """The oldest films go until the rest has room. Called with the lock held."""
        now = clock.monotonic()
        waiting = sum(film.size for film in self._films)
        # First those that only wait for somebody to join them: nothing is lost with them.
        for film in sorted(self._films, key=lambda film: (film.due() < float("inf"), film.until)):
            if waiting > self.most_bytes or now - film.until > GIVEN_UP_S:
                waiting -= film.size
                self._films.remove(film)
                self._lose(film, self._trouble or "slow")

    def _lose(self, film: Film, cause: str, words: str = "") -> None:
        lost = [scene for scene in film.scenes if scene.trigger + films.AFTER_S > film.covered]
        if lost and film.due() < float("inf"):
            log.error("%d clips of camera %s are lost: %s", len(lost), film.camera_id, words or cause)
            self._losses += [Loss(scene, cause, words) for scene in lost]

    def _tell(self) -> None:
        """Say what was lost: once for each camera until something could be stored again, and on each candidate's row."""
        while self._losses:
            loss = self._losses[0]
            try:
                keepsakes.tell(loss, first=loss.scene.camera_id not in self._told)
            except (DatabaseError, InterfaceError) as error:
                log.warning("a lost clip cannot be told of yet: %s", type(error).__name__)
                connection.close()
                return
            except ObjectDoesNotExist:
                log.info("a lost clip is nobody's any more")  # its row was removed meanwhile
            self._told.add(loss.scene.camera_id)
            self._losses.popleft()

    # --- what is stored

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                if isinstance(work, Picture):
                    keepsakes.keep_picture(work)
                else:
                    self._cut(work)
            except NotYet:
                self._later(work, SOON_S if clock.monotonic() - _moment(work) < 20.0 else RETRY_S)
            except (DatabaseError, InterfaceError, OSError) as error:
                # Database or disk: packets and pictures are held, so waiting costs memory only.
                log.warning("evidence waits: %s", getattr(error, "strerror", None) or type(error).__name__)
                connection.close()
                with self._wake:
                    self._trouble = keepsakes.cause_of(error)
                    self._pause_until = clock.monotonic() + RETRY_S
                self._later(work, RETRY_S)
            except ClipError as error:
                log.warning("no clip: %s", error)
                self._give_up(work, "clip", str(error))
            except Exception:
                log.exception("evidence failed")
                self._give_up(work, "failed")
            else:
                self._went_well(work)
        connection.close()

    def _next(self) -> Work | None:
        """What to do next, waiting for it; None at the end. Pictures first, then new scenes, then what only grows."""
        with self._wake:
            while True:
                now = clock.monotonic()
                limit = float("inf") if self._stop else now
                if self._stop or now >= self._pause_until:
                    for picture in self._pictures:
                        if picture.not_before <= limit:
                            self._pictures.remove(picture)
                            return picture
                    for film in sorted(self._films, key=lambda film: (not film.unserved(), film.due())):
                        if film.due() < float("inf") and film.due() <= limit:
                            return film
                if self._stop:
                    return None
                dues = [film.due() for film in self._films] + [picture.not_before for picture in self._pictures]
                due = max(min(dues, default=float("inf")), self._pause_until)
                self._wake.wait(None if due == float("inf") else max(due - now, 0.01))

    def _cut(self, film: Film) -> None:
        """Cut a film as far as it has come, store it, and give it to whom it is for: to new scenes alone, or to all."""
        now = clock.monotonic()
        with self._wake:
            last = self._stop
            scenes = list(film.scenes)
            reach = min(now, film.until)
            grows = last or film.grows_at() <= now
            wanting = scenes if grows else film.unserved()
            had = film.kept if all(scene.trigger + films.EARLY_S <= film.covered for scene in wanting) else None
        ready = [(scene, row) for scene in wanting if (row := keepsakes.row_of(scene)) is not None]
        if not ready:
            raise NotYet
        if grows or had is None:
            film.absorb()
            packets, order = film.order(reach)
            with self._inside(film.camera_id):
                clip = clips.cut(packets, film.info, order)
            stored = keepsakes.keep_clip(ready, clip, films.overlay(scenes, clip))
        else:
            stored, reach = had, film.covered  # who comes into the database late gets what the others have
        keepsakes.give(ready, stored, reach=reach, last=last)
        with self._wake:
            film.served |= {id(scene) for scene, _ in ready}
            film.done = last
            if grows:
                film.covered, film.kept = reach, stored
        if len(ready) < len(wanting):
            raise NotYet

    def _later(self, work: Work, wait_s: float) -> None:
        """Again after a while; but not once there is no later, and a picture not for ever."""
        with self._wake:
            if self._stop:
                log.error("evidence was given up: %s", self._trouble or "its candidate is not in the database")
                if isinstance(work, Film):
                    work.done = True
                return
            work.not_before = clock.monotonic() + wait_s
            if isinstance(work, Film):
                return
            if len(self._pictures) < MOST_PICTURES and clock.monotonic() - _moment(work) < GIVEN_UP_S:
                self._pictures.append(work)
            else:
                log.error("a picture was given up: %s", work.proof.dedup)

    def _give_up(self, work: Work, cause: str, words: str = "") -> None:
        """What will never be."""
        if isinstance(work, Film):
            with self._wake:
                self._lose(work, cause, words)
                work.done = True
                self._wake.notify_all()

    def _went_well(self, work: Work) -> None:
        with self._wake:
            if self._trouble:
                log.warning("evidence is stored again")
            self._trouble = ""
            if isinstance(work, Film) and not self._losses:
                self._told.discard(work.camera_id)


def _moment(work: Work) -> float:
    return work.proof.trigger if isinstance(work, Picture) else work.until
