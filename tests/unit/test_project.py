"""How fream fares with the `docker` command that it finds on PATH."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fream_compose.docker import run
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.project import Condition, Project, open_project
from fream_compose.release import SetName, Version
from tests.fakes.stage import DIGEST, compose_config

Stub = Callable[[str], None]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Puts a shell script in the place of `docker`; before that there is none."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("timeout", "sleep", "cat", "sh"):
        found = next(p for p in (Path("/usr/bin") / name, Path("/bin") / name) if p.exists())
        (tools / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tools))
    environment = dict(os.environ)

    def write(script: str) -> None:
        (tools / "docker").write_text(f"#!/bin/sh\n{script}\n")
        (tools / "docker").chmod(stat.S_IRWXU)

    yield write
    os.environ.update(environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "compose").mkdir()
    (tmp_path / "compose" / ".env").write_text("COMPOSE_PROFILES=infra\nIMAGE_NAME=fream\n")
    (tmp_path / "config.json").write_text(json.dumps(compose_config(tmp_path / "nginx", 18090)))
    return tmp_path / "compose"


def opened(docker: Stub, folder: Path, then: str = "") -> Project:
    """A project whose docker prints its configuration, and does something else on demand."""
    config = folder.parent / "config.json"
    docker(f'case "$*" in *" config "*) cat {config};; *) {then or "exit 0"};; esac')
    return open_project(folder)


def test_a_project_is_read_through_compose(docker: Stub, folder: Path) -> None:
    project = opened(docker, folder)

    assert project.settings.project == "shop"
    assert project.env.get("COMPOSE_PROFILES") == "infra"


def test_variables_of_env_count_more_than_those_of_the_shell(
    docker: Stub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_NAME", "another")

    opened(docker, folder)

    assert "IMAGE_NAME" not in os.environ


def test_compose_is_run_in_the_folder_and_names_no_file(
    docker: Stub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it reads what it reads for somebody who types there, whatever the shell says."""
    monkeypatch.setenv("COMPOSE_FILE", "/elsewhere/compose.yaml")
    monkeypatch.setenv("COMPOSE_PATH_SEPARATOR", ";")
    monkeypatch.setenv("COMPOSE_REMOVE_ORPHANS", "true")
    asked = folder.parent / "asked"
    project = opened(docker, folder)
    docker(f'echo "$PWD $(pwd -P) $COMPOSE_FILE $COMPOSE_REMOVE_ORPHANS $*" >> {asked}; echo {{}}')

    project.up(("set1",))
    project.up_healthy(("nginx",), 5, lambda: None)
    project.remove(SetName.SET1)
    project.discard(SetName.SET1)
    project.down(volumes=False)
    project.template()

    told = asked.read_text().splitlines()
    assert len(told) == 8
    assert os.environ["PWD"] == str(folder)
    for line in told:
        assert line.startswith(f"{folder} {folder}   compose --profile * ")
        assert "--file" not in line
    assert [line for line in told if " rm " in line and "--volumes" not in line] == []
    assert [line for line in told if " down" in line and "--volumes" in line] == []
    assert project.one_off_command(SetName.SET1, "x", ["true"], {})[:4] == [
        *["docker", "compose", "--profile", "*"]
    ]


def test_a_set_is_given_the_time_of_all_its_services(docker: Stub, folder: Path) -> None:
    config = json.loads((folder.parent / "config.json").read_text())
    for name in ("mysql", "nginx"):
        config["services"][name]["stop_grace_period"] = "1m30s"
    for name in ("mailer", "indexer"):
        worker = {"profiles": ["set1"], "image": name, "stop_grace_period": "10m"}
        config["services"][name] = worker
    (folder.parent / "config.json").write_text(json.dumps(config))
    project = opened(docker, folder)
    asked = folder.parent / "asked"
    (Path(os.environ["PATH"]) / "timeout").unlink()
    timeout = Path(os.environ["PATH"]) / "timeout"
    timeout.write_text(f'#!/bin/sh\necho "$2" >> {asked}\n')
    timeout.chmod(stat.S_IRWXU)

    project.remove(SetName.SET1)
    project.remove(SetName.SET2)
    project.down(volumes=False)

    slow, quick, *everything = map(int, asked.read_text().split())
    assert slow >= 70 + 2 * 600
    assert 70 <= quick < 200
    assert min(everything) >= 2 * 70 + 2 * 600 + 2 * 90 + 180


def test_only_the_app_of_a_release_that_never_served_is_hurried(docker: Stub, folder: Path) -> None:
    """A worker of the same set may have taken a job."""
    config = json.loads((folder.parent / "config.json").read_text())
    config["services"]["mailer"] = {"profiles": ["set1"], "image": "mailer"}
    (folder.parent / "config.json").write_text(json.dumps(config))
    project = opened(docker, folder)
    asked = folder.parent / "asked"
    timeout = Path(os.environ["PATH"]) / "timeout"
    timeout.unlink()
    timeout.write_text(f'#!/bin/sh\necho "$*" >> {asked}\n')
    timeout.chmod(stat.S_IRWXU)

    project.discard(SetName.SET1)

    hurried = [line for line in asked.read_text().splitlines() if " stop " in line]
    assert [line.rpartition(" stop ")[2].split() for line in hurried] == [
        ["--timeout", "5", "set1"]
    ]


def test_without_docker_the_operator_is_told_what_installs_it(docker: Stub, folder: Path) -> None:
    del docker
    with pytest.raises(ConfigurationError) as caught:
        open_project(folder)

    assert caught.value.what == "Docker is not installed"
    assert "bootstrap" in caught.value.next_step


def test_compose_v1_alone_is_told_as_such(docker: Stub, folder: Path) -> None:
    docker("echo \"docker: 'compose' is not a docker command.\" >&2; exit 1")

    with pytest.raises(ConfigurationError) as caught:
        open_project(folder)

    assert caught.value.what == "Docker Compose v2 is needed"
    assert "is not a docker command" in caught.value.why


def test_what_compose_says_of_a_broken_project_is_passed_on(docker: Stub, folder: Path) -> None:
    docker(
        'case "$*" in *version*) echo 2.40.3;; '
        '*) echo "services.set1.ports must be a list" >&2; exit 15;; esac'
    )

    with pytest.raises(ConfigurationError) as caught:
        open_project(folder)

    assert caught.value.what == "Compose cannot read the project"
    assert caught.value.why == "services.set1.ports must be a list"


def test_a_project_without_env_is_told_how_to_make_one(docker: Stub, folder: Path) -> None:
    (folder / ".env").unlink()
    docker("exit 0")

    with pytest.raises(ConfigurationError) as caught:
        open_project(folder)

    assert caught.value.next_step.startswith("cp ")


def test_an_engine_that_does_not_answer_is_told_in_dockers_words(
    docker: Stub, folder: Path
) -> None:
    down = 'echo "Cannot connect to the Docker daemon. Is it running?" >&2; exit 1'
    project = opened(docker, folder, down)

    for ask in (
        project.containers,
        lambda: project.condition("shop-nginx"),
        lambda: project.execute("shop-nginx", ["nginx"]),
        lambda: project.signal("shop-nginx", "HUP"),
        lambda: project.processes("shop-nginx"),
        lambda: project.up(("set1",)),
        lambda: project.remove(SetName.SET1),
        lambda: project.down(volumes=False),
        lambda: project.fetch(Version("1.0"), lambda: None),
        lambda: project.fetch(Version("1.0", DIGEST), lambda: None),
    ):
        with pytest.raises(EngineError) as caught:
            ask()
        assert "Is it running?" in caught.value.why
    assert project.logs("shop-nginx") == ()


def test_the_containers_are_read_from_one_answer(docker: Stub, folder: Path) -> None:
    line = r"printf 'abc\tshop-app-set1\tset1\trunning\tUp 2 minutes\tfream:1.0\n'"
    project = opened(docker, folder, line)

    (found,) = project.containers()

    assert (found.service, found.state, found.image) == ("set1", "running", "fream:1.0")


def test_the_processes_are_read_without_their_heading(docker: Stub, folder: Path) -> None:
    listing = r"printf 'PID COMMAND\n 7 nginx: master process\n 12 nginx: worker process\n'"
    project = opened(docker, folder, listing)

    assert project.processes("shop-nginx") == {
        7: "nginx: master process",
        12: "nginx: worker process",
    }


def test_a_docker_that_hangs_is_ended_at_its_limit(docker: Stub) -> None:
    docker("exec sleep 30")
    began = time.monotonic()

    with pytest.raises(EngineError) as caught:
        run(["info"], "Docker could not be asked", limit=1)

    assert time.monotonic() - began < 5
    assert caught.value.why == "Docker did not answer within 1 s"
    assert caught.value.next_step == "docker info"


def test_a_docker_whose_plugin_hangs_is_ended_too(docker: Stub) -> None:
    """`docker compose` runs the plugin as a child, which holds docker's output open."""
    docker("sleep 8; exit 0")
    began = time.monotonic()

    with pytest.raises(EngineError):
        run(["compose", "config"], "Compose could not be asked", limit=1)

    assert time.monotonic() - began < 5


def test_a_pull_ends_when_the_operator_interrupts_it(docker: Stub) -> None:
    docker("exec sleep 30")
    began = time.monotonic()

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["pull"], "The image could not be pulled", check=interrupted)

    assert time.monotonic() - began < 5


def test_a_long_complaint_is_cut_to_its_end(docker: Stub) -> None:
    docker("for i in 1 2 3 4 5 6 7 8 9; do echo line $i >&2; done; exit 1")

    with pytest.raises(EngineError) as caught:
        run(["info"], "Docker could not be asked")

    assert caught.value.why.splitlines()[-1] == "line 9"
    assert len(caught.value.why.splitlines()) == 5


@pytest.mark.parametrize(
    ("condition", "crashed"),
    [
        (Condition("running", 0, 0), False),
        (Condition("created", 0, 0), False),
        (Condition("exited", 0, 0), True),
        (Condition("dead", 1, 0), True),
        (Condition("restarting", 1, 0), True),
        (Condition("running", 0, 1), True),
    ],
)
def test_an_app_that_ended_by_itself_has_crashed(condition: Condition, crashed: bool) -> None:
    assert condition.crashed is crashed
