"""A whole product of one's own with its simulated world, for as long as a block lasts."""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from soc.ops.world import World, free_ports

HEALTHY_S = 120.0
# Phones answer and accept by themselves; people come to the yard only when they are asked for.
MANNERS = ("--auto-answer", "1", "--auto-press", "1", "--first", "86400")


class Outside:
    """The simulated world's own doors: what its equipment saw, heard and was called."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=45)

    def get(self, path: str) -> Any:
        return self.http.get(path).raise_for_status().json()

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self.http.post(path, json=dict(body or {})).raise_for_status().json()

    def intrude(self, camera: str = "yard") -> datetime:
        """Let a person come; gives when at the earliest."""
        return datetime.fromisoformat(self.post(f"/control/cameras/{camera}/intrusion")["starts_at"])

    def empty(self) -> bool:
        """Whether everybody who was staged has left the picture."""
        now = datetime.now(UTC)
        staged = self.get("/control/intrusions")
        return all(one["began"] and datetime.fromisoformat(one["in_view_to"]) < now for one in staged)

    def heard(self, camera: str = "yard") -> bytes:
        """Everything that came out of the camera's loudspeaker: a WAV file, 8 kHz, 16 bit, one channel."""
        return self.http.get(f"/control/cameras/{camera}/heard.wav").raise_for_status().content


@dataclass
class Stage:
    """A running product: `password` opens every log-in of the demonstration."""

    world: World
    password: str
    outside: Outside

    @property
    def url(self) -> str:
        return self.world.url

    def report(self) -> dict[str, Any]:
        """What the line made of what came in."""
        return dict(json.loads(self.world.manage("line_report")))


@contextmanager
def stage(
    *,
    cameras: str = "yard,quiet",
    manners: tuple[str, ...] = MANNERS,
    env: Mapping[str, str] | None = None,
    throwaway: bool = False,
    only: Collection[str] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Stage]:
    """Start everything in a folder that is removed afterwards. After an error the ends of the logs go to stderr.

    `cameras`: which of the simulated cameras are watched; `manners`: how the simulated world behaves;
    `throwaway`: the database does not wait for the disk (for tests, never where time is measured);
    `only`: the programs to run, all where it is None.
    """
    password = secrets.token_urlsafe(16)
    settings = {
        "DEMO_PASSWORD": password,
        "DEMO_ARGS": json.dumps(manners),
        "DEMO_CAMERAS": cameras,
        "LOG_LEVEL": "WARNING",
        **(env or {}),
    }
    var = Path(tempfile.mkdtemp(prefix="nightdesk-stage-"))
    # Thrown away: in a test, beside others, and so on servers of its own.
    world = World(var, ports=free_ports(), env=settings, throwaway=throwaway, only=only, own_servers=throwaway, say=say)
    try:
        with world:
            world.wait_healthy(HEALTHY_S)
            assert world.ports is not None
            outside = Outside(world.ports.phone)
            with outside.http:
                yield Stage(world, password, outside)
    except BaseException:
        _show_logs(var)
        raise
    finally:
        world.remove()


def _show_logs(var: Path, lines: int = 15) -> None:
    for log in sorted((var / "log").glob("*.log")):
        end = log.read_text(errors="replace").splitlines()[-lines:]
        print(f"--- {log.name}", *end, sep="\n", file=sys.stderr, flush=True)
