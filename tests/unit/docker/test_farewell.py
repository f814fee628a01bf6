"""The end of a log: whole lines, in bounded memory and time, whatever Docker prints."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from fream_compose.docker.farewell import end_of_log
from fream_compose.errors import EngineError


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a `docker` that runs this script."""
    path = tmp_path / "docker"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def write(script: str) -> None:
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return write


def test_a_short_log_is_whole_with_what_went_to_stderr(docker: Callable[[str], None]) -> None:
    docker("echo out; echo err >&2; printf '\\377 no end'")

    assert end_of_log("app", 1000, 30.0) == b"out\nerr\n\xff no end"


def test_of_a_long_one_the_last_whole_lines_are_kept_in_little_memory(
    docker: Callable[[str], None],
) -> None:
    docker("seq -f %099.0f 0 399999")

    tracemalloc.start()
    try:
        kept = end_of_log("app", 1_000_000, 60.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    lines = kept.split(b"\n")
    assert 999_000 < len(kept) <= 1_000_000
    assert {len(line) for line in lines[:-1]} == {99}
    assert lines[-2].endswith(b"399999")
    assert peak < 4_000_000


def test_what_does_not_come_in_time_is_said(docker: Callable[[str], None]) -> None:
    docker("echo first; sleep 100 & wait")
    began = time.monotonic()

    kept = end_of_log("app", 1000, 1.0)

    assert kept == b"first\n(the rest could not be read in time)\n"
    assert time.monotonic() - began < 30


def test_a_log_that_docker_does_not_have_is_an_error_with_its_words(
    docker: Callable[[str], None],
) -> None:
    docker("echo 'the logging driver does not support reading' >&2; exit 1")

    with pytest.raises(EngineError, match="could not be read") as caught:
        end_of_log("app", 1000, 30.0)

    assert caught.value.why == "the logging driver does not support reading"
