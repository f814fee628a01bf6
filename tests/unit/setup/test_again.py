"""A project that is set up again: passwords byte for byte, and every file whole at every moment."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project import durable
from fream_compose.project.envfile import EnvFile
from fream_compose.setup import project_files
from fream_compose.setup.app import App

BOOKS = App("books", "", "acme/books", mysql=True)
AGAIN = App("tomes", "", "acme/tomes", mysql=True, port=9090, http_port="81")
PASSWORDS = [
    b"MYSQL_PASSWORD=plain",
    b"MYSQL_PASSWORD='a$b#c \"d\" '",
    b'MYSQL_PASSWORD="a\\"b $$HOME # no remark"   # a remark',
    b"MYSQL_PASSWORD=a$$b#c",
    b"MYSQL_PASSWORD=trailing  \t ",
    b"MYSQL_PASSWORD=windows\r",
    b"export MYSQL_PASSWORD='exported'",
    b"  export\tMYSQL_PASSWORD = spaced",
    b"MYSQL_PASSWORD=",
    b"MYSQL_PASSWORD='\xff\xfe latin \xe9'",
    b'MYSQL_PASSWORD="two\nMYSQL_USER=lines"',
    b"MYSQL_PASSWORD='it\\'s\nMYSQL_ROOT_PASSWORD=none'",
    b"MYSQL_PASSWORD='open",
    b"MYSQL_PASSWORD=\\1\\g<0>",
]


def made(app: App, folder: Path) -> dict[Path, str]:
    earlier = project_files.earlier_ports(folder)
    return project_files.render(app, project_files.template(), earlier)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project_files.write(tmp_path, made(BOOKS, tmp_path))
    return tmp_path


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_survives_byte_for_byte(project: Path, password: bytes) -> None:
    env = project / "compose" / ".env"
    lines = env.read_bytes().split(b"\n")
    wanted = [password if line.startswith(b"MYSQL_PASSWORD=") else line for line in lines]
    env.write_bytes(b"\n".join(wanted))
    before = env.read_bytes()

    project_files.write(project, made(AGAIN, project))

    after = env.read_bytes()
    assert b"\n" + password + b"\n" in after
    assert after.count(b"MYSQL_PASSWORD") == before.count(b"MYSQL_PASSWORD")
    (root,) = (line for line in lines if line.startswith(b"MYSQL_ROOT_PASSWORD="))
    assert b"\n" + root + b"\n" in after
    (aside,) = env.parent.glob(".env.2*")
    assert aside.read_bytes() == before


def test_the_last_of_two_passwords_is_the_one_that_counts(project: Path) -> None:
    env = project / "compose" / ".env"
    env.write_bytes(env.read_bytes() + b"MYSQL_PASSWORD='later'\n")

    project_files.write(project, made(AGAIN, project))

    assert [s for s in env.read_bytes().split(b"\n") if s.startswith(b"MYSQL_PASSWORD")] == [
        b"MYSQL_PASSWORD='later'"
    ]


def test_a_copy_of_passwords_is_the_owners_alone_and_never_replaced(project: Path) -> None:
    env = project / "compose" / ".env"
    env.chmod(0o644)
    before = os.umask(0)
    try:
        for _ in range(3):
            project_files.write(project, made(AGAIN, project))
    finally:
        os.umask(before)

    found = [env, *env.parent.glob(".env.2*")]
    assert len(found) == 4
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}


def whole(old: dict[str, bytes], new: dict[str, bytes], folder: Path) -> None:
    """Assert that every file is the old one or the new one, and that no password is lost."""
    for name, found in files_of(folder).items():
        if name.startswith("compose/.env.2"):
            assert found == old["compose/.env"]
        else:
            assert found in (old.get(name), new.get(name)), name
    assert passwords(files_of(folder)["compose/.env"]) == passwords(old["compose/.env"])


def passwords(env: bytes) -> list[bytes]:
    return [line for line in env.split(b"\n") if b"PASSWORD=" in line]


@pytest.mark.parametrize("forbids", ["fsync", "replace"])
@pytest.mark.parametrize("why", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_when_any_write_fails_every_file_is_the_old_or_the_new_one(
    project: Path, forbids: str, why: int
) -> None:
    texts = made(AGAIN, project)
    old, new = files_of(project), {str(path): text.encode() for path, text in texts.items()}
    env = EnvFile(project / "compose" / ".env")
    new["compose/.env"] = project_files._taken_over(texts[Path("compose/.env")], env).encode()
    place = os if forbids == "fsync" else Path
    real = getattr(place, forbids)

    def failing(number: int) -> Callable[..., Any]:
        """The real thing, so many times; then it fails."""
        calls = count()

        def call(*arguments: Any) -> Any:
            if next(calls) >= number:
                raise OSError(why, os.strerror(why))
            return real(*arguments)

        return call

    for number in count():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, forbids, failing(number))
            try:
                project_files.write(project, texts)
            except ConfigurationError as error:
                failed = error
            else:
                break
        assert failed.what.endswith("cannot be written")
        whole(old, new, project)
        for aside in project.glob("compose/.env.2*"):
            aside.unlink()
    assert number > 20


KILLED = """
import os, signal, sys
from pathlib import Path
from fream_compose.cli import main
number, real = int(sys.argv.pop(1)), os.fsync
def sync(descriptor):
    global number
    number -= 1
    real(descriptor)
    if number < 0:
        os.kill(os.getpid(), signal.SIGKILL)
os.fsync = sync
main()
"""


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 9, 20, 36])
def test_when_it_is_killed_every_file_is_the_old_or_the_new_one(project: Path, number: int) -> None:
    old = files_of(project)
    options = ["--image", "acme/tomes", "--name", "tomes", "--mysql", "--force"]

    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(number), "init", str(project), *options],
        capture_output=True,
        check=False,
    )

    assert run.returncode == -signal.SIGKILL, run.stderr
    env = (project / "compose" / ".env").read_bytes()
    assert passwords(env) == passwords(old["compose/.env"])


def test_a_temporary_file_of_env_is_kept_out_of_version_control(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    monkeypatch.setattr("os.fsync", lambda _: names.extend(p.name for p in tmp_path.iterdir()))

    durable.write(tmp_path / ".env", "A=1\n")

    assert names[0].startswith(".env.")
