"""Secrets from a command of the team's: they reach MySQL and the app as files, and nothing else."""

from __future__ import annotations

import re
import secrets
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.docker import CommandFailed, docker
from tests.stories.fixtures import alone
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases
from tests.stories.waiting import eventually

SEALED_NAME = f"{NAME}-sealed"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Iterator[Project]:
    """A project with no password in its `.env`: age keeps them, with a key of root's."""
    folder = tmp_path_factory.mktemp("sealed")
    with alone(folder, SEALED_NAME, releases.registry, FIRST_PORT + 1700) as made:
        keep_with_age(made)
        made.succeed("up", "infra")
        made.switch(GOOD)
        yield made


def keep_with_age(project: Project) -> None:
    """Take the passwords out of `.env`, and have a hook of the release look for their file."""
    seal(project)
    lines = project.env_path.read_text().splitlines(keepends=True)
    project.env_path.write_text(
        "".join(line for line in lines if not re.match("MYSQL_.*PASSWORD=", line))
    )
    project.set_env(FREAM_DB_PASSWORD="")
    run_secrets(project, "age", "-d", "-i", "../key", "../secrets.age")
    compose = project.folder / "compose" / "compose.yaml"
    migrates = "{run: [test, -s, /run/secrets/mysql_password], in: release}"
    compose.write_text(
        compose.read_text().replace("before_start: []", f"before_start: [{migrates}]")
    )


def seal(project: Project) -> None:
    """Encrypt the project's passwords to a key beside its folder."""
    key = project.folder / "key"
    key.unlink(missing_ok=True)
    told = subprocess.run(
        ["age-keygen", "-o", key], check=True, capture_output=True, text=True
    ).stderr
    lines = (
        f"# of {project.name}\nMYSQL_PASSWORD={project.password}\n"
        f"MYSQL_ROOT_PASSWORD='{project.root_password}'\n"
    )
    to = ["age", "-r", told.split()[-1], "-o", str(project.folder / "secrets.age")]
    subprocess.run(to, input=lines, check=True, text=True)


def run_secrets(project: Project, *command: str, timeout: str = "30s") -> None:
    compose = project.folder / "compose" / "compose.yaml"
    words = ", ".join(f"'{word}'" for word in command)
    text = re.sub(
        r"  secrets:\n    run: .*\n    timeout: .*\n",
        f"  secrets:\n    run: [{words}]\n    timeout: {timeout}\n",
        compose.read_text(),
    )
    compose.write_text(text)


@pytest.fixture
def told_by(sealed: Project) -> Iterator[Project]:
    """The project, with age as its keeper again afterwards."""
    compose = sealed.folder / "compose" / "compose.yaml"
    before = compose.read_text()
    yield sealed
    compose.write_text(before)


def test_they_are_files_in_the_containers_and_nowhere_else(sealed: Project) -> None:
    assert sealed.get("/products").status_code == 200
    for service, found in sealed.running().items():
        shown = docker("inspect", found) + docker("logs", found)
        assert sealed.password not in shown, service
        assert sealed.root_password not in shown, service
    inside = docker("exec", sealed.container(sealed.live_set), "cat", "/run/secrets/mysql_password")
    assert inside == sealed.password
    for path in sealed.folder.rglob("*"):
        if path.is_file():
            assert sealed.password.encode() not in path.read_bytes(), path


def test_what_is_typed_by_hand_leaves_alone_what_runs(sealed: Project) -> None:
    before = sealed.containers()
    sealed.compose("up", "--detach")
    assert sealed.containers() == before
    assert set(sealed.running()) == {"mysql", "nginx", sealed.live_set}
    told = sealed.fream("doctor").text
    assert "docker inspect" not in told
    assert "empty" not in told


def test_what_is_typed_by_hand_makes_nothing_anew_without_them(sealed: Project) -> None:
    docker("rm", "--force", sealed.container(sealed.live_set))
    with pytest.raises(CommandFailed, match="MYSQL_PASSWORD"):
        sealed.compose("up", "--detach")
    sealed.succeed("up")
    assert sealed.get("/products").status_code == 200


def test_one_that_would_be_a_variable_is_refused(sealed: Project) -> None:
    """Compose would take down what runs, before it says that a secret is missing."""
    before = sealed.containers()
    lines = sealed.env_path.read_text()
    sealed.env_path.write_text(lines.replace("FREAM_DB_PASSWORD=", "#FREAM_DB_PASSWORD="))
    try:
        result = sealed.fream("switch", "--version", sealed.version())
    finally:
        sealed.env_path.write_text(lines)
    assert result.code == 3, result
    assert "variable of set1, set2" in result.err
    assert sealed.containers() == before


def test_what_is_stopped_starts_also_without_them(told_by: Project) -> None:
    docker("stop", told_by.container("nginx"))
    run_secrets(told_by, "false")
    told_by.succeed("recover")
    assert told_by.get("/products").status_code == 200


def test_no_process_shows_them(sealed: Project, releases: Releases) -> None:
    """Every command line of this server, looked at all through a release."""
    process = sealed.start("switch", "--version", releases.push("1.0.1"))
    seen = set()
    while process.poll() is None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(path.read_bytes())
            except OSError:
                continue
    assert sealed.finish(process).code == 0
    assert any(b"compose" in line for line in seen)
    assert not [line for line in seen if sealed.password.encode() in line]


def test_a_changed_secret_reaches_the_app_with_a_release(sealed: Project) -> None:
    before, sealed.password = sealed.password, secrets.token_urlsafe(18)
    alter = f"ALTER USER fream IDENTIFIED BY '{sealed.password}' RETAIN CURRENT PASSWORD"
    as_root = 'MYSQL_PWD="$(cat /run/secrets/mysql_root_password)" mysql -u root -e '
    docker("exec", sealed.container("mysql"), "sh", "-c", as_root + shlex.quote(alter))
    seal(sealed)
    held = ("exec", sealed.container(sealed.live_set), "cat", "/run/secrets/mysql_password")
    assert docker(*held) == before

    sealed.switch(sealed.version())

    held = ("exec", sealed.container(sealed.live_set), "cat", "/run/secrets/mysql_password")
    assert docker(*held) == sealed.password
    assert sealed.get("/products").status_code == 200


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 7", "exit code 7"),
        ("sleep 1000", "longer than 1 s"),
        ("echo nonsense of {secret}", "not NAME=VALUE lines"),
        ("yes A={secret} | head -c 1000000", "printed too much"),
        ("echo A={secret}", "MYSQL_PASSWORD, MYSQL_ROOT_PASSWORD"),
    ],
)
def test_a_command_that_does_not_do_leaves_all_as_it_was(
    told_by: Project, releases: Releases, script: str, told: str
) -> None:
    before = told_by.picture()
    secret = secrets.token_urlsafe(12)
    run_secrets(told_by, "sh", "-c", script.format(secret=secret), timeout="1s")

    result = told_by.fream("switch", "--version", releases.push("1.0.2"), "--output", "json")

    assert result.code == 3, result
    assert told in result.text
    assert secret not in result.text
    after = told_by.picture()
    assert (after.containers, after.live, after.include) == (
        before.containers,
        before.live,
        before.include,
    )


def test_ctrl_c_ends_a_command_that_waits(told_by: Project, releases: Releases) -> None:
    before = told_by.picture()
    run_secrets(told_by, "sleep", "1236")
    process = told_by.start("switch", "--version", releases.push("1.0.3"))
    waits = ("pgrep", "-f", "^sleep 1236$")
    eventually(lambda: subprocess.run(waits, check=False, capture_output=True).returncode == 0)
    process.send_signal(signal.SIGINT)
    assert told_by.finish(process).code == 130
    assert subprocess.run(waits, check=False, capture_output=True).returncode
    assert told_by.picture().containers == before.containers
