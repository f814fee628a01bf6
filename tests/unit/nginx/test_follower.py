"""A log is followed until its process ends, or until nobody wants to read on."""

from __future__ import annotations

import subprocess

from fream_compose.nginx.follower import Follower


def _process(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True)


def test_every_line_is_read_and_the_end_is_known() -> None:
    lines: list[str] = []
    process = _process("echo one; echo two")
    follower = Follower(process, lines.append)

    process.wait()
    follower.stop()

    assert lines == ["one\n", "two\n"]
    assert follower.ended
    assert follower.process_ended


def test_a_log_that_goes_on_is_ended() -> None:
    process = _process("exec sleep 60")
    follower = Follower(process, lambda _: None)
    assert not follower.ended
    assert not follower.process_ended

    follower.stop()

    assert process.returncode is not None
    assert process.stdout
    assert process.stdout.closed
    assert follower.ended
