"""Undo: the last first, all of it, and commands to type where it fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fream_compose.errors import EngineError, FreamError, UncertainError
from fream_compose.interruption import LeaveNow
from fream_compose.operations.undo import Undo
from tests.fakes import Watcher

Deed = Callable[[], None]


def failing() -> None:
    raise EngineError("Docker failed", "it hung")


def leaving() -> None:
    raise LeaveNow(2)


def full() -> None:
    raise OSError(28, "No space left on device")


def bug() -> None:
    raise ZeroDivisionError


def nothing() -> None:
    pass


def run(watcher: Watcher, then: Deed, **deeds: Deed) -> None:
    """A run that does some deeds, and then something else."""
    with Undo(watcher) as undo:
        for title, deed in deeds.items():
            undo.add(title, f"type {title}", deed)
        then()


def committed(then: Deed, deed: Deed) -> None:
    """A run that commits before it does something else."""
    with Undo(Watcher()) as undo:
        undo.add("one", "type one", deed)
        undo.forget()
        then()


@pytest.fixture
def undone() -> list[str]:
    return []


@pytest.mark.parametrize(
    ("then", "kind"), [(failing, EngineError), (bug, ZeroDivisionError), (full, OSError)]
)
def test_what_was_done_is_undone_the_last_first(
    undone: list[str], then: Deed, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        run(
            Watcher(),
            then,
            one=lambda: undone.append("one"),
            two=lambda: undone.append("two"),
        )

    assert undone == ["two", "one"]


def test_a_block_that_ends_well_is_not_undone(undone: list[str]) -> None:
    run(Watcher(), nothing, one=lambda: undone.append("one"))

    assert undone == []


def test_what_is_committed_is_not_undone_by_a_later_failure(undone: list[str]) -> None:
    with pytest.raises(EngineError):
        committed(failing, lambda: undone.append("one"))

    assert undone == []


def test_an_undo_that_fails_names_every_command_that_is_left() -> None:
    with pytest.raises(UncertainError) as caught:
        run(Watcher(), failing, one=nothing, two=failing, three=nothing)

    error = caught.value
    assert error.what == "Docker failed; and then this undo failed: two"
    assert "it hung" in error.why
    assert error.next_step == "type two; type one"


def test_an_undo_that_fails_on_the_file_system_names_the_commands_too() -> None:
    with pytest.raises(UncertainError) as caught:
        run(Watcher(), failing, one=full)

    assert caught.value.next_step == "type one"


def test_an_operator_in_a_hurry_is_told_what_is_left(undone: list[str]) -> None:
    watcher = Watcher()

    with pytest.raises(LeaveNow):
        run(watcher, leaving, one=lambda: undone.append("one"))

    assert undone == []
    assert watcher.warnings == ["left as it is; to put it right: type one"]


def test_a_hurry_while_it_is_undone_names_what_is_left() -> None:
    watcher = Watcher()

    with pytest.raises(LeaveNow):
        run(watcher, failing, one=nothing, two=leaving)

    assert watcher.warnings == ["left as it is; to put it right: type two; type one"]


def test_a_failure_keeps_its_own_words_when_the_undo_goes_well() -> None:
    with pytest.raises(FreamError, match="Docker failed"):
        run(Watcher(), failing, one=nothing)
