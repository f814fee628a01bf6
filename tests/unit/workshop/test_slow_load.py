"""Slow clients hold what they opened, come again when they are cut off, and are bounded."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from load.servers import Peer, serving
from load.slow import MAX_CLIENTS, OPENINGS, SlowClients

ROOT = Path(__file__).parents[3]


def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def patient(peer: Peer) -> None:
    """Takes whatever comes, and answers nothing."""
    while peer.read(1):
        pass


def test_a_patient_server_keeps_all_of_them() -> None:
    with serving(patient) as port, SlowClients([port], 9, pace=0.02) as clients:
        until(lambda: clients.held.total() == 9)
        time.sleep(0.3)

    assert clients.held == dict.fromkeys(OPENINGS, 3)
    assert not clients.ended
    assert not clients.refused


def test_one_that_is_cut_off_comes_again() -> None:
    with serving(Peer.reset) as port, SlowClients([port], 3, pace=0.02) as clients:
        until(lambda: clients.ended.total() > 9)

    assert set(clients.ended) == set(OPENINGS)


def test_a_server_that_is_not_there_refuses() -> None:
    with serving(patient) as port:
        pass
    with SlowClients([port], 3, pace=0.02) as clients:
        until(lambda: clients.refused.total() > 3)

    assert not clients.held


@pytest.mark.parametrize(
    ("count", "seconds"), [(0, 1.0), (MAX_CLIENTS + 1, 1.0), (1, 0.0), (1, 601.0)]
)
def test_there_is_an_end_to_them(count: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="clients"):
        SlowClients([80], count, seconds)


def test_the_command_ends_by_itself_and_tells_what_became_of_them() -> None:
    with serving(patient) as port:
        command = [sys.executable, "-m", "load.slow", "--port", str(port)]
        limits = ["--count", "3", "--seconds", "0.5"]
        done = subprocess.run(
            [*command, *limits], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
        )

    told = json.loads(done.stdout)
    assert told == {"held": dict.fromkeys(OPENINGS, 1), "ended": {}, "refused": {}}
