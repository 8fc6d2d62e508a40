"""Every example that needs one process alone, run as its user would; each compares every byte itself and says so.

The two-process ones run over RDMA in a guest: tests/guest/examples_scenarios.py.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("REMIT_BINARIES", ROOT / "build/release/bin"))
PATIENCE = 120 * float(os.environ.get("REMIT_TIME_SCALE", "1"))


def run(*command: str | os.PathLike[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("name, told", [
    ("in_one_process", "2000 tokens in 2 rounds: every byte verified"),
    ("many_rooms", "100 requests: 100 verified, 0 failed"),
])
def test_cpp(name: str, told: str) -> None:
    done = run(BINARIES / f"remit_example_{name}")
    assert done.returncode == 0, done.stderr
    assert told in done.stdout


@pytest.mark.parametrize("name, told", [
    ("in_one_process", "2000 tokens in 2 rounds: every byte verified"),
    ("many_rooms", "100 requests"),
    ("sglang_shape", "every byte verified"),
    ("vllm_connector", "every byte verified"),
])
def test_python(name: str, told: str) -> None:
    done = run(sys.executable, ROOT / f"examples/python/{name}.py")
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
    assert done.stderr == ""


def test_a_minimal_example_says_what_is_wrong() -> None:
    """An option that is none, a receiver without a sender's endpoint."""
    for command in ([BINARIES / "remit_example_minimal_sender"], [sys.executable, ROOT / "examples/python/minimal_sender.py"]):
        done = run(*command, "fabric.colour=red")
        assert done.returncode != 0
        assert "fabric.colour" in done.stderr
    done = run(BINARIES / "remit_example_minimal_receiver")
    assert (done.returncode, "usage" in done.stderr) == (2, True)
