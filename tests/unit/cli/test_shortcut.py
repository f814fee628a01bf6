"""fream logs and fream exec by labels alone; whatever is unusual is left to the commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from fream_compose.cli import shortcut
from fream_compose.docker.facts import Placed
from fream_compose.errors import EngineError
from fream_compose.nginx.control import ProxyState
from fream_compose.release import LiveRelease, SetName, Version

pytestmark = pytest.mark.usefixtures("runs", "became")
Became = list[list[str]]


class Gone(SystemExit):
    """Docker has taken the place of the process."""


def row(service: str, folder: Path, state: str = "running", project: str = "shop") -> Placed:
    return Placed(f"shop-{service}", state, service, project, (f"{folder}/compose.yaml",))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, in which the operator stands."""
    for name in ("compose.yaml", "infra.yaml", ".env"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FREAM_PROJECT_DIR", raising=False)
    monkeypatch.setattr(shortcut, "elsewhere", lambda: None)
    live = LiveRelease(SetName.SET2, Version("1.0"), "20260101T000000Z-abcdef")
    monkeypatch.setattr("fream_compose.nginx.control.ask", lambda _url: ProxyState(live, "1.30"))
    monkeypatch.setattr(shortcut, "published", lambda *_: 18090)
    return tmp_path


@pytest.fixture
def runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says which containers Docker lists."""

    def these(*rows: Placed) -> None:
        monkeypatch.setattr(shortcut, "placed_in", lambda _folder: rows)

    these(*(row(service, folder) for service in ("nginx", "mysql", "set1", "set2")))
    return these


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> Became:
    """What Docker was asked to become."""
    lines: Became = []

    def become(line: list[str]) -> NoReturn:
        lines.append(line)
        raise Gone

    monkeypatch.setattr("fream_compose.docker.reads._become", become)
    return lines


def attempt(*words: str) -> bool:
    """Whether it was done at once."""
    try:
        shortcut.attempt(list(words))
    except Gone:
        return True
    return False


@pytest.mark.parametrize(
    ("words", "passed"),
    [
        ([], ["--tail=100", "shop-set2"]),
        (["idle", "-n", "5"], ["--tail=5", "shop-set1"]),
        (
            ["nginx", "-f", "--since", "10m"],
            ["--follow", "--since=10m", "--tail=all", "shop-nginx"],
        ),
        (["--tail", "0", "mysql"], ["--tail=0", "shop-mysql"]),
    ],
)
def test_a_log_is_dockers_own(became: Became, words: list[str], passed: list[str]) -> None:
    assert attempt("logs", *words)
    assert became == [["container", "logs", *passed]]


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["live", "ls", "-l", "--", "x"], ["shop-set2", "ls", "-l", "--", "x"]),
        (["set1", "--", "sh", "-c", "y"], ["shop-set1", "sh", "-c", "y"]),
    ],
)
def test_a_command_runs_in_its_set(became: Became, words: list[str], command: list[str]) -> None:
    assert attempt("exec", *words)
    assert became == [["container", "exec", *command]]


@pytest.mark.parametrize(
    "words",
    [
        ("logs", "worker"),
        ("logs", "set1", "set2"),
        ("logs", "-o", "json"),
        ("logs", "-n", "many"),
        ("logs", "-n"),
        ("logs", "--since", "yesterday"),
        ("logs", "--help"),
        ("exec",),
        ("exec", "live"),
        ("exec", "live", "--"),
        ("exec", "nginx", "ls"),
        ("exec", "live", "-o", "json"),
        ("exec", "--help"),
        ("status",),
    ],
)
def test_what_is_unusual_is_left_to_the_command(became: Became, words: tuple[str, ...]) -> None:
    assert not attempt(*words)
    assert became == []


def test_a_set_that_has_ended_is_the_commands_to_tell(
    folder: Path, runs: Callable[..., None]
) -> None:
    runs(row("nginx", folder), row("set2", folder, "exited"))

    assert not attempt("exec", "set2", "ls")
    assert attempt("logs", "set2")


def test_containers_of_others_are_the_commands_to_refuse(
    folder: Path, runs: Callable[..., None], became: Became
) -> None:
    for rows in (
        [],
        [row("set1", folder), row("set2", folder, project="other")],
        [row("set1", folder / "elsewhere")],
    ):
        runs(*rows)
        assert not attempt("exec", "set1", "ls")
    (folder / ".env").write_text("COMPOSE_PROJECT_NAME=renamed\n")
    runs(row("set1", folder))
    assert not attempt("exec", "set1", "ls")
    assert became == []


def test_an_engine_elsewhere_is_the_commands_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shortcut, "elsewhere", lambda: "tcp://other")

    assert not attempt("exec", "set1", "ls")


def test_what_fails_is_the_commands_to_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_folder: object) -> tuple[Placed, ...]:
        raise EngineError("Docker does not answer")

    monkeypatch.setattr(shortcut, "placed_in", fail)
    assert not attempt("logs")
    monkeypatch.chdir("/")
    assert not attempt("logs")


def test_nothing_is_live_is_the_commands_to_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fream_compose.nginx.control.ask", lambda _url: ProxyState(None, "1.30"))

    assert not attempt("logs", "live")
    assert attempt("logs", "nginx")
