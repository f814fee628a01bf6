"""What Docker is told, word for word: each option of these command lines carries a promise."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from fream_compose import docker, project
from fream_compose.images import Image, local_images
from fream_compose.project import Project, open_project
from fream_compose.release import SetName, Version
from tests.fakes.stage import DIGEST, compose_config

# Both note their words; docker only where `timeout` did not note them already.
_NOTE = '{ printf \'%s\\037\' "${0##*/}" "$@"; echo; } >> '
_TIMEOUT = "#!/bin/sh\n" + _NOTE + '{calls}\nshift 2\nNOTED=yes exec "$@"\n'
_DOCKER = (
    '#!/bin/sh\n[ "$NOTED" ] || ' + _NOTE + "{calls}\n"
    'case "$*" in *inspect*) cat {facts};; *"config "*) cat {config};; esac\n'
)
# What every kind of `inspect` is answered: a container, an image and a mount in one.
FACTS = {
    "Id": "sha256:1",
    "Name": "/app",
    "State": {"Status": "running", "ExitCode": 0, "StartedAt": "2026-01-01T00:00:00Z"},
    "RestartCount": 0,
    "Image": "sha256:1",
    "Config": {"Image": "fream:1.0", "Labels": None},
    "HostConfig": {"RestartPolicy": {"Name": "always"}},
    "NetworkSettings": {"Ports": {}, "Networks": {}},
    "RepoTags": ["127.0.0.1:5000/fream:1.0"],
    "RepoDigests": [f"127.0.0.1:5000/fream@{DIGEST}"],
    "Size": 1,
    "Type": "bind",
    "Source": "/here",
    "Destination": "/there",
}
QUICK = "timeout --kill-after=10 30 docker"
COMPOSE = "compose --profile '*'"
IMAGE = "127.0.0.1:5000/fream"
Ask = Callable[[Project], object]


def nothing() -> None:
    """A check that never objects."""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Ask], list[str]]:
    """Asks something of a project; returns the command lines that it took."""
    tools, compose = tmp_path / "tools", tmp_path / "compose"
    for folder in (tools, compose):
        folder.mkdir()
    (compose / ".env").write_text("IMAGE_NAME=fream\n")
    (tmp_path / "facts").write_text(json.dumps([FACTS]))
    (tmp_path / "config").write_text(json.dumps(compose_config(tmp_path / "nginx", 18090)))
    for name, script in (("docker", _DOCKER), ("timeout", _TIMEOUT)):
        for word in ("calls", "facts", "config"):
            script = script.replace(f"{{{word}}}", str(tmp_path / word))
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")

    def ask(question: Ask) -> list[str]:
        opened = open_project(compose)
        (tmp_path / "calls").unlink()
        question(opened)
        return [
            shlex.join(line.removesuffix("\037").split("\037")).replace(f"{compose}/", "")
            for line in (tmp_path / "calls").read_text().splitlines()
        ]

    return ask


FIELDS = (
    '{{.ID}}\t{{.Names}}\t{{.Label "com.docker.compose.service"}}\t{{.State}}\t{{.Status}}'
    "\t{{.Image}}"
)
CALLS: dict[str, tuple[Ask, Sequence[str]]] = {
    "what runs": (
        lambda p: p.containers(),
        [
            "docker container ls --all --no-trunc "
            "--filter label=com.docker.compose.project=shop "
            f"--filter label=com.docker.compose.oneoff=False --format {shlex.quote(FIELDS)}"
        ],
    ),
    "a condition": (lambda p: p.condition("app"), ["docker container inspect app"]),
    "a release's image": (
        lambda p: p.image_id(Version("1.0", DIGEST)),
        [f"docker image inspect --format '{{{{.Id}}}}' {IMAGE}:1.0@{DIGEST}"],
    ),
    "a log": (
        lambda p: p.logs("app", 7),
        [f"{QUICK} container inspect app", f"{QUICK} container logs --tail 7 app"],
    ),
    "a log to follow": (
        lambda p: p.follow("nginx", 5).communicate(),
        ["docker container logs --follow --tail 5 nginx"],
    ),
    "a command inside": (
        lambda p: p.execute("nginx", ["nginx", "-t"]),
        [f"{QUICK} exec nginx nginx -t"],
    ),
    "a signal": (
        lambda p: p.signal("nginx", "HUP"),
        [f"{QUICK} container kill --signal SIGHUP nginx"],
    ),
    "a restart": (lambda p: p.restart("nginx"), [f"{QUICK} restart --time 10 nginx"]),
    "the processes": (
        lambda p: p.processes("nginx"),
        ["docker container top nginx -eo pid,args"],
    ),
    "nginx's version": (
        lambda p: p.nginx_version(),
        ["docker run --rm --tty --network none --entrypoint nginx nginx:1.30 -v"],
    ),
    "a tag that may have moved": (
        lambda p: p.fetch(Version("1.0"), nothing),
        [f"docker pull --quiet {IMAGE}:1.0", f"{QUICK} image inspect {IMAGE}:1.0"],
    ),
    "a digest that is here": (
        lambda p: p.fetch(Version("1.0", DIGEST), nothing),
        [f"{QUICK} image inspect {IMAGE}:1.0@{DIGEST}"],
    ),
    "images that may go": (
        lambda p: p.remove_images([Image("1", ("1.0", "1.1"), (), 1, used=False)]),
        [f"docker image rm {IMAGE}:1.0 {IMAGE}:1.1"],
    ),
    "the mounts": (
        lambda p: p.mounts("nginx"),
        ["docker container inspect --format '{{json .Mounts}}' nginx"],
    ),
    "a set's services": (
        lambda p: p.up(("set1", "worker")),
        [
            f"timeout --kill-after=10 180 docker {COMPOSE} "
            "up --detach --no-recreate --no-build --no-deps set1 worker"
        ],
    ),
    "infra": (
        lambda p: p.up_healthy(("mysql", "nginx"), 300, nothing),
        [
            f"docker {COMPOSE} up --detach --no-build --no-deps --quiet-pull --no-recreate "
            "--wait --wait-timeout 300 mysql nginx"
        ],
    ),
    "infra whose settings changed": (
        lambda p: p.up_healthy(("nginx",), 300, nothing, recreate=True),
        [
            f"docker {COMPOSE} up --detach --no-build --no-deps --quiet-pull "
            "--wait --wait-timeout 300 nginx"
        ],
    ),
    "a set that served": (
        lambda p: p.remove(SetName.SET1),
        [f"timeout --kill-after=10 100 docker {COMPOSE} rm --force --stop --volumes set1"],
    ),
    "a set that never served": (
        lambda p: p.discard(SetName.SET2),
        [
            f"{QUICK} {COMPOSE} stop --timeout 5 set2",
            f"timeout --kill-after=10 100 docker {COMPOSE} rm --force --stop --volumes set2",
        ],
    ),
    "everything but the data": (
        lambda p: p.down(volumes=False),
        [
            f"timeout --kill-after=10 340 docker {COMPOSE} {rest}"
            for rest in ("rm --force --stop --volumes", "down")
        ],
    ),
    "everything": (
        lambda p: p.down(volumes=True),
        [
            *(
                f"timeout --kill-after=10 340 docker {COMPOSE} {rest}"
                for rest in ("rm --force --stop --volumes", "down --volumes")
            ),
            "docker image ls --format '{{.Repository}}:{{.Tag}}' "
            "--filter 'reference=fream.invalid/kept:shop.*'",
        ],
    ),
    "what the files say": (
        lambda p: p.template(),
        [f"docker {COMPOSE} config --no-interpolate --format json"],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_docker_is_told_this_and_no_more(told: Callable[[Ask], list[str]], name: str) -> None:
    ask, expected = CALLS[name]

    assert told(ask) == list(expected)


def test_the_project_is_read_with_every_profile(told: Callable[[Ask], list[str]]) -> None:
    assert told(lambda p: open_project(p.settings.compose_directory)) == [
        f"docker {COMPOSE} config --format json"
    ]


def test_images_in_use_are_found_among_all_containers_of_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def run(words: list[str], *_: object) -> str:
        asked.append(shlex.join(words))
        return json.dumps([FACTS]) if words[1] == "inspect" else "sha256:1\nsha256:1\n"

    monkeypatch.setattr("fream_compose.images.run", run)

    (image,) = local_images(IMAGE, "shop")
    assert image.used
    assert asked == [
        f"image ls --quiet --no-trunc --filter reference={IMAGE}",
        "container ls --all --no-trunc --format '{{.Image}}'",
        "image inspect sha256:1",
    ]


def test_a_hook_of_the_release_runs_alone_and_leaves_nothing(
    told: Callable[[Ask], list[str]],
) -> None:
    lines: list[list[str]] = []

    def commands(p: Project) -> None:
        lines.append(p.one_off_command(SetName.SET1, "hook", ["migrate", "-v"], {"A": "1 2"}))
        lines.append(p.inside_command(SetName.SET1, ["reload"], {"A": "1"}))
        compose = f"{p.settings.compose_directory}/"
        assert [shlex.join(line).replace(compose, "") for line in lines] == [
            f"docker {COMPOSE} run --rm --no-deps --no-TTY --quiet-pull --name=hook "
            "'--env=A=1 2' set1 migrate -v",
            "docker exec --env=A=1 shop-app-set1 reload",
        ]
        p.end_one_offs()

    asked = told(commands)
    assert asked[-1].startswith("docker container ls --all --quiet --filter label=com.docker.")
    assert "label=com.docker.compose.oneoff=True" in asked[-1]
    assert "name=^shop-hook-" in asked[-1]


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (
            lambda p: p.enter("app", ["sh", "-c", "x"], interactive=False),
            "docker container exec app sh -c x",
        ),
        (
            lambda p: p.enter("app", ["sh"], interactive=True),
            "docker container exec --interactive --tty app sh",
        ),
        (
            lambda p: p.print_logs("app", None, "10m", follow=True),
            "docker container logs --follow --since=10m --tail=all app",
        ),
        (
            lambda p: p.print_logs("app", 100, "", follow=False),
            "docker container logs --tail=100 app",
        ),
    ],
)
def test_docker_takes_the_place_of_the_process(
    ask: Ask, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(project, "become", lambda words: became.append(["docker", *words]))

    ask(Project.__new__(Project))

    assert [shlex.join(words) for words in became] == [line]


def test_a_command_of_docker_runs_in_a_group_of_its_own(
    told: Callable[[Ask], list[str]],
) -> None:
    """A Ctrl-C at the terminal reaches fream alone, and Docker finishes what it began."""

    def groups(_: Project) -> None:
        process = docker.begin(["info"])
        assert os.getpgid(process.pid) == process.pid
        docker.output(process, "It failed")

    assert told(groups) == ["docker info"]
