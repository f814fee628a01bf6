"""How fream fares with the `docker` command that it finds on PATH."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fream_compose.docker.changes import change
from fream_compose.docker.facts import Condition
from fream_compose.docker.project import Project, open_project
from fream_compose.docker.reads import begin, finish, read
from fream_compose.errors import ConfigurationError, EngineError, InterruptedRun
from fream_compose.release import SetName, Version
from tests.fakes.stage import DIGEST, compose_config
from tests.unit.docker.test_calls import FACTS

Stub = Callable[[str], None]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Puts a shell script in the place of `docker`; before that there is none."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("timeout", "sleep", "cat", "sh", "env"):
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

    project.compose.start(SetName.SET1, Version("1.0"))
    project.compose.up_healthy(("nginx",), 5, lambda: None)
    project.compose.remove(SetName.SET1)
    project.compose.discard(SetName.SET1)
    project.compose.down(volumes=False)
    project.compose.template()

    told = asked.read_text().splitlines()
    assert len([line for line in told if " container ls " not in line]) == 8
    assert os.environ["PWD"] == str(folder)
    for line in told:
        if " container ls " in line:
            continue
        assert line.startswith(f"{folder} {folder}   compose --profile * ")
        assert "--file" not in line
    assert [line for line in told if " rm " in line and "--volumes" not in line] == []
    assert [line for line in told if " down" in line and "--volumes" in line] == []
    assert project.compose.one_off_command(SetName.SET1, "x", ["true"], {})[:4] == [
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

    project.compose.remove(SetName.SET1)
    project.compose.remove(SetName.SET2)
    project.compose.down(volumes=False)

    slow, quick, *everything = map(int, asked.read_text().split())
    assert slow >= 70 + 2 * 600
    assert 70 <= quick < 200
    assert min(everything) >= 2 * 70 + 2 * 600 + 2 * 90 + 180


def test_a_container_is_given_the_time_it_was_made_with(docker: Stub, folder: Path) -> None:
    """Docker heeds that, whatever is set by now: nobody may end it before."""
    asked = folder.parent / "asked"
    row = "c{}\\tshop-{}\\t{}\\trunning\\tUp\\timage\\n"
    rows = "".join(row.format(name, name, name) for name in ("set1", "set2", "mysql"))
    facts = {**FACTS, "Config": {"Image": "app"}}
    made = json.dumps([{**facts, "Config": {"Image": "app", "StopTimeout": 900}}, facts])
    project = opened(docker, folder)
    docker(
        f'case "$*" in *" ls "*) printf "{rows}";; *"inspect cset1") echo \'{made}\';; '
        "*inspect*) exit 1;; esac"
    )
    timeout = Path(os.environ["PATH"]) / "timeout"
    timeout.unlink()
    timeout.write_text(f'#!/bin/sh\necho "$2" >> {asked}\n')
    timeout.chmod(stat.S_IRWXU)

    project.compose.stop(SetName.SET1)
    project.compose.remove(SetName.SET1)
    project.compose.stop(SetName.SET2)  # which cannot be inspected

    assert list(map(int, asked.read_text().split())) == [30 + 910, 30 + 910, 30 + 70]


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

    project.compose.discard(SetName.SET1)

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


def test_a_limit_in_two_places_is_told_with_the_one_to_take(docker: Stub, folder: Path) -> None:
    said = (
        "services.set1: can't set distinct values on 'pids_limit' and "
        "'deploy.resources.limits.pids': invalid compose project"
    )
    docker(f'case "$*" in *version*) echo 2.40.3;; *) echo "{said}" >&2; exit 15;; esac')

    with pytest.raises(ConfigurationError) as caught:
        open_project(folder)

    assert caught.value.next_step == "In the place of pids_limit, write pids to these limits"


@pytest.mark.parametrize(
    ("text", "named"), [("services: [", "compose.yaml: yaml: line 1"), ("a: 1", "yaml: line 1")]
)
def test_a_file_that_is_no_yaml_is_named_where_compose_does_not(
    docker: Stub, folder: Path, text: str, named: str
) -> None:
    (folder / "compose.override.yaml").write_text("a: 1\n")
    (folder / "compose.yaml").write_text(text)
    docker(
        'case "$*" in *version*) echo 2.40.3;; *) '
        "echo 'level=warning msg=\"no matter\"' >&2; echo 'yaml: line 1: no' >&2; exit 15;; esac"
    )

    with pytest.raises(ConfigurationError) as caught:
        open_project(folder)

    assert caught.value.why.removeprefix(f"{folder}/") == f"{named}: no"


def test_what_compose_warns_of_is_known_of_the_project(docker: Stub, folder: Path) -> None:
    (folder / "app.env").write_text("PW=a$b\n")
    warning = '\\\\"b\\\\" variable is not set.'
    config = folder.parent / "config.json"
    docker(f"echo 'level=warning msg=\"The {warning}\"' >&2; cat {config}".replace("\\\\", "\\"))

    (found,) = open_project(folder).warnings

    assert found.text.startswith("app.env: PW has a $")


def test_a_wrong_setting_names_the_variable_of_env_that_set_it(docker: Stub, folder: Path) -> None:
    (folder / ".env").write_text("COMPOSE_PROFILES=infra\nWAIT=10 parsecs\n")
    for name, value in {"filled": "10 parsecs", "raw": "${WAIT:-5s}"}.items():
        config = compose_config(folder.parent / "nginx", 18090, health={"timeout": value})
        (folder.parent / name).write_text(json.dumps(config))
    docker(
        f'case "$*" in *no-interpolate*) cat {folder.parent}/raw;; *) cat {folder.parent}/filled;; '
        "esac"
    )

    with pytest.raises(ConfigurationError, match="not valid") as caught:
        open_project(folder)

    assert caught.value.why.endswith("(set by WAIT in compose/.env, line 2)")


def test_where_compose_does_not_say_what_set_it_the_fault_is_told_all_the_same(
    docker: Stub, folder: Path
) -> None:
    config = compose_config(folder.parent / "nginx", 18090, health={"timeout": "x"})
    (folder.parent / "filled").write_text(json.dumps(config))
    docker(f'case "$*" in *no-interpolate*) exit 1;; *) cat {folder.parent}/filled;; esac')

    with pytest.raises(ConfigurationError, match="not valid") as caught:
        open_project(folder)

    assert caught.value.why.startswith('x-fream.health.timeout: "x" is not a duration')


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
        project.containers.all,
        lambda: project.containers.condition("shop-nginx"),
        lambda: project.containers.execute("shop-nginx", ["nginx"]),
        lambda: project.containers.signal("shop-nginx", "HUP"),
        lambda: project.containers.processes("shop-nginx"),
        lambda: project.compose.start(SetName.SET1, Version("1.0")),
        lambda: project.compose.remove(SetName.SET1),
        lambda: project.compose.down(volumes=False),
        lambda: project.images.fetch(SetName.SET1, Version("1.0"), lambda: None),
        lambda: project.images.fetch(SetName.SET1, Version("1.0", DIGEST), lambda: None),
    ):
        with pytest.raises(EngineError) as caught:
            ask()
        assert "Is it running?" in caught.value.why
    assert project.containers.logs("shop-nginx") == ()


def test_the_containers_are_read_from_one_answer(docker: Stub, folder: Path) -> None:
    line = r"printf 'abc\tshop-app-set1\tset1\trunning\tUp 2 minutes\tfream:1.0\n'"
    project = opened(docker, folder, line)

    (found,) = project.containers.all()

    assert (found.service, found.state, found.image) == ("set1", "running", "fream:1.0")


def test_the_processes_are_read_without_their_heading(docker: Stub, folder: Path) -> None:
    listing = r"printf 'PID COMMAND\n 7 nginx: master process\n 12 nginx: worker process\n'"
    project = opened(docker, folder, listing)

    assert project.containers.processes("shop-nginx") == {
        7: "nginx: master process",
        12: "nginx: worker process",
    }


def test_a_docker_that_hangs_is_ended_at_its_limit(docker: Stub) -> None:
    docker("exec sleep 30")

    for ask in (
        lambda: finish(begin(["info"]), "Docker could not be asked", limit=1),
        lambda: change(lambda docker: docker.image.tag("a", "b"), "It has no name", limit=1),
    ):
        began = time.monotonic()
        with pytest.raises(EngineError) as caught:
            ask()
        assert time.monotonic() - began < 20
        assert caught.value.why == "Docker did not answer within 1 s"
        assert caught.value.next_step == "docker info"


def test_a_docker_whose_plugin_hangs_is_ended_too(docker: Stub) -> None:
    """`docker compose` runs the plugin as a child, which holds docker's output open."""
    docker("sleep 30; exit 0")
    began = time.monotonic()

    with pytest.raises(EngineError):
        finish(begin(["compose", "config"]), "Compose could not be asked", limit=1)

    assert time.monotonic() - began < 20


@pytest.mark.parametrize("script", ["exec sleep 30", "sleep 30; exit 0"])
def test_a_change_ends_with_its_plugins_when_a_check_objects(docker: Stub, script: str) -> None:
    docker(script)
    began = time.monotonic()

    def interrupted() -> None:
        raise InterruptedRun(2)

    with pytest.raises(InterruptedRun):
        change(
            lambda docker: docker.image.pull("fream:1.0", quiet=True),
            "The image could not be pulled",
            check=interrupted,
        )

    assert time.monotonic() - began < 20


def test_a_second_signal_ends_a_change(docker: Stub, folder: Path) -> None:
    ended = folder / "ended"
    docker(f"sleep 5; : > {ended}")
    began = time.monotonic()
    threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()

    with pytest.raises(KeyboardInterrupt):
        change(lambda docker: docker.image.tag("a", "b"), "It has no name")

    assert time.monotonic() - began < 4.5
    time.sleep(max(0, began + 5.5 - time.monotonic()))
    assert not ended.exists()


def test_a_change_reads_nothing_of_the_terminal(docker: Stub) -> None:
    docker("cat; echo read")
    (reader, writer), terminal = os.pipe(), os.dup(0)
    os.dup2(reader, 0)
    try:
        told = change(lambda docker: docker.container.execute("app", ["cat"]), "It failed", limit=3)
    finally:
        os.dup2(terminal, 0)
        for end in (reader, writer, terminal):
            os.close(end)

    assert told == "read"


def test_words_that_are_no_text_are_told_all_the_same(docker: Stub) -> None:
    docker(r"printf 'no \351t\351\n' >&2; exit 1")

    with pytest.raises(EngineError) as caught:
        change(lambda docker: docker.image.tag("a", "b"), "It has no name")

    assert caught.value.why == "no \ufffdt\ufffd"


def test_a_long_complaint_is_cut_to_its_end(docker: Stub) -> None:
    docker("for i in 1 2 3 4 5 6 7 8 9; do echo line $i >&2; done; exit 1")

    for ask in (
        lambda: read(["info"], "Docker could not be asked"),
        lambda: change(lambda docker: docker.image.tag("a", "b"), "It has no name"),
    ):
        with pytest.raises(EngineError) as caught:
            ask()
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
