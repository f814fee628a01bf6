"""Waiting ends when it is true, and when the time is up."""

from __future__ import annotations

from fream_compose.waiting import wait_until


class Time:
    """A clock that a pause moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def test_what_is_true_at_once_is_not_waited_for() -> None:
    time = Time()

    assert wait_until(lambda: "yes", 5.0, time.clock, time.pause, 1.0) == "yes"
    assert time.now == 0.0


def test_it_looks_again_until_it_is_true() -> None:
    time = Time()

    assert wait_until(lambda: time.now >= 3, 5.0, time.clock, time.pause, 1.0)
    assert time.now == 3.0


def test_the_last_look_is_at_the_deadline() -> None:
    time = Time()
    looks: list[float] = []

    assert not wait_until(lambda: looks.append(time.now), 2.0, time.clock, time.pause, 1.0)
    assert looks == [0.0, 1.0, 2.0]


def test_there_is_one_look_after_the_deadline_too() -> None:
    time = Time()

    assert wait_until(lambda: True, -1.0, time.clock, time.pause, 1.0)
