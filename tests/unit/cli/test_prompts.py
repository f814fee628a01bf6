"""Questions before something is destroyed: what is no clear yes is a no."""

from __future__ import annotations

import pytest
import typer

from fream_compose.cli import prompts
from fream_compose.errors import UsageError


@pytest.fixture(autouse=True)
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "at_terminal", lambda: True)


def test_a_question_that_nobody_answers_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaves(*_: object, **__: object) -> None:
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", leaves)
    monkeypatch.setattr(typer, "prompt", leaves)

    with pytest.raises(UsageError, match="Nothing was removed"):
        prompts.confirm("Remove it?")
    with pytest.raises(UsageError, match="Nothing was removed"):
        prompts.confirm_name("Which?", "shop", "fream down")


@pytest.mark.parametrize(("typed", "passes"), [("shop ", True), ("shop-2", False)])
def test_only_the_very_name_is_a_yes(
    monkeypatch: pytest.MonkeyPatch, typed: str, passes: bool
) -> None:
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: typed)

    if passes:
        prompts.confirm_name("Which?", "shop", "fream down")
        return
    with pytest.raises(UsageError, match="Nothing was removed"):
        prompts.confirm_name("Which?", "shop", "fream down")
