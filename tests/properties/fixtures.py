"""What properties are tried with: a folder, a Docker that prints anything, a server."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

Says = Callable[[list[str]], bytes]


class _Process:
    """A command that has ended well."""

    pid = returncode = 0

    def __init__(self, printed: bytes) -> None:
        self._printed = printed

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What it printed, read as a pipe of text is."""
        assert timeout
        text = self._printed.decode("utf-8", "replace")
        return text.replace("\r\n", "\n").replace("\r", "\n"), ""


class Docker:
    """A `docker` that prints what it is told to. says: what, by its arguments."""

    def __init__(self) -> None:
        self.says: Says = lambda _: b""

    def start(self, arguments: list[str], *_: object) -> _Process:
        """Run a command."""
        return _Process(self.says(arguments))


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    """In the place of Docker's command line, for reads."""
    made = Docker()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fream_compose.docker.reads._start", made.start)
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that stays from case to case; nothing in it need outlive a crash."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield tmp_path_factory.mktemp("cases")


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """On a server of this time zone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", name)
        time.tzset()
        yield
    time.tzset()
