"""Signals: undone before the cut-over, finished after it, left at once on the second."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest

from fream_compose.errors import InterruptedRun
from fream_compose.interruption import Interruption, LeaveNow, interruption
from tests.fakes import Behaviour, Stage

BEFORE = [
    "Pull",
    "Start set2",
    "Check the health",
    "Check set2 through nginx",
    "Cut over",
]
AFTER = ["Drain set1", "Stop and remove set1"]


@pytest.mark.parametrize("step", BEFORE)
def test_a_signal_before_the_cut_over_is_undone(live: Stage, step: str) -> None:
    env, include = live.env, live.include.read_text()
    live.watcher.at[step] = lambda: live.interruption.note(signal.SIGTERM)

    with pytest.raises(InterruptedRun) as caught:
        live.switch("1.0.1")

    assert caught.value.exit_code == 143
    assert caught.value.serving.startswith("1.0.0 (")
    assert live.serves() == "1.0.0"
    assert set(live.project.running()) == {"set1"}
    assert (live.env, live.include.read_text()) == (env, include)
    assert live.history.entries()[-1].result == "cancelled"


@pytest.mark.parametrize("step", AFTER)
def test_a_signal_after_the_cut_over_finishes_the_release(live: Stage, step: str) -> None:
    live.nginx.lingers = 0.2
    live.watcher.at[step] = lambda: live.interruption.note(signal.SIGINT)

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert set(live.project.running()) == {"set2"}
    assert "COMPOSE_PROFILES=infra,set2\n" in live.env
    assert live.watcher.warnings == []


def test_a_signal_while_the_old_set_is_drained_is_answered_with_a_word(live: Stage) -> None:
    def interrupt() -> None:
        live.nginx.give("set1", 0.4)  # however long it took until here
        live.interruption.note(signal.SIGINT)

    live.watcher.at["Drain set1"] = interrupt

    live.switch("1.0.1")

    assert live.watcher.notes == ["The cut-over is done; finishing. Interrupt again to leave now"]


def test_a_signal_while_nginx_reloads_is_heeded_only_after_the_cut_over(live: Stage) -> None:
    live.nginx.lingers = 0.1
    live.watcher.at["Cut over"] = lambda: live.project.before(
        "signal HUP", lambda: live.interruption.note(signal.SIGTERM)
    )

    live.switch("1.0.1")

    assert live.watcher.warnings == []
    assert live.serves() == "1.0.1"


def test_a_signal_while_the_health_is_checked_ends_the_wait_at_once(live: Stage) -> None:
    live.project.behaviours["1.0.1"] = Behaviour(status=503)
    threading.Timer(0.2, live.interruption.note, [signal.SIGTERM]).start()

    # At its limit the wait would end with an UnhealthyError.
    with pytest.raises(InterruptedRun):
        live.switch("1.0.1")

    assert set(live.project.running()) == {"set1"}


def test_the_second_signal_leaves_now_and_says_what_is_left(live: Stage) -> None:
    live.watcher.at["Start set2"] = lambda: live.interruption.note(signal.SIGINT)
    live.watcher.at["Remove set2"] = lambda: live.interruption.note(signal.SIGINT)

    with pytest.raises(LeaveNow) as caught:
        live.switch("1.0.1")

    assert caught.value.exit_code == 130
    assert live.serves() == "1.0.0"
    (warning,) = live.watcher.warnings
    assert "fream recover" in warning


def test_two_signals_in_a_step_leave_now_without_undo(live: Stage) -> None:
    def twice() -> None:
        live.interruption.note(signal.SIGTERM)
        live.interruption.note(signal.SIGTERM)

    live.watcher.at["Check the health"] = twice

    with pytest.raises(LeaveNow) as caught:
        live.switch("1.0.1")

    assert caught.value.exit_code == 143
    assert live.serves() == "1.0.0"
    assert set(live.project.running()) == {"set1", "set2"}
    assert "fream recover" in live.watcher.warnings[0]


def test_what_a_hasty_operator_left_is_put_right_by_the_next_switch(live: Stage) -> None:
    test_two_signals_in_a_step_leave_now_without_undo(live)
    live.fresh()

    live.switch("1.0.2")

    assert live.serves() == "1.0.2"
    assert set(live.project.running()) == {"set2"}


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_each_signal_has_the_exit_code_that_a_shell_expects(signum: int, code: int) -> None:
    with interruption() as state:
        os.kill(os.getpid(), signum)
        with pytest.raises(InterruptedRun) as caught:
            state.check()

    assert caught.value.exit_code == code
    assert signal.Signals(signum).name in caught.value.what


def test_the_signals_do_what_they_did_before_once_the_run_is_over() -> None:
    before = [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)]

    with interruption():
        assert signal.getsignal(signal.SIGTERM) not in before

    assert [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_wait_without_a_signal_lasts_as_long_as_it_was_told() -> None:
    state = Interruption()
    began = time.monotonic()

    state.wait(0.05)
    state.disregard()
    state.wait(0.05)

    assert time.monotonic() - began >= 0.1
    assert not state.pending


def test_a_run_under_nohup_is_not_ended_by_a_hang_up() -> None:
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruption() as state:
            os.kill(os.getpid(), signal.SIGHUP)
            state.check()
    finally:
        signal.signal(signal.SIGHUP, previous)


def _waits_although_signalled(instruction: int) -> tuple[bool, bool]:
    """A signal arrives at one instruction of a wait: whether it did, and whether the wait ended."""
    state, seen = Interruption(), 0

    def trace(frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        nonlocal seen
        frame.f_trace_opcodes = True
        if event == "opcode":
            seen += 1
            if seen == instruction:
                sys.settrace(None)
                state.note(signal.SIGTERM)
        return trace

    def wait() -> None:
        sys.settrace(trace)
        with suppress(InterruptedRun):
            state.wait(0.001)
        sys.settrace(None)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    thread.join(1.0)
    return state.pending, not thread.is_alive()


def test_a_signal_never_locks_up_a_run_that_waits() -> None:
    """Python runs a handler between any two instructions of the wait that it interrupts."""
    for instruction in range(1, 2000):
        arrived, ended = _waits_although_signalled(instruction)
        assert ended, f"locked up by a signal at instruction {instruction} of the wait"
        if not arrived:
            return


def test_a_closed_terminal_that_hangs_up_twice_is_undone(live: Stage) -> None:
    """The shell sends one SIGHUP, and the kernel another."""
    live.interruption.note(signal.SIGHUP)
    live.interruption.note(signal.SIGHUP)

    with pytest.raises(InterruptedRun):
        live.switch("1.0.1")

    assert set(live.project.running()) == {"set1"}
