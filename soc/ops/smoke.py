"""`make smoke`: the main job without a screen, on free ports, with a scripted operator.

Real video over RTSP, real inference, PostgreSQL, a Redis-protocol server, HTTP and websockets; the outside world is the
simulated one. The last line printed is one JSON object; the exit code is not zero when a stage was missing.

FOOTAGE=path plays any video once through one camera, armed around the clock; EXPECT=incident|none makes it a check.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from soc.ops.operator.operator import Missing, Operator
from soc.ops.world import World, free_ports

MAIN = ("captured", "received", "judged", "queued", "painted", "claimed", "verdict", "closed")
OFFSETS = (
    "evidence_shown",
    "audio_sent",
    "audio_heard",
    "call_placed",
    "call_answered",
    "responder_accepted",
    "on_site",
)
FOOTAGE_S = 75.0
LIMIT_S = 115.0


def say(words: str) -> None:
    print(f"[{time.monotonic() - BEGAN:6.1f} s] {words}", flush=True)


BEGAN = time.monotonic()


class Outside:
    """The simulated world's own control door: what the equipment saw and heard, told by the equipment."""

    def __init__(self, port: int) -> None:
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=45)

    async def get(self, path: str) -> Any:
        answer = await self.http.get(path)
        answer.raise_for_status()
        return answer.json()

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = await self.http.post(path, json=body or {})
        answer.raise_for_status()
        return answer.json()

    async def heard_s(self) -> float:
        return sum(float(camera.get("heard_s") or 0) for camera in await self.get("/control/cameras"))

    async def calls(self) -> int:
        return int((await self.get("/log"))["counters"]["calls"])


async def wait_for(what: str, look: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Raises Missing when it does not become true in time."""
    limit = time.monotonic() + seconds
    while not await look():
        if time.monotonic() > limit:
            raise Missing(f"{what} did not happen within {seconds:.0f} s")
        await asyncio.sleep(0.25)


async def night(world: World, operator: Operator, outside: Outside, footage: Path | None) -> list[str]:
    """Play the night until the work is done; gives what was missing."""
    await operator.sit_down()
    following = asyncio.create_task(operator.feed.run())
    done = asyncio.Event()
    working = asyncio.create_task(operator.work(done.is_set))
    missing: list[str] = []
    try:
        if footage is None:
            say("an intruder enters the yard")
            await outside.post("/control/cameras/yard/intrusion")
            await wait_for("an incident closed by the operator", lambda: _count(operator, 1), 75)
            say("the panel reports a hold-up")
            await outside.post("/control/panel/hold_up")
            await wait_for("the panel's incident closed", lambda: _count(operator, 2), 25)
        else:
            say(f"playing {footage.name}")
            await wait_for("the end of the footage", lambda: _played(outside), FOOTAGE_S + 25)
            say("the footage has ended; what is in flight comes in")
            await wait_for("a quiet desk", lambda: _idle(world, operator), 25)
    except Missing as error:
        missing.append(str(error))
    finally:
        done.set()
        await asyncio.wait_for(working, 40)
        await _settled(world, operator)
        operator.feed.stop()
        await following
    return missing + operator.missing


async def _count(operator: Operator, wanted: int) -> bool:
    return len(operator.handled) >= wanted or bool(operator.missing)


async def _played(outside: Outside) -> bool:
    return any(c["name"] == "footage" and c["state"] == "ended" for c in await outside.get("/control/cameras"))


async def _idle(world: World, operator: Operator) -> bool:
    report = json.loads(await asyncio.to_thread(world.manage, "line_report"))
    raised = report["owed"] == 0 and report["raised_without_incident"] == 0
    return raised and operator.busy is None and operator.next_row() is None


async def _settled(world: World, operator: Operator) -> None:
    """Stop the eyes so that the sums are exact, and let the last positions come in."""
    await asyncio.to_thread(world.supervisor.stop, "app:watch")
    await wait_for("the record at rest", lambda: _at_rest(world, operator), 15)


async def _at_rest(world: World, operator: Operator) -> bool:
    report = json.loads(await asyncio.to_thread(world.manage, "line_report"))
    return report["owed"] == 0 and not _missed(report, operator)


def _missed(report: dict[str, Any], operator: Operator) -> list[int]:
    return [
        seq for key in operator.feed.accounts for seq in operator.feed.missed(key, report["positions"].get(key, []))
    ]


def judge(report: dict[str, Any], *, calls: int, heard_s: float, signals: int, missed: int, full: bool) -> list[str]:
    """What is missing of a whole line, in words. `full`: an intrusion was staged, so every stage must show."""
    problems = []
    frames = report["frames"]
    if frames["captured"] != frames["gated"] + frames["inferred"] + frames["dropped"]:
        problems.append("captured frames are not gated + inferred + dropped")
    if not frames["captured"]:
        problems.append("no frame was captured")
    if report["raised_without_incident"] or missed or report["signals"] < signals:
        problems.append("something was lost")
    for incident in report["incidents"]:
        clock = incident["clock"]
        stamps = [clock[name] for name in MAIN]
        if None in stamps:
            problems.append(f"{incident['reference']}: no {MAIN[stamps.index(None)]} stamp")
        elif stamps != sorted(stamps):
            problems.append(f"{incident['reference']}: the clock is out of order")
        if incident["state"] != "closed":
            problems.append(f"{incident['reference']} is {incident['state']}")
        if incident["family"] == "intrusion" and incident["painted_by"] != "script":
            problems.append(
                f"{incident['reference']}: painted by {incident['painted_by'] or 'nobody'}, not by the script"
            )
    if full:
        real = [i for i in report["incidents"] if i["family"] == "intrusion"]
        needed = ("evidence_shown", "audio_sent", "call_placed", "call_answered", "responder_accepted")
        if not any(all(i["clock"][name] for name in needed) for i in real):
            problems.append("no intrusion went through evidence, voice, call and acceptance")
        if not calls:
            problems.append("the phone network saw no call")
        if heard_s < 1:
            problems.append(f"the camera heard {heard_s:.1f} s of the challenge")
    return problems


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument("--footage", type=Path)
    parser.add_argument("--expect", choices=["incident", "none"])
    options = parser.parse_args(arguments)
    if options.footage is not None and not options.footage.is_file():
        parser.error(f"there is no file {options.footage}")
    return run(options.footage.resolve() if options.footage else None, options.expect)


def run(footage: Path | None, expect: str | None) -> int:
    """Start a world of its own, play the night, print the verdict."""
    password = secrets.token_urlsafe(16)
    env = {
        "DEMO_PASSWORD": password,
        "DEMO_ARGS": demo_arguments(footage),
        "LOG_LEVEL": "WARNING",
        "DEMO_CAMERAS": "yard,quiet" if footage is None else "footage",
    }
    if footage is not None:
        env["SEED"] = "seed_footage"
    var = Path(tempfile.mkdtemp(prefix="nightdesk-smoke-"))
    world = World(var, ports=free_ports(), env=env, say=say, throwaway=True)
    result: dict[str, Any] = {}
    problems: list[str] = []
    try:
        with world:
            world.wait_healthy(90)
            result, problems = asyncio.run(_whole(world, password, footage))
    finally:
        if problems or not result:
            for log in sorted((var / "log").glob("*.log")):
                print(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-25:]), flush=True)
        world.remove()
        shutil.rmtree(var, ignore_errors=True)
    if expect == "incident" and not result["incidents"]:
        problems.append("an incident was expected")
    if expect == "none" and result["incidents"]:
        problems.append("no incident was expected")
    for problem in problems:
        say(f"MISSING: {problem}")
    result["ok"] = not problems
    print(json.dumps(result), flush=True)
    return 0 if result["ok"] else 1


def demo_arguments(footage: Path | None) -> str:
    """How the simulated world is to behave: phones answer and accept; intrusions come when told, or a file is played."""
    arguments = ["--auto-answer", "2", "--auto-press", "1"]
    if footage is None:
        return json.dumps([*arguments, "--first", "86400"])
    return json.dumps([*arguments, "--play", f"footage={footage}", "--play-limit", str(FOOTAGE_S)])


async def _whole(world: World, password: str, footage: Path | None) -> tuple[dict[str, Any], list[str]]:
    assert world.ports is not None
    outside = Outside(world.ports.phone)
    operator = Operator(world.url, "script" if footage else "ines", password)
    missing = await night(world, operator, outside, footage)
    report = json.loads(await asyncio.to_thread(world.manage, "line_report"))
    calls, heard_s = await outside.calls(), await outside.heard_s()
    missed = len(_missed(report, operator))
    signals = 0 if footage else 1
    problems = missing + judge(
        report, calls=calls, heard_s=heard_s, signals=signals, missed=missed, full=footage is None
    )
    if footage is None:
        problems += await portal_shows(world, password, report)
    result = {
        "ok": False,
        "incidents": [{"id": i["id"], "outcome": i["outcome"], "clock": i["clock"]} for i in report["incidents"]],
        "frames": report["frames"],
        "calls": calls,
        "audio_heard_s": round(heard_s, 2),
        "lost": report["raised_without_incident"] + max(0, signals - report["signals"]) + missed,
    }
    await operator.leave()
    return result, problems


async def portal_shows(world: World, password: str, report: dict[str, Any]) -> list[str]:
    """The customer reads the outcome of each intrusion; another customer does not."""
    problems = []
    for username, sees in (("dana", True), ("harold", False)):
        customer = Operator(world.url, username, password)
        page = await customer.http.get("/login/")
        await customer._send(page.text, "", username=username, password=password)
        for incident in report["incidents"]:
            if incident["family"] != "intrusion" or incident["state"] != "closed":
                continue
            answer = await customer.http.get(f"/portal/incidents/{incident['id']}")
            if (answer.status_code == 200) is not sees:
                problems.append(f"{username} got {answer.status_code} for {incident['reference']} in the portal")
            elif sees and "challenged over the loudspeaker" not in answer.text:
                problems.append(f"the portal does not tell {username} what was done in {incident['reference']}")
        await customer.http.aclose()
    return problems


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
