"""What `.env` keeps secret is in nothing that fream says, writes or logs."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fream_compose import secrecy
from fream_compose.docker.reads import begin, finish
from fream_compose.errors import EngineError, FreamError, unexpected
from fream_compose.http import Answer
from fream_compose.operations.health import describe
from fream_compose.process import LIMIT, Output
from fream_compose.secrecy import hidden
from tests.fakes import Stage
from tests.fakes.commands import Fream

SECRET = "s3cret$word"
ENV = f"""MYSQL_PASSWORD='{SECRET}'
IMAGE_NAME=books
MYSQL_USER=reader
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".env").write_text(ENV, "utf-8")
    (tmp_path / "app.env").write_text("STRIPE_API_KEY=sk_live_1\nCOLOUR=green\n", "utf-8")
    secrecy.learn(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "repeated"),
    [
        ("MYSQL_PASSWORD=plain1", "plain1"),
        ("MYSQL_ROOT_PASSWORD='a$b \"c\"'", 'a$b "c"'),
        ("MYSQL_ROOT_PASSWORD='a$b \"c\"'", 'a$$b "c"'),
        ("MYSQL_ROOT_PASSWORD='a$b \"c\"'", 'a$b \\"c\\"'),
        ("MYSQL_PASSWORD=a$$bcd", "a$bcd"),
        ('MYSQL_PASSWORD="it\\"s so"', 'it"s so'),
        ("MYSQL_PASSWORD='p@ss/w#d'", "p%40ss%2Fw%23d"),
        ("MYSQL_PASSWORD=abcd # a remark", "abcd"),
        ("MYSQL_PASSWORD='abcd' # a remark", "abcd"),
        ("MYSQL_PASSWORD='unclosed", "'unclosed"),
        ("MYSQL_PASSWORD='unclosed", "unclosed"),
        ("  export APP_TOKEN = tok-1", "tok-1"),
        ("MYSQL PASSWORD=with a space", "with a space"),
        ("SIGNING_KEY: yaml-like", "yaml-like"),
        ("#OLD_PASSWORD=of yore", "of yore"),
        ("AWS_CREDENTIALS=cred-1\r", "cred-1"),
        ("DB_PWD=정상정상", "정상정상"),
        ("DB_PWD=정상정상", "\\uc815\\uc0c1\\uc815\\uc0c1"),
        ("PRIVATE_PEM='-----BEGIN\nbase64line\nlast'", "base64line"),
        ("PRIVATE_PEM='-----BEGIN\nbase64line\nlast'", "last"),
        ("DATABASE_URL=mysql://reader:p%40ss@mysql/shop", "p%40ss"),
        ("DATABASE_URL=mysql://reader:p%40ss@mysql/shop", "p@ss"),
        ("REDIS_URL='redis://:hunter2@cache:6379/0'", "hunter2"),
        ("DSN=reader:hunter2@tcp(mysql:3306)/shop", "hunter2"),
        ("JDBC_URL=jdbc:mysql://mysql/shop?user=reader&password=hunter2&x=1", "hunter2"),
        ('DSN="host=db user=reader Password=hunter2 port=1"', "hunter2"),
    ],
)
def test_a_secret_is_known_in_whatever_form(tmp_path: Path, line: str, repeated: str) -> None:
    (tmp_path / ".env").write_text(f"A=1\n{line}\nB=2\n", "utf-8", newline="")
    secrecy.learn(tmp_path)

    assert hidden(f"near <{repeated}> here") == "near <***> here"


@pytest.mark.parametrize(
    "line",
    [
        "IMAGE_NAME=books",
        "MYSQL_PASSWORD=abc",
        "MYSQL_PASSWORD=",
        "MYSQL_PASSWORD_FILE=/run/secrets/x",
        "TLS_KEY=/etc/ssl/shop.key",
        "#ACME_DNS_CREDENTIALS=/dev/null",
        "MONKEYS=many",
        "PRIVATE_KEY_PATH=/srv/key.pem",
        "DATABASE_URL=mysql://books:books@many/reader",
        "MAIL=mailto:books@many",
    ],
)
def test_what_is_no_secret_stays(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"{line}\nMYSQL_USER=reader\n", "utf-8")
    secrecy.learn(tmp_path)
    text = "books abc /run/secrets/x /etc/ssl/shop.key /dev/null many /srv/key.pem reader"

    assert hidden(text) == text


def test_of_two_secrets_the_longer_goes_first(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A_TOKEN=abcd\nB_TOKEN=abcdefgh\n", "utf-8")
    secrecy.learn(tmp_path)

    assert hidden("abcdefgh") == "***"


@pytest.mark.usefixtures("project")
def test_what_docker_says_is_told_without_it() -> None:
    told = f"invalid: {SECRET}, and sk_live_1 for reader"
    error = EngineError("Compose failed", told, logs=[told])

    assert error.why == "invalid: ***, and *** for reader"
    assert error.logs == (error.why,)


@pytest.mark.usefixtures("project")
def test_what_hooks_and_apps_say_is_told_without_it() -> None:
    output = Output()
    output.add(f"connecting with {SECRET}\n".encode())
    assert output.text() == "connecting with ***\n"
    output.add(b"x" * 20_000 + SECRET.encode())

    assert SECRET not in output.text()
    assert SECRET not in output.text(1000)
    assert output.text().endswith("***")
    assert describe(Answer(500, f"{'x' * 195}{SECRET}", 0.1)).endswith("x***")


@pytest.mark.usefixtures("project")
def test_a_traceback_is_written_without_it_and_for_its_owner_alone() -> None:
    before = os.umask(0)
    try:
        try:
            raise ValueError(f"no such thing: {SECRET}") from OSError(f"near {SECRET}")
        except ValueError as error:
            told = unexpected(error)
    finally:
        os.umask(before)

    path = Path(told.why.rpartition(" ")[2])
    text = path.read_text("utf-8")
    mode = path.stat().st_mode & 0o777
    path.unlink()
    assert SECRET not in told.what + text
    assert "near ***" in text
    assert mode == 0o600


@pytest.fixture
def _root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {}
    for name in ("fream_compose", "python_on_whales"):
        levels[name] = logging.getLogger(name).level
    root.handlers[:] = []
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("project", "_root_logger")
def test_what_verbose_says_is_told_without_it(
    fream: Fream, capsys: pytest.CaptureFixture[str]
) -> None:
    fream("--verbose", "--version")
    logging.getLogger("python_on_whales").debug("Running %s", ["docker", "run", SECRET])

    assert SECRET not in capsys.readouterr().err


def test_no_output_history_or_note_holds_it(fream: Fream, stage: Stage) -> None:
    """As Compose repeats it when a set cannot be started."""
    env = stage.env_path
    env.write_text(f"{env.read_text('utf-8')}MYSQL_PASSWORD='{SECRET}'\n", "utf-8")
    secrecy.learn(env.parent)

    def refuse(*_: object) -> None:
        raise EngineError("set1 could not be started", f"invalid mount: {SECRET}")

    stage.project.compose.start = refuse  # type: ignore[method-assign, assignment]

    for output in ("text", "json", "jsonl"):
        told = fream("switch", "--version", "1.0.0", "-o", output)
        assert told.exit_code == 5
        assert "invalid mount: ***" in told.output
        assert SECRET not in told.output
    kept = [path for path in stage.settings.state_directory.rglob("*") if path.is_file()]
    assert "invalid mount: ***" in "".join(path.read_text("utf-8") for path in kept)
    assert SECRET not in "".join(path.read_text("utf-8") for path in kept)
    assert SECRET not in fream("history", "-o", "json").output


def test_a_project_that_compose_cannot_read_tells_no_secret(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = project / "bin" / "docker"
    program.parent.mkdir()
    repeats = f"echo 'unterminated quoted value {SECRET}' >&2; exit 1"
    program.write_text(f'#!/bin/sh\n[ "$2" = version ] || {{ {repeats}; }}\n', "utf-8")
    program.chmod(0o755)
    for name in ("compose.yaml", "infra.yaml"):
        (project / name).touch()
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    for command in ("status", "config", "up"):
        told = subprocess.run(
            [sys.executable, "-m", "fream_compose", "--verbose", command, "-C", str(project)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode
        assert "unterminated quoted value ***" in told.stdout + told.stderr
        assert SECRET not in told.stdout + told.stderr
    with pytest.raises(EngineError) as caught:
        finish(begin(["compose", "config"]), "It cannot be read")
    assert caught.value.why == "unterminated quoted value ***"


def test_who_opens_no_project_hides_nothing() -> None:
    assert FreamError("a", "b").why == "b"
    assert json.loads(hidden("{}")) == {}


@pytest.mark.parametrize("shown", range(5, len(SECRET)))
def test_no_part_of_a_secret_is_left_where_a_text_was_cut(tmp_path: Path, shown: int) -> None:
    (tmp_path / ".env").write_text(ENV)
    secrecy.learn(tmp_path)
    output = Output()
    output.add(f"{'x' * 20}{SECRET}{'y' * 4000}{SECRET}{'z' * 20}".encode())

    told = output.text(20 + shown)

    assert told.startswith(f"{'x' * 20}***\n")
    assert told.endswith(f"\n***{'z' * 20}")


def test_no_part_is_left_either_where_more_was_printed_than_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(ENV)
    secrecy.learn(tmp_path)
    output = Output()
    output.add(b"x" * (LIMIT - 6) + SECRET.encode() + b"y" * 3 * LIMIT)
    output.add(SECRET.encode() + b"z" * (LIMIT - 6))

    assert SECRET[:5] not in output.text()
    assert SECRET[-5:] not in output.text()
