"""Where Docker picks the ports on the server, fream asks it which they are."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fream_compose.docker.ports import PublishedPorts
from fream_compose.errors import ProxySilentError
from fream_compose.operations import infra
from fream_compose.operations.status import status
from fream_compose.release import SetName
from tests.fakes import Stage

TELL = "import os; open('told', 'w').write(os.environ['FREAM_ADDRESS'])"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, picked=True)
    made.switch("1.0.0")
    made.fresh()
    yield made
    made.project.close()


def test_releases_follow_each_other_and_status_finds_them(stage: Stage) -> None:
    stage.switch("1.0.1")

    live = status(stage.project, stage.proxy).live

    assert stage.serves() == "1.0.1"
    assert live
    assert live.healthy


def test_after_a_restart_the_new_ports_are_found(stage: Stage) -> None:
    """The same run asks again, once nobody listens where it asked before."""
    app, before = stage.project.apps[SetName.SET1], stage.project.containers.port(SetName.SET1)
    assert before
    app.end(137)
    assert stage.project.containers.port(SetName.SET1) == 0
    app.start()
    stage.project.containers.restart(stage.settings.nginx_container)

    found = status(stage.project, stage.proxy)

    assert stage.project.containers.port(SetName.SET1) == app.published
    assert found.live
    assert found.live.healthy
    assert found.nginx == stage.nginx.version


def test_everything_comes_back_on_other_ports(stage: Stage) -> None:
    infra.down(stage.project, stage.watcher, volumes=False)

    infra.up(stage.context, ())

    assert stage.serves() == "1.0.0"


def test_a_port_that_env_changed_after_the_start_is_asked_of_docker(tmp_path: Path) -> None:
    made = Stage(tmp_path)
    made.switch("1.0.0")
    runs = made.settings.sets[SetName.SET1].port
    for name in SetName:
        spec = made.settings.sets[name]
        made.settings.sets[name] = spec.model_copy(update={"port": 1})
    try:
        assert made.project.containers.port(SetName.SET1) == runs
        assert made.project.containers.port(SetName.SET2) == 1
    finally:
        made.project.close()


class Published(PublishedPorts):
    """The ports of one container."""

    at = 0

    def published(self, container: str, inner: int) -> int:
        assert (container, inner) == ("shop-nginx", 8090)
        return self.at


def test_who_listens_on_a_port_that_is_set_may_be_another_project(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as others, socket.create_server(("", 0)) as mine:
        port = others.getsockname()[1]
        found = Published(stage.settings.model_copy(update={"control_port": port}))
        found.at = mine.getsockname()[1]
        assert found.control_port() == found.at
        mine.close()
        found.at = 0
        assert found.control_port() == 0
    assert found.control_port() == port, "where it would be, for an error that names it"


def test_an_nginx_that_is_nowhere_is_told_so(stage: Stage) -> None:
    stage.nginx.stop()

    with pytest.raises(ProxySilentError) as caught:
        stage.proxy.state()

    assert ":0/" not in f"{caught.value} {caught.value.why}"
    assert caught.value.next_step == "fream up"


def test_while_the_container_is_where_it_was_docker_is_not_asked(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = stage.project.containers.port(SetName.SET1)
    monkeypatch.delattr(type(stage.project), "published")
    monkeypatch.setenv("PATH", "")

    assert stage.project.containers.port(SetName.SET1) == known


def test_a_hook_finds_the_port_of_what_runs(tmp_path: Path) -> None:
    hook = {"run": [sys.executable, "-c", TELL]}
    made = Stage(tmp_path, picked=True, hooks={"before_cut_over": [hook]})
    try:
        made.switch("1.0.0")
        told = (made.settings.compose_directory / "told").read_text()
        assert told == f"http://127.0.0.1:{made.project.containers.port(SetName.SET1)}"
    finally:
        made.project.close()


def test_a_hook_before_the_start_finds_no_address(tmp_path: Path) -> None:
    hook = {"run": [sys.executable, "-c", TELL]}
    made = Stage(tmp_path, picked=True, hooks={"before_start": [hook]})
    try:
        made.switch("1.0.0")
        assert (made.settings.compose_directory / "told").read_text() == ""
    finally:
        made.project.close()
