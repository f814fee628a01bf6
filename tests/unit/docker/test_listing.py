"""Containers that go while one asks for them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fream_compose.docker.facts import Condition, Container
from fream_compose.docker.listing import still_there
from fream_compose.errors import EngineError

LISTED = tuple(Container(id, id, "app", "running", "Up", "shop:1") for id in ("a", "b", "c"))


def test_what_goes_between_being_listed_and_being_asked_is_left_out() -> None:
    gone = ["b", "c"]
    asked: list[list[str]] = []

    def ask(ids: Sequence[str]) -> tuple[Condition, ...]:
        asked.append([*ids])
        if left := [id for id in ids if id in gone]:
            why = f"Error response from daemon: No such container: {left[0]}"
            raise EngineError("They could not be inspected", why)
        return tuple(Condition("running", id=id) for id in ids)

    listed, found = still_there(ask, LISTED)

    assert ([one.id for one in listed], [one.id for one in found]) == (["a"], ["a"])
    assert asked == [["a", "b", "c"], ["a", "c"], ["a"]]


@pytest.mark.parametrize("why", ["the daemon restarts", "No such container: another"])
def test_whatever_else_fails_is_an_error(why: str) -> None:
    def ask(_: Sequence[str]) -> tuple[Condition, ...]:
        raise EngineError("They could not be inspected", why)

    with pytest.raises(EngineError, match="They could not be inspected"):
        still_there(ask, LISTED)
