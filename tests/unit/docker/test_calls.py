"""What Docker is told, word for word: each option of these command lines carries a promise."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from fream_compose.docker import farewell, reads
from fream_compose.docker.compose import Compose
from fream_compose.docker.containers import Containers
from fream_compose.docker.facts import Condition
from fream_compose.docker.images import Images
from fream_compose.docker.listing import placed_in
from fream_compose.docker.local_images import Image
from fream_compose.docker.project import Project, open_project
from fream_compose.errors import EngineError
from fream_compose.release import SetName, Version
from tests.fakes.stage import DIGEST, compose_config
from tests.ports import free_port

# Both note their words; docker only where `timeout` did not note them already.
_NOTE = '{ printf \'%s\\037\' "${0##*/}" "$@"; echo; } >> '
_VERSION = "${SET1_VERSION:+SET1_VERSION=$SET1_VERSION}"
_TIMEOUT = (
    "#!/bin/sh\n"
    + _NOTE.replace('"${0', f'{_VERSION} "${{0')
    + '{calls}\nshift 2\nNOTED=yes exec "$@"\n'
)
_DOCKER = (
    '#!/bin/sh\n[ "$NOTED" ] || ' + _NOTE + "{calls}\n"
    'case "$*" in\n'
    '*"json .State"*) echo \'{"StartedAt": "2026-01-01T00:00:00Z"}\';;\n'
    '*"{{.Image}} {{.Host"*) echo an-image a-network;;\n'
    '*"json .Config.Labels"*) echo null;;\n'
    '*"inspect app nginx"*) sed "s/^.\\(.*\\).$/[\\1,\\1]/" {facts};;\n'
    '*manifest*) echo "{}";; *"image ls"*"--digests"*) cat {names};;\n'
    '*"image ls"*) echo sha256:1;; *inspect*) cat {facts};;\n'
    '*"name=^shop-hook-"*) rm {once} 2> /dev/null && echo c1 || :;;\n'
    '*"--format {{.Image}}") echo sha256:1;; *"config "*) cat {config};; "info "*) cat {info};;\n'
    "esac\n"
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
    "Architecture": "",
    "RepoTags": ["127.0.0.1:5000/fream:1.0"],
    "RepoDigests": [f"127.0.0.1:5000/fream@{DIGEST}"],
    "Size": 1,
    "Type": "bind",
    "Source": "/here",
    "Destination": "/there",
}
INFO = {"ServerVersion": "29.0", "DockerRootDir": "/", "SystemTime": "2026-01-01T00:00:00Z"}
QUICK = "timeout --kill-after=10 30 docker"
COMPOSE = "compose --profile '*'"
# What containers were made with is looked up before any is stopped.
GRACES = (
    "docker container ls --all --no-trunc --filter label=com.docker.compose.project=shop "
    "--filter label=com.docker.compose.oneoff=False --format '"
    '{{.ID}}\t{{.Names}}\t{{.Label "com.docker.compose.service"}}\t{{.State}}\t{{.Status}}\t'
    "{{.Image}}'"
)
IMAGE = "127.0.0.1:5000/fream"
NAMES = (
    "docker image ls --no-trunc --digests --format "
    "'{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}'"
)
LOCAL = Image("sha256:1", IMAGE, ("1.0", "1.1"), (), frozenset({"sha256:1"}), 1, used=False)
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
    (tmp_path / "info").write_text(json.dumps(INFO))
    (tmp_path / "once").touch()
    (tmp_path / "names").write_text(f"{IMAGE}\t1.0\t{DIGEST}\tsha256:1\n")
    (tmp_path / "config").write_text(json.dumps(compose_config(tmp_path / "nginx", free_port())))
    for name, script in (("docker", _DOCKER), ("timeout", _TIMEOUT)):
        for word in ("calls", "facts", "config", "info", "once", "names"):
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
MINE = "label=com.docker.compose.project=shop"
INSPECT = "docker container inspect"
UP = "up --detach --wait --wait-timeout 300"
# By method, and after a colon what is special; each line is what the shell would be told.
ORIGIN = "\t".join(
    [
        *("{{.ID}}", "{{.Names}}"),
        *(
            f'{{{{.Label "com.docker.compose.{name}"}}}}'
            for name in ("service", "project.working_dir", "project.config_files")
        ),
        "{{.Mounts}}",
    ]
)
CALLS: dict[str, tuple[Ask, Sequence[str]]] = {
    "containers.all": (
        lambda p: p.containers.all(),
        [
            f"docker container ls --all --no-trunc --filter {MINE} "
            f"--filter label=com.docker.compose.oneoff=False --format {shlex.quote(FIELDS)}"
        ],
    ),
    "containers.origins": (
        lambda p: p.containers.origins(),
        [f"docker container ls --all --no-trunc --filter {MINE} --format {shlex.quote(ORIGIN)}"],
    ),
    "containers.condition": (lambda p: p.containers.condition("app"), [f"{INSPECT} app"]),
    "containers.conditions": (
        lambda p: p.containers.conditions(["app", "nginx"]),
        [f"{INSPECT} app nginx"],
    ),
    "containers.members": (
        lambda p: p.containers.members(SetName.SET1),
        [
            f"docker container ls --all --no-trunc --filter {MINE} "
            f"--filter label=com.docker.compose.oneoff=False --format {shlex.quote(FIELDS)}"
        ],
    ),
    "containers.last_health_check": (
        lambda p: p.containers.last_health_check("app"),
        [f"{INSPECT} --format '{{{{json .State}}}}' app"],
    ),
    "containers.logs": (
        lambda p: p.containers.logs("app", 7),
        ["docker container logs --timestamps --tail 300 app"],
    ),
    "containers.end_of_log": (
        lambda p: p.containers.end_of_log("app", 320, 30.0),
        ["docker container logs --timestamps --tail 10 app"],
    ),
    "containers.log_trouble": (
        lambda p: p.containers.log_trouble("nginx"),
        ["docker container logs --tail 1 nginx"],
    ),
    "containers.follow": (
        lambda p: p.containers.follow("nginx", 5).communicate(),
        ["docker container logs --follow --tail 5 nginx"],
    ),
    "containers.execute": (
        lambda p: p.containers.execute("nginx", ["nginx", "-t"]),
        [f"{QUICK} exec nginx nginx -t"],
    ),
    "containers.signal": (
        lambda p: p.containers.signal("nginx", "HUP"),
        [f"{QUICK} container kill --signal SIGHUP nginx"],
    ),
    "containers.join": (
        lambda p: p.containers.join("app", "fream-data"),
        [f"{QUICK} network connect fream-data app"],
    ),
    "containers.restart": (
        lambda p: p.containers.restart("nginx"),
        [f"{QUICK} restart --time 10 nginx"],
    ),
    "containers.end": (
        lambda p: p.containers.end([Condition("running", id="c1", grace=5.0)]),
        [
            "timeout --kill-after=10 35 docker container stop c1",
            "docker container ls --all --quiet --filter id=c1",
        ],
    ),
    "containers.dispose": (
        lambda p: p.containers.dispose(["c1"]),
        ["docker container ls --all --quiet --filter id=c1"],
    ),
    "containers.processes": (
        lambda p: p.containers.processes("nginx"),
        ["docker container top nginx -eo pid,args"],
    ),
    "containers.connections": (
        lambda p: p.containers.connections("app", 8081),
        ["docker container top app -eo pid,args"],
    ),
    "containers.mounts": (
        lambda p: p.containers.mounts("nginx"),
        [f"{INSPECT} --format '{{{{json .Mounts}}}}' nginx"],
    ),
    "containers.try_out": (
        lambda p: p.containers.try_out("nginx", ["nginx", "-t"]),
        [
            f"{INSPECT} --format '{{{{.Image}}}} {{{{.HostConfig.NetworkMode}}}}' nginx",
            f"{QUICK} container run --entrypoint nginx --network a-network --pull never --rm "
            "--volumes-from nginx an-image -t",
        ],
    ),
    "containers.published": (
        lambda p: p.containers.published("app", 8081),
        ["docker container port app 8081/tcp"],
    ),
    "containers.port": (
        lambda p: p.containers.port(SetName.SET1),
        ["docker container port shop-app-set1 8081/tcp"],
    ),
    "containers.control_port": (
        lambda p: p.containers.control_port(),
        ["docker container port shop-nginx 8090/tcp"],
    ),
    "compose.fingerprints": (
        lambda p: p.compose.fingerprints(["mysql", "nginx"]),
        [f"docker {COMPOSE} config --hash mysql,nginx"],
    ),
    "images.label": (
        lambda p: p.images.label(f"{IMAGE}:1.0", "fream.no-way-back"),
        [f"docker image inspect --format '{{{{json .Config.Labels}}}}' {IMAGE}:1.0"],
    ),
    "images.nginx_version": (
        lambda p: p.images.nginx_version(),
        [
            "docker image inspect nginx:1.30",
            f"{QUICK} container run --entrypoint nginx --network none --pull never --rm "
            "nginx:1.30 -v",
        ],
    ),
    "images.fetch: a tag that may have moved": (
        lambda p: p.images.fetch(SetName.SET1, Version("1.0"), nothing),
        [
            f"timeout --kill-after=10 1800 docker image pull --quiet {IMAGE}:1.0",
            f"timeout --kill-after=10 1800 docker image inspect {IMAGE}:1.0",
            f"docker image inspect {IMAGE}:1.0",
        ],
    ),
    "images.fetch: a digest that is here": (
        lambda p: p.images.fetch(SetName.SET1, Version("1.0", DIGEST), nothing),
        [NAMES, "docker image inspect sha256:1", f"docker image inspect {IMAGE}@{DIGEST}"],
    ),
    "images.named": (
        lambda p: p.images.named(SetName.SET1, Version("1.0", DIGEST)),
        [f"docker image inspect {IMAGE}@{DIGEST}"],
    ),
    "images.named: without a digest": (
        lambda p: p.images.named(SetName.SET1, Version("1.0")) and p.images.digests("x"),
        ["docker image inspect x"],
    ),
    "images.misnamed": (lambda p: p.images.misnamed({f"{IMAGE}:1.0": "sha256:2"}), [NAMES]),
    "images.name": (
        lambda p: p.images.name({f"{IMAGE}:1.0": "sha256:2", f"{IMAGE}:1.1": "sha256:1"}),
        [
            NAMES,
            f"{QUICK} image tag sha256:2 {IMAGE}:1.0",
            f"{QUICK} image tag sha256:1 {IMAGE}:1.1",
        ],
    ),
    "images.refused": (
        lambda p: p.images.refused(EngineError("x could not be started"), ["x"]),
        ["docker image inspect x"],
    ),
    "images.digests": (lambda p: p.images.digests("x"), ["docker image inspect x"]),
    "images.bytes_to_pull": (
        lambda p: p.images.bytes_to_pull(SetName.SET1, Version("1.0")),
        [f"docker manifest inspect --insecure {IMAGE}:1.0"],
    ),
    "images.local_images": (
        lambda p: p.images.local_images([IMAGE]),
        [
            f"docker image ls --quiet --no-trunc --filter reference={IMAGE}",
            "docker container ls --all --no-trunc --format '{{.Image}}'",
            "docker image inspect sha256:1",
        ],
    ),
    "images.remove_images": (
        lambda p: p.images.remove_images([LOCAL]),
        [f"timeout --kill-after=10 180 docker image rm {IMAGE}:1.0 {IMAGE}:1.1"],
    ),
    "images.keep_images": (
        lambda p: p.images.keep_images([LOCAL]),
        [f"{QUICK} image tag sha256:1 fream.invalid/kept:shop.1"],
    ),
    "images.free_bytes": (
        lambda p: p.images.free_bytes(),
        ["docker info --format '{{json .}}'"],
    ),
    "compose.start": (
        lambda p: p.compose.start(SetName.SET1, Version("1.0", DIGEST)),
        [
            f"SET1_VERSION=1.0@{DIGEST} timeout --kill-after=10 280 docker {COMPOSE} "
            "up --detach --no-recreate --no-build --no-deps --pull missing set1"
        ],
    ),
    "compose.up_healthy": (
        lambda p: p.compose.up_healthy(("mysql", "nginx"), 300, nothing),
        [
            f"timeout --kill-after=10 2100 docker {COMPOSE} {UP} --no-recreate --no-build "
            "--no-deps mysql nginx"
        ],
    ),
    "compose.up_healthy: what changed is made anew": (
        lambda p: p.compose.up_healthy(("nginx",), 300, nothing, recreate=True, stop_seconds=5),
        [
            f"timeout --kill-after=10 2100 docker {COMPOSE} {UP} --no-build --no-deps "
            "--timeout 5 nginx"
        ],
    ),
    "compose.start: what starts later": (
        lambda p: p.compose.start(SetName.SET1, Version("1.0"), ["set1-worker"]),
        [
            "SET1_VERSION=1.0 timeout --kill-after=10 280 docker {COMPOSE} "
            "up --detach --no-recreate --no-build --no-deps --pull missing set1-worker".replace(
                "{COMPOSE}", COMPOSE
            )
        ],
    ),
    "compose.stop": (
        lambda p: p.compose.stop(SetName.SET1),
        [GRACES, f"timeout --kill-after=10 100 docker {COMPOSE} stop set1"],
    ),
    "compose.remove": (
        lambda p: p.compose.remove(SetName.SET1),
        [GRACES, f"timeout --kill-after=10 100 docker {COMPOSE} rm --force --stop --volumes set1"],
    ),
    "compose.discard": (
        lambda p: p.compose.discard(SetName.SET2),
        [
            f"{QUICK} {COMPOSE} stop --timeout 5 set2",
            GRACES,
            f"timeout --kill-after=10 100 docker {COMPOSE} rm --force --stop --volumes set2",
        ],
    ),
    "compose.down: everything but the data": (
        lambda p: p.compose.down(volumes=False),
        [
            GRACES,
            *(
                f"timeout --kill-after=10 340 docker {COMPOSE} {rest}"
                for rest in ("rm --force --stop --volumes set1 set2", "down")
            ),
        ],
    ),
    "compose.down: everything": (
        lambda p: p.compose.down(volumes=True),
        [
            GRACES,
            *(
                f"timeout --kill-after=10 340 docker {COMPOSE} {rest}"
                for rest in ("rm --force --stop --volumes", "down --volumes")
            ),
            "docker image ls --format '{{.Repository}}:{{.Tag}}' "
            "--filter 'reference=fream.invalid/kept:shop.*'",
            "timeout --kill-after=10 180 docker image rm sha256:1",
        ],
    ),
    "compose.one_off": (
        lambda p: p.compose.one_off("mysql", ["mysql", "-e", "x"], nothing),
        [
            f"timeout --kill-after=10 1800 docker {COMPOSE} run --no-TTY --no-deps --rm "
            "mysql mysql -e x"
        ],
    ),
    "compose.test_nginx": (
        lambda p: p.compose.test_nginx(nothing),
        [
            f"timeout --kill-after=10 1800 docker {COMPOSE} run --no-TTY --no-deps --rm "
            "nginx nginx -t -q"
        ],
    ),
    "compose.end_one_offs": (
        lambda p: p.compose.end_one_offs(),
        [
            f"docker container ls --all --quiet --filter {MINE} "
            "--filter label=com.docker.compose.oneoff=True --filter 'name=^shop-hook-'",
            f"{QUICK} container rm --force --volumes c1",
            f"docker container ls --all --quiet --filter {MINE} "
            "--filter label=com.docker.compose.oneoff=True --filter 'name=^shop-hook-'",
        ],
    ),
    "compose.template": (
        lambda p: p.compose.template(),
        [f"docker {COMPOSE} config --no-interpolate --format json"],
    ),
}
# What asks Docker nothing, and what is looked at below.
_ELSEWHERE = {
    *("containers.started", "containers.found_at", "compose.one_off_prefix"),
    *("containers.clashes", "containers.let_go"),
    *("compose.one_off_command", "containers.exec_command"),
    "compose.secrets",
}


def test_each_call_of_docker_is_compared() -> None:
    rooms = {"compose": Compose, "containers": Containers, "images": Images}
    public = {
        f"{room}.{name}"
        for room, kind in rooms.items()
        for base in kind.__mro__[:-1]
        for name in vars(base)
        if not name.startswith("_")
    }

    assert {name.partition(":")[0] for name in CALLS} | _ELSEWHERE == public


@pytest.mark.parametrize("name", CALLS)
def test_docker_is_told_this_and_no_more(told: Callable[[Ask], list[str]], name: str) -> None:
    ask, expected = CALLS[name]

    assert told(ask) == list(expected)


@pytest.mark.parametrize(("code", "removed"), [("0", True), ("143", True), ("137", False)])
def test_what_is_let_go_is_removed_when_it_has_ended_by_itself(
    told: Callable[[Ask], list[str]], tmp_path: Path, code: str, removed: bool
) -> None:
    """Nobody waits for it; what had to be killed stays, to be told of."""
    lines: list[str] = []

    def ask(_: Project) -> None:
        script = (
            f'#!/bin/sh\necho "$*" >> {tmp_path}/let-go\ncase "$1" in inspect) echo {code};; esac\n'
        )
        (tmp_path / "tools" / "docker").write_text(script)
        farewell.let_go("c1", 900.0)
        deadline = time.monotonic() + 10
        while len(lines) < 3 + removed and time.monotonic() < deadline:
            time.sleep(0.02)
            with suppress(FileNotFoundError):
                lines[:] = (tmp_path / "let-go").read_text().splitlines()
        (tmp_path / "calls").touch()

    told(ask)

    expected = ["update --restart=no c1", "stop -t 900 c1", "inspect -f {{.State.ExitCode}} c1"]
    assert lines == [*expected, "rm --volumes c1"][: 3 + removed]


def test_the_project_is_read_with_every_profile(told: Callable[[Ask], list[str]]) -> None:
    assert told(lambda p: open_project(p.settings.compose_directory)) == [
        f"docker {COMPOSE} config --format json"
    ]


def test_an_image_is_in_use_by_the_container_of_any_project(
    told: Callable[[Ask], list[str]],
) -> None:
    found: list[Image] = []

    told(lambda p: found.extend(p.images.local_images([IMAGE])))

    assert [image.used for image in found] == [True]


def test_a_hook_of_the_release_runs_alone_and_leaves_nothing(
    told: Callable[[Ask], list[str]],
) -> None:
    lines: list[list[str]] = []

    def commands(p: Project) -> None:
        lines.append(
            p.compose.one_off_command(SetName.SET1, "hook", ["migrate", "-v"], {"A": "1 2"})
        )
        lines.append(p.containers.exec_command("shop-app-set1", ["reload"], {"A": "1"}))
        lines.append(p.containers.exec_command("shop-acme", ["put"], {}, reads=True))
        compose = f"{p.settings.compose_directory}/"
        assert [shlex.join(line).replace(compose, "") for line in lines] == [
            f"docker {COMPOSE} run --rm --no-deps --no-TTY --quiet-pull --name=hook "
            "'--env=A=1 2' set1 migrate -v",
            "docker exec --env=A=1 shop-app-set1 reload",
            "docker exec --interactive shop-acme put",
        ]
        p.compose.end_one_offs()

    told(commands)


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (
            lambda: reads.become_command("app", ["sh", "-c", "x"], interactive=False),
            "docker container exec app sh -c x",
        ),
        (
            lambda: reads.become_command("app", ["sh"], interactive=True),
            "docker container exec --interactive --tty app sh",
        ),
        (
            lambda: reads.become_log("app", None, "10m", follow=True),
            "docker container logs --follow --since=10m --tail=all app",
        ),
        (
            lambda: reads.become_log("app", 100, "", follow=False),
            "docker container logs --tail=100 app",
        ),
    ],
)
def test_docker_takes_the_place_of_the_process(
    ask: Callable[[], object], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr("os.execvp", lambda _file, words: became.append(words))

    ask()

    assert [shlex.join(words) for words in became] == [line]


def test_the_containers_of_a_folder_are_found_by_labels(
    told: Callable[[Ask], list[str]],
) -> None:
    labels = ("service", "project", "project.config_files")
    columns = [".Names", ".State", *(f'.Label "com.docker.compose.{name}"' for name in labels)]
    form = "\t".join(f"{{{{{column}}}}}" for column in columns)

    assert told(lambda _: placed_in(Path("/srv/shop"))) == [
        "docker container ls --all --no-trunc "
        "--filter label=com.docker.compose.project.working_dir=/srv/shop "
        f"--filter label=com.docker.compose.oneoff=False --format {shlex.quote(form)}"
    ]


def test_a_command_of_docker_runs_in_a_group_of_its_own(
    told: Callable[[Ask], list[str]],
) -> None:
    """A Ctrl-C at the terminal reaches fream alone, and Docker finishes what it began."""

    def groups(_: Project) -> None:
        process = reads.begin(["info"])
        assert os.getpgid(process.pid) == process.pid
        reads.finish(process, "It failed")

    assert told(groups) == ["docker info"]
