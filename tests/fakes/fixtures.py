"""Fixtures of the unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fream_compose import secrecy
from tests.fakes import Stage


@pytest.fixture(autouse=True)
def _nothing_secret() -> Iterator[None]:
    """No test hides what an earlier one has learnt."""
    yield
    secrecy._known.clear()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A project in which nothing is live yet."""
    made = Stage(tmp_path)
    yield made
    made.project.close()


@pytest.fixture
def live(stage: Stage) -> Stage:
    """A project in which 1.0.0 was released, into set1."""
    stage.switch("1.0.0")
    stage.fresh()
    return stage
