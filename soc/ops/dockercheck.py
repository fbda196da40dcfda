"""Checks the Dockerfile where there is no engine: reads it, and plays its steps in a folder.

`check` finds what would fail or be unsafe; `play` copies what COPY copies and, if asked, runs what RUN runs,
with the image's folders under a temporary one. `python -m soc.ops.dockercheck --run` does it all (minutes,
needs packages).
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from soc.ops.paths import CHECKOUT

KNOWN = {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "ENTRYPOINT", "CMD", "HEALTHCHECK"}


@dataclass(frozen=True)
class Step:
    """One instruction with its line number and its text, continuation lines joined."""

    line: int
    word: str
    text: str


def steps(dockerfile: Path) -> list[Step]:
    """Read the instructions of a Dockerfile."""
    found: list[Step] = []
    pending, start = "", 0
    for number, raw in enumerate(dockerfile.read_text().splitlines(), 1):
        if raw.lstrip().startswith("#") or (not pending and not raw.strip()):
            continue
        start = start if pending else number
        pending += raw.rstrip("\\").strip() + " " if raw.rstrip().endswith("\\") else raw.strip()
        if not raw.rstrip().endswith("\\"):
            word, _, text = pending.partition(" ")
            found.append(Step(start, word.upper(), text.strip()))
            pending = ""
    return found


def check(root: Path) -> Iterator[str]:
    """Yield each complaint about `root`'s Dockerfile, with its line."""
    found = steps(root / "Dockerfile")
    ignored = _ignored(root)
    if not found or found[0].word != "FROM":
        yield "1: the first instruction is not FROM"
    for step in found:
        if step.word not in KNOWN:
            yield f"{step.line}: unknown instruction {step.word}"
        if re.search(r"\w+://", step.text):
            yield f"{step.line}: names an address"
        if step.word == "FROM":
            name, _, tag = step.text.partition(":")
            if not tag or tag == "latest" or "." in name.split("/")[0]:
                yield f"{step.line}: the base must be a plain name with a tag: {step.text}"
        elif step.word == "COPY":
            for source in shlex.split(step.text)[:-1]:
                if not (root / source).exists():
                    yield f"{step.line}: COPY of {source}, which does not exist"
                elif ignored(source):
                    yield f"{step.line}: COPY of {source}, which .dockerignore leaves out"
        elif step.word == "RUN":
            parsed = subprocess.run(["/bin/sh", "-n", "-c", step.text], capture_output=True, text=True)
            if parsed.returncode != 0:
                yield f"{step.line}: {parsed.stderr.strip()}"
        elif step.word in {"CMD", "ENTRYPOINT"} and not _is_list(step.text):
            yield f"{step.line}: {step.word} must be a JSON list, or signals stop at a shell"
    users = [step.text for step in found if step.word == "USER"]
    if not users or users[-1].split(":")[0] in {"root", "0"}:
        yield "the image runs as root"


def play(root: Path, image: Path, *, run: bool) -> dict[str, str]:
    """Play the steps with the image's file system under `image`; returns the environment the command would
    have.

    Raises RuntimeError with a step's output when it fails. Paths of the image in ENV and RUN are moved below
    `image`.
    """
    env = {"PATH": os.environ["PATH"], "HOME": str(image)}
    for key in ("SSL_CERT_FILE", "PIP_CERT"):  # whom the machine trusts
        if key in os.environ:
            env[key] = os.environ[key]
    # Only root may give files away; here the one user is everybody.
    tools = image / "tools"
    tools.mkdir(parents=True)
    (tools / "chown").write_text("#!/bin/sh\nexit 0\n")
    (tools / "chown").chmod(0o755)
    env["PATH"] = f"{tools}{os.pathsep}{env['PATH']}"
    folder = image
    for step in steps(root / "Dockerfile"):
        if step.word == "WORKDIR":
            folder = Path(_moved(step.text, image))
            folder.mkdir(parents=True, exist_ok=True)
        elif step.word == "ENV":
            env |= {k: _moved(v, image) for k, v in (pair.split("=", 1) for pair in shlex.split(step.text))}
        elif step.word == "COPY":
            *sources, target = shlex.split(step.text)
            for source in sources:
                _copy(root / source, folder / target)
        elif step.word == "RUN" and run:
            command = ["/bin/sh", "-e", "-c", _moved(step.text, image)]
            done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError(f"line {step.line}: {step.text}\n{done.stdout}{done.stderr}")
    return env


def command(root: Path, image: Path) -> list[str]:
    """The command of the played image, without CMD's words."""
    entry = next(step.text for step in steps(root / "Dockerfile") if step.word == "ENTRYPOINT")
    return [_moved(word, image) for word in json.loads(entry)]


def _moved(text: str, image: Path) -> str:
    return re.sub(r"(?<![\w.])/(app|var/lib/nightdesk)\b", lambda hit: str(image / hit.group(1)), text)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        skip = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=skip)
    else:
        shutil.copy2(source, target)


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def _ignored(root: Path) -> Callable[[str], bool]:
    lines = (root / ".dockerignore").read_text().splitlines()
    rules = [line.strip() for line in lines if line.strip() and not line.startswith("#")]

    def ignored(path: str) -> bool:
        verdict = False
        for rule in rules:  # the last rule that fits decides
            if fnmatch.fnmatch(path, rule.lstrip("!").removeprefix("**/")):
                verdict = not rule.startswith("!")
        return verdict

    return ignored


def main() -> int:
    """Check, and with --run play every step and ask the result for its version."""
    parser = argparse.ArgumentParser(description="Check the Dockerfile without an engine.")
    parser.add_argument("--run", action="store_true", help="play its steps: installs every package")
    given = parser.parse_args()
    complaints = list(check(CHECKOUT))
    print("\n".join(f"Dockerfile:{complaint}" for complaint in complaints) or "Dockerfile: clean")
    if complaints or not given.run:
        return 1 if complaints else 0
    with tempfile.TemporaryDirectory(prefix="nightdesk-image-") as name:
        image = Path(name)
        env = play(CHECKOUT, image, run=True)
        done = subprocess.run([*command(CHECKOUT, image), "version"], cwd=image / "app", env=env)
        print("Dockerfile: every step works" if done.returncode == 0 else "Dockerfile: the command fails")
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
