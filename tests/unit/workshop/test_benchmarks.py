"""benchmarks/run never loses what was measured before, and says what it lacks."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import benchmarks.__main__ as benchmarks
from benchmarks import results, traced
from benchmarks.tools import PARTS

SOURCE = Path(benchmarks.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the results of earlier runs."""
    for name in ("README.md", "results.json", "results.svg"):
        shutil.copy(SOURCE / name, tmp_path)
    return tmp_path


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["benchmarks/run", *words])
    return benchmarks.main(folder)


def measuring(monkeypatch: pytest.MonkeyPatch, **outcomes: Any) -> None:
    """Have parts end with what was given, or fail with it."""

    def measured(part: Any, _quick: bool) -> Any:
        outcome = outcomes[part]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr(benchmarks, "_measures", lambda _options: {p: p for p in outcomes})
    monkeypatch.setattr(benchmarks, "_measured", measured)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("words", "packages"),
    [
        (("throughput",), "docker.io curl wrk util-linux"),
        ((), "docker.io curl wrk util-linux"),
        (("switch",), "docker.io curl"),
        (("commands",), "docker.io"),
    ],
)
def test_a_tool_that_is_missing_is_named_with_its_package_before_anything_is_measured(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    packages: str,
) -> None:
    before = contents(folder)
    measuring(monkeypatch, **{part: AssertionError("measured") for part in PARTS})
    monkeypatch.setenv("PATH", "/nowhere")

    assert run(folder, monkeypatch, *words) == 1
    assert f"apt-get install {packages}\n" in capsys.readouterr().err
    assert contents(folder) == before


@pytest.mark.e2e
@pytest.mark.parametrize("end", [RuntimeError("docker"), KeyboardInterrupt()])
def test_a_part_that_does_not_reach_its_end_leaves_every_earlier_result(
    folder: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    before = contents(folder)
    measuring(monkeypatch, commands=end)

    with pytest.raises(type(end)):
        run(folder, monkeypatch, "commands")

    assert contents(folder) == before


@pytest.mark.e2e
def test_a_part_that_ran_to_its_end_replaces_its_own_results_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = results.read(folder)
    fresh = {**before["commands"], "taken": "2030-01-01T00:00:00+00:00"}
    measuring(monkeypatch, commands=fresh, switch=RuntimeError("docker"))

    with pytest.raises(RuntimeError):
        run(folder, monkeypatch, "commands", "switch")

    assert results.read(folder) == before | {"commands": fresh}
    assert "commands: taken 2030-01-01" in (folder / "README.md").read_text()


def test_a_write_that_is_cut_short_leaves_the_earlier_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fream_compose.project.durable.os.fsync", full)

    with pytest.raises(Exception, match="cannot be written"):
        results.keep(folder, "commands", {})

    assert contents(folder) == before


def test_results_that_cannot_be_read_stop_the_run_before_it_measures(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "results.json").write_text("{")
    before = contents(folder)
    measuring(monkeypatch, commands=AssertionError("measured"))

    assert run(folder, monkeypatch, "commands") == 1
    assert capsys.readouterr().err.startswith("error: ")
    assert contents(folder) == before


def test_nothing_is_rendered_where_nothing_was_measured(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "results.json").unlink()
    before = contents(folder)

    assert run(folder, monkeypatch, "--render") == 1
    assert "Nothing was measured yet" in capsys.readouterr().err
    assert contents(folder) == before


def test_the_table_and_the_plot_are_those_of_the_results(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(folder)

    assert run(folder, monkeypatch, "--render") == 0
    assert contents(folder) == before
    assert json.loads(before["results.json"])


def test_an_unknown_part_is_wrong_usage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as left:
        run(folder, monkeypatch, "throughputs")

    assert left.value.code == 2


@pytest.mark.parametrize("path", traced.FUNCTIONS)
def test_the_stopwatch_hooks_what_fream_has(path: str) -> None:
    owner, name = traced.owner_of(path)

    assert callable(getattr(owner, name))


@pytest.mark.parametrize("path", ["nginx.proxy.Proxy.gone", "nginx.gone.Proxy.state"])
def test_the_stopwatch_fails_where_what_it_hooks_has_moved(path: str) -> None:
    with pytest.raises((ImportError, AttributeError)):
        traced.hook(traced.Stopwatch(0.0), path)
