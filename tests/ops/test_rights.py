"""Whoever starts the product, its programs have no more rights than they need."""

from __future__ import annotations

import os
import subprocess

import pytest

from soc.ops import drop
from soc.ops.paths import CHECKOUT, NOBODY

ROOT = os.geteuid() == 0


def status_of(mode: str) -> dict[str, str]:
    """/proc/self/status of a program that was started in `mode`."""
    command = drop.wrapped(["cat", "/proc/self/status"], mode, parent=os.getpid())
    env = {**os.environ, "NIGHTDESK_VAR": "/tmp"}
    done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=True, timeout=30)
    return dict(line.split(":\t", 1) for line in done.stdout.splitlines() if ":\t" in line)


def test_an_ordinary_users_programs_gain_nothing_by_exec():
    assert status_of("same")["NoNewPrivs"] == "1"


@pytest.mark.skipif(not ROOT, reason="only root has rights to give up")
def test_without_power_root_is_a_number_only():
    status = status_of("powerless")
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_nobody_is_nobody_for_good():
    # The interpreter may be where nobody cannot read it, so the last step alone is tried, in a child.
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        drop.lower_to("nobody")
        with open("/proc/self/status", "rb") as own:
            os.write(writer, own.read())
        os._exit(0)
    os.waitpid(child, 0)
    status = dict(line.split(":\t", 1) for line in os.read(reader, 1 << 16).decode().splitlines() if ":\t" in line)
    assert status["Uid"].split() == [str(NOBODY)] * 4
    assert status["Gid"].split() == [str(NOBODY)] * 4
    assert int(status["CapEff"], 16) == 0


def test_the_mode_is_one_in_which_the_programs_can_be_read(tmp_path):
    (tmp_path / "var").mkdir()
    mode = drop.choose(tmp_path / "var")
    assert mode in ({"nobody", "powerless"} if ROOT else {"same"})
    assert drop.reads(mode, tmp_path / "var")
