"""What the simulated world is started with."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from soc.demo.phone.records import ANSWER, MANUAL, Policy

TAKEN_NAMES = ("yard", "street", "quiet", "foliage")


@dataclass(frozen=True)
class WorldSettings:
    """All of it. Ports may be 0 for a free one; without ``control_port`` control shares the phones' port."""

    account: str
    token: str
    host: str = "127.0.0.1"
    rtsp_port: int = 8554
    phone_port: int = 8025
    control_port: int | None = None
    public_url: str = ""
    camera_user: str = "admin"
    camera_password: str = ""
    first_s: float = 12.0
    every_s: float = 75.0
    speed: float = 1.0
    scheduled: bool = True
    plays: dict[str, Path] = field(default_factory=dict)
    play_limit_s: float = 75.0
    policy: Policy = field(default_factory=Policy)
    calls_per_second: float = 1.0
    speech_s: float = 0.03
    duplicate_window_s: float = 30.0
    callbacks_twice: bool = False
    callbacks_disordered: bool = False
    authority: Path | None = None
    panel_url: str = ""
    panel_key: str = ""


def read_settings(arguments: Sequence[str] | None = None) -> WorldSettings:
    """From the command line and the environment; exits with a message where something is wrong."""
    parser = _parser()
    given = parser.parse_args(arguments)
    account, token = os.environ.get("TWILIO_ACCOUNT_SID", ""), os.environ.get("TWILIO_AUTH_TOKEN", "")
    if not re.fullmatch(r"AC[0-9a-fA-F]{32}", account) or not token:
        parser.error("TWILIO_ACCOUNT_SID (AC and 32 hexadecimal digits) and TWILIO_AUTH_TOKEN must be set")
    policy = Policy(MANUAL)
    if given.auto_answer is not None:
        policy = Policy(ANSWER, answer_after_s=given.auto_answer, press=tuple(given.auto_press))
    return WorldSettings(
        account=account,
        token=token,
        host=given.host,
        rtsp_port=given.rtsp_port,
        phone_port=given.phone_port,
        control_port=given.control_port,
        public_url=given.public_url,
        camera_user=given.camera_user,
        camera_password=os.environ.get("DEMO_CAMERA_PASSWORD", ""),
        first_s=given.first,
        every_s=given.every,
        speed=given.speed,
        scheduled=not given.no_schedule,
        plays=dict(given.play),
        play_limit_s=given.play_limit,
        policy=policy,
        calls_per_second=given.calls_per_second,
        duplicate_window_s=given.duplicate_window,
        callbacks_twice=given.callbacks_twice,
        callbacks_disordered=given.callbacks_disordered,
        authority=given.callback_ca,
        panel_url=given.panel_url or os.environ.get("DEMO_PANEL_URL", ""),
        panel_key=given.panel_key or os.environ.get("DEMO_PANEL_KEY", ""),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m soc.demo",
        description="Simulated cameras, phone network and alarm panel. "
        "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN come from the environment, and so may DEMO_CAMERA_PASSWORD "
        "(cameras then ask for it), DEMO_PANEL_URL and DEMO_PANEL_KEY.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--rtsp-port", type=int, default=8554)
    add("--phone-port", type=int, default=8025)
    add("--control-port", type=int, help="a port of its own for /control (default: the phones' port)")
    add("--public-url", default="", help="the address under which people find the phones, as printed")
    add("--camera-user", default="admin")
    add("--first", type=float, default=12.0, help="seconds until the first intrusion at the yard")
    add("--every", type=float, default=75.0, help="seconds between intrusions")
    add(
        "--speed",
        type=_speed,
        default=1.0,
        help="the cameras' films run so many times as fast, with as many more pictures",
    )
    add("--no-schedule", action="store_true", help="intrusions only when the control door asks for one")
    add("--play", type=_play, action="append", default=[], metavar="NAME=FILE", help="a camera that plays once")
    add("--play-limit", type=float, default=75.0, help="seconds after which --play is cut")
    add("--auto-answer", type=float, metavar="SECONDS", help="every phone answers by itself after this time")
    add("--auto-press", action="append", default=[], metavar="KEYS", help="pressed when keys are asked for")
    add("--calls-per-second", type=float, default=1.0, help="0 for no limit")
    add("--duplicate-window", type=float, default=30.0, help="two calls to one number within this are noted")
    add("--callbacks-twice", action="store_true")
    add("--callbacks-disordered", action="store_true")
    add("--callback-ca", type=Path, help="certificate to trust for https callbacks")
    add("--panel-url", default="", help="the product's address: sends heartbeats there")
    add("--panel-key", default="")
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if not 0.1 <= speed <= 10:
        raise argparse.ArgumentTypeError("between 0.1 and 10")
    return speed


def _play(text: str) -> tuple[str, Path]:
    name, _, file = text.partition("=")
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", name) or name in TAKEN_NAMES:
        raise argparse.ArgumentTypeError(f"{name!r} cannot be a camera's name (a-z, 0-9, - and _)")
    if not Path(file).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {file!r}")
    return name, Path(file)
