"""A team on one server: some release, some look, and nobody else gets a word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stories.docker import remove_project
from tests.stories.fixtures import OTHER_NAME, alone
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.project import Project
from tests.stories.releases import GOOD, ROOT, Releases

TEAM = f"{NAME}-team"
LOOK = f"{NAME}-look"
_GROUPS = {
    "alice": f"docker,{TEAM}",
    "bob": f"docker,{TEAM}",
    "carol": "docker",
    "dave": LOOK,
}
WALL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SHARE = (  # as docs/operations.md has it
    "chgrp -R {group} {folder}/compose {folder}/nginx",
    "chmod -R g+rwX {folder}/compose {folder}/nginx",
    "find {folder}/compose {folder}/nginx -type d -exec chmod g+s {{}} +",
)


@dataclass(frozen=True)
class Person:
    """A user of this server. umask: in the shell."""

    name: str
    umask: str
    fream: Path
    project: Project

    def runs(self, *arguments: str, as_user: str = "") -> subprocess.CompletedProcess[str]:
        """What fream does for this user, from a login of their own. as_user: by sudo."""
        line = f'umask {self.umask}; cd /; exec "$@"'
        sudo = ["sudo", "--non-interactive", "-u", as_user] if as_user else []
        fream: list[str | Path] = [*sudo, self.fream, "-C", self.project.folder, *arguments]
        become = ["setpriv", f"--reuid={self.name}", f"--regid={self.name}", "--init-groups"]
        environment = ["env", "-i", f"PATH={os.environ['PATH']}", f"HOME=/home/{self.name}"]
        done = subprocess.run(
            [*become, *environment, "sh", "-c", line, "sh", *fream],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert self.project.password not in done.stdout + done.stderr
        return done

    def succeeds(self, *arguments: str) -> str:
        """The same; it must succeed, and returns what was printed."""
        done = self.runs(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def is_refused(self, *arguments: str) -> str:
        """The same; it must be refused, and returns why."""
        done = self.runs(*arguments)
        assert done.returncode == 3, done.stdout + done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def reachable() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="fream-team."))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def fream(reachable: Path) -> Iterator[Path]:
    """fream as script/bootstrap puts it there for every user, wherever this checkout is."""
    environment = {**os.environ, "PREFIX": str(reachable / "usr")}
    command = [ROOT / "script" / "bootstrap"]
    subprocess.run([*command, "--no-images"], env=environment, check=True, timeout=400)
    yield reachable / "usr" / "bin" / "fream"
    subprocess.run([*command, "--remove"], env=environment, check=True, timeout=60)
    assert not list((reachable / "usr").rglob("*fream*"))


@pytest.fixture(scope="module")
def shop(reachable: Path, releases: Releases) -> Iterator[Project]:
    with alone(reachable / "shop", OTHER_NAME, releases.registry, FIRST_PORT + 600) as made:
        yield made


@pytest.fixture(scope="module")
def people(fream: Path, shop: Project) -> Iterator[dict[str, Person]]:
    """Alice and Bob, who release, and Carol, who may look: all of them may speak to Docker.

    Dave may not.
    """
    names = {who: f"{NAME}-{who}" for who in _GROUPS}
    try:
        run("groupadd", TEAM)
        run("groupadd", LOOK)
        for who, name in names.items():
            run("useradd", "--create-home", "--user-group", "--groups", _GROUPS[who], name)
        run("chown", "-R", f"{names['alice']}:{names['alice']}", str(shop.folder))
        yield {
            who: Person(name, "022" if who == "bob" else "077", fream, shop)
            for who, name in names.items()
        }
    finally:
        remove_project(OTHER_NAME)
        for name in names.values():
            subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)
        for group in (TEAM, LOOK):
            subprocess.run(["groupdel", group], check=False)


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def test_a_team_releases_and_colleagues_look(people: dict[str, Person], shop: Project) -> None:
    alice, bob, carol = (people[who] for who in ("alice", "bob", "carol"))
    alice.succeeds("up", "infra")
    alice.succeeds("switch", "--version", GOOD)

    # Nobody else, until she asks for it.
    assert f"it belongs to {alice.name}" in bob.is_refused("switch", "--version", GOOD)
    assert f"sudo -u {alice.name} fream" in bob.is_refused("history")
    for line in SHARE:
        run("sh", "-c", line.format(group=TEAM, folder=shop.folder))

    # Both release, whatever the umask of either.
    bob.succeeds("switch", "--version", GOOD)
    alice.succeeds("switch", "--version", GOOD)
    bob.succeeds("maintenance", "on")
    alice.succeeds("maintenance", "off")
    bob.succeeds("reload")
    bob.succeeds("status")
    assert alice.succeeds("doctor")
    told = bob.succeeds("history")
    assert alice.name in told
    assert bob.name in told
    assert shop.env_path.stat().st_mode & 0o777 == 0o660

    # Carol is told whom to ask, looks once she may, and changes nothing.
    refused = carol.is_refused("switch", "--version", GOOD)
    assert f"it belongs to {alice.name} and the group {TEAM}" in refused or bob.name in refused
    assert f"sudo usermod -aG {TEAM} $USER" in refused
    assert f"the group {TEAM}" in carol.is_refused("history")
    (shop.env_path.parent / ".fream").chmod(0o2771)
    alice.succeeds("recover")
    assert bob.name in carol.succeeds("history")
    seen = carol.succeeds("status")
    assert GOOD in seen
    assert "cannot be read" not in seen
    assert carol.succeeds("status", "--watch", "--count", "2", "--interval", "200ms")
    assert carol.succeeds("logs", "live", "--tail", "1")
    before = shop.picture()
    for command in (["switch", "--version", GOOD], ["rollback"], ["recover"], ["down"], ["up"]):
        carol.is_refused(*command)
    assert shop.picture() == before


def test_a_group_that_only_reads(people: dict[str, Person], shop: Project) -> None:
    alice, bob = people["alice"], people["bob"]
    for folder in ("compose", "nginx"):
        run("chmod", "-R", "g-w", str(shop.folder / folder))
    shop.env_path.chmod(0o600)
    run("chown", "-R", alice.name, str(shop.folder / "compose"), str(shop.folder / "nginx"))

    alice.succeeds("recover")

    assert alice.name in bob.succeeds("history")
    assert GOOD in bob.succeeds("status")
    assert f"sudo -u {alice.name} fream" in bob.is_refused("switch", "--version", GOOD)


def test_a_wall_is_sudo_for_these_words_alone(people: dict[str, Person], shop: Project) -> None:
    alice, dave = people["alice"], people["dave"]
    (rule,) = re.findall(r"```sudoers\n(.*?)```", WALL, re.DOTALL)
    for written, here in {
        "%shop-look": f"%{LOOK}",
        "(deploy)": f"({alice.name})",
        "/usr/local/bin/fream": str(alice.fream),
        "/srv/shop": str(shop.folder),
    }.items():
        assert written in rule
        rule = rule.replace(written, here)
    place = Path("/etc/sudoers.d") / LOOK
    place.write_text(rule, encoding="utf-8")
    place.chmod(0o440)
    try:
        run("visudo", "--check", "--file", str(place))
        assert "docker" in dave.runs("status").stderr.lower(), "by himself he sees nothing of it"
        for words in (["status"], ["history"], ["logs"]):
            done = dave.runs(*words, as_user=alice.name)
            assert done.returncode == 0, done.stderr
            assert done.stdout
        before = shop.picture()
        for words in (
            ["switch", GOOD],
            ["status", "--interval", "1s"],
            ["down"],
            ["logs", "nginx"],
        ):
            done = dave.runs(*words, as_user=alice.name)
            assert done.returncode == 1
            assert "password is required" in done.stderr, "sudo, not fream, says so"
        assert shop.picture() == before
    finally:
        place.unlink()
