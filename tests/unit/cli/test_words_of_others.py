"""What others said, or keep secret, in what a command prints and in what it leaves behind."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fream_compose import secrecy
from fream_compose.errors import ConfigurationError
from fream_compose.project import lock
from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.app import Behaviour
from tests.fakes.commands import Fream
from tests.unit.cli.reports.runner import commands
from tests.unit.cli.test_history import BAD

SECRET = "hunter2secret"
WORDS = ("##[error]pwn", "::error::pwn", "##[add-mask]a")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The secret is one of this project's."""
    monkeypatch.setattr(secrecy, "learn", lambda _: None)
    secrecy.add([SECRET])
    yield
    secrecy._known.clear()


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A job of GitHub Actions, and the summary of its step."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    return tmp_path / "summary.md"


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("output", ["text", "jsonl"])
def test_a_secret_on_the_command_line_is_nowhere_else(
    live: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch, job: Path, output: str
) -> None:
    line = ["switch", "1.0.1", "--note", f"now {SECRET}", "--by", SECRET, "--output", output]
    monkeypatch.setattr(sys, "argv", ["fream", *line])
    folder = live.settings.state_directory

    def look() -> None:
        seen.append(lock.holder(folder) + (folder / "run.json").read_text())

    seen: list[str] = []
    live.project.before("fetch 1.0.1", look)
    result = fream(*line)

    assert result.exit_code == 0, result.stderr
    kept = [path.read_text() for path in folder.rglob("*") if path.is_file()]
    told = [result.stdout, result.stderr, job.read_text(), *seen, *kept]
    assert len(seen) == 1
    assert "now ***" in seen[0]
    assert not [text for text in told if SECRET in text]


@pytest.mark.usefixtures("job")
def test_what_an_app_answers_is_no_command_to_a_runner(live: Stage, fream: Fream) -> None:
    live.project.apps[SetName.SET1].behaviour = Behaviour(status=500, body="; ".join(WORDS))
    live.project.behaviours["1.0.1"] = Behaviour(status=500, body=WORDS[0], logs=WORDS)

    for words in (["status"], ["switch", "1.0.1", "-o", "jsonl"]):
        result = fream(*words)
        assert "pwn" in result.stdout
        assert not [each for each in commands(result.stdout) if each.name != "error"]
        assert "##[" not in result.stdout + result.stderr


@pytest.mark.usefixtures("job")
def test_a_kept_log_is_no_command_to_a_runner(stage: Stage, fream: Fream) -> None:
    folder = stage.settings.state_directory / "logs"
    folder.mkdir(parents=True)
    (folder / f"{BAD.id}.log").write_bytes("\n".join(WORDS).encode() + b"\n\xff\n")
    stage.history.add(replace(BAD, log=f"{BAD.id}.log"))

    told = fream("logs", "--of", BAD.short_id).stdout_bytes

    assert told.endswith(b"pwn\n##\\u005badd-mask]a\n\xff\n")
    assert commands(told.decode(errors="replace")) == []


def test_a_reason_of_several_lines_is_one_line_of_a_watch(live: Stage, fream: Fream) -> None:
    live.project.fail("containers", "one\n::warning::two\n\n  three")

    result = fream("status", "-w", "--interval", "200ms", "--count", "2")

    assert len(result.stdout.splitlines()) == 2
    assert "one ::warning::two three" in result.stdout


def test_a_history_that_cannot_be_read_ends_no_watch(live: Stage, fream: Fream) -> None:
    path = live.settings.state_directory / "history.jsonl"
    path.unlink()
    path.mkdir()

    result = fream("status", "-w", "--interval", "200ms", "--count", "2")

    assert result.exit_code == 0, result.stdout
    assert result.stdout.count("WELL  shop: 1.0.0 in set1 serves") == 2


def test_what_cannot_be_done_with_what_was_looked_at_is_not_a_fault_of_the_settings(
    fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unwilling(*_: object) -> None:
        raise ConfigurationError("The note cannot be read", "Permission denied")

    monkeypatch.setattr("fream_compose.operations.status.status", unwilling)

    result = fream("status", "--output", "json")

    assert result.exit_code == 3
    told = json.loads(result.stdout)
    assert told["error"]["what"] == "The note cannot be read"
    assert "result" not in told, "no outline, which would blame the settings"
