"""fream init, plugin and completion, each as a process of its own."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fream_compose import __version__
from fream_compose.setup.plugin import script

ROOT = Path(__file__).parents[3]
SCRIPT = Path(sys.executable).with_name("fream")
FREAM = [sys.executable, "-m", "fream_compose"]


def fream(
    *arguments: str, cwd: Path, stdin: int = subprocess.DEVNULL, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command in a folder; nobody is at a terminal unless stdin says so."""
    return subprocess.run(
        [*FREAM, *arguments],
        cwd=cwd,
        env={**os.environ, "COMP_WORDS": "", **environment},
        stdin=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_a_project_is_set_up_without_a_question_and_says_what_comes_next(tmp_path: Path) -> None:
    done = fream("init", "shop", "--image", "127.0.0.1:5000/team/shop", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "fream up infra" in done.stdout
    assert "fream switch VERSION" in done.stdout
    assert (tmp_path / "shop/compose/compose.yaml").is_file()
    assert (tmp_path / "shop/nginx/nginx.conf").is_file()


def test_without_an_image_nothing_is_written_and_the_option_is_named(tmp_path: Path) -> None:
    done = fream("init", "shop", cwd=tmp_path)

    assert done.returncode == 2
    assert "--image" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--image", "Shop:1"),
        ("--image", "shop", "--app-port", "70000"),
        ("--image", "shop", "--http-port", "http"),
        ("--image", "shop", "--set", "TZ"),
        ("--image", "shop", "--set", "NO_SUCH=1"),
    ],
)
def test_a_wrong_value_is_2_and_nothing_is_written(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    done = fream("init", "shop", *arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_named_and_stays_unless_forced(tmp_path: Path) -> None:
    mine = tmp_path / "nginx" / "nginx.conf"
    mine.parent.mkdir()
    mine.write_text("mine")

    done = fream("init", "--image", "shop", cwd=tmp_path)

    assert done.returncode == 2
    assert "nginx would be overwritten" in done.stderr
    assert mine.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["nginx"]

    assert fream("init", "--image", "shop", "--force", cwd=tmp_path).returncode == 0
    assert "upstream" in mine.read_text()


def test_a_file_in_place_of_the_folder_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("mine")

    done = fream("init", "shop", "--image", "shop", "--force", cwd=tmp_path)

    assert done.returncode == 2
    assert (tmp_path / "shop").read_text() == "mine"


def test_json_tells_the_folder_and_the_image(tmp_path: Path) -> None:
    done = fream("init", "--image", "shop", "-o", "json", cwd=tmp_path)

    told = json.loads(done.stdout)
    assert told["ok"]
    assert told["result"]["directory"] == str(tmp_path)
    assert told["result"]["image"] == "shop"


def test_a_person_at_a_terminal_is_asked_for_what_is_missing(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"registry.example.com/acme/shop\n\n9090\n/up\ny\n8080\n")
        done = fream("init", "shop", cwd=tmp_path, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)

    assert done.returncode == 0, done.stderr
    env = (tmp_path / "shop/compose/.env").read_text()
    for line in ("IMAGE_REGISTRY=registry.example.com", "HEALTH_CHECK_POINT=/up", "HTTP_PORT=8080"):
        assert f"\n{line}\n" in env
    assert "\nMYSQL_PASSWORD=" in env
    assert 'SERVER_PORT: "9090"' in (tmp_path / "shop/compose/app.yaml").read_text()
    assert "name: shop\n" in (tmp_path / "shop/compose/compose.yaml").read_text()


def test_the_plugin_tells_docker_what_it_is(tmp_path: Path) -> None:
    assert fream("plugin", "install", cwd=tmp_path, HOME=str(tmp_path)).returncode == 0
    shim = tmp_path / ".docker/cli-plugins/docker-fream"

    said = subprocess.run([shim, "docker-cli-plugin-metadata"], capture_output=True, check=True)

    assert json.loads(said.stdout)["SchemaVersion"] == "0.1.0"
    assert json.loads(said.stdout)["Version"] == __version__
    assert stat.S_IMODE(shim.stat().st_mode) == 0o755


@pytest.mark.e2e
def test_docker_runs_fream_as_its_own_command(tmp_path: Path) -> None:
    fream("plugin", "install", cwd=tmp_path, HOME=str(tmp_path))
    environment = {**os.environ, "HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path / ".docker")}

    def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["docker", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    assert docker("fream", "--version").stdout == f"fream {__version__}\n"
    assert docker("fream", "status").returncode == 3
    assert "DOCKER_HOST" in docker("--debug", "fream", "--version").stderr


def test_the_plugin_is_removed_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    shim = tmp_path / ".docker/cli-plugins/docker-fream"
    fream("plugin", "install", cwd=tmp_path, HOME=str(tmp_path))
    assert fream("plugin", "uninstall", cwd=tmp_path, HOME=str(tmp_path)).returncode == 0
    assert not shim.exists()
    assert fream("plugin", "uninstall", cwd=tmp_path, HOME=str(tmp_path)).returncode == 0

    shim.write_text("another's")
    for command in ("install", "uninstall"):
        assert fream("plugin", command, cwd=tmp_path, HOME=str(tmp_path)).returncode == 2
    assert shim.read_text() == "another's"


def test_the_plugin_is_a_script_that_the_shell_accepts() -> None:
    subprocess.run(["sh", "-n"], input=script(), text=True, check=True)


def completed(words: str, cwd: Path) -> list[str]:
    """What bash is offered at the end of a command line."""
    lines = [
        fream("completion", "bash", cwd=cwd).stdout,
        f"COMP_LINE='{words}'; COMP_POINT=${{#COMP_LINE}}",
        '_fream fream "${COMP_LINE##* }"; printf "%s\\n" "${COMPREPLY[@]}"',
    ]
    asked = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=cwd,
        env={**os.environ, "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stderr == ""
    return asked.stdout.split()


def test_commands_and_options_complete(tmp_path: Path) -> None:
    assert completed("fream swi", tmp_path) == ["switch"]
    assert "--version" in completed("fream switch --", tmp_path)


def test_versions_complete_silently_where_there_is_no_project(tmp_path: Path) -> None:
    assert completed("fream switch --version 1", tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(shell: str, tmp_path: Path) -> None:
    assert "_FREAM_COMPLETE" in fream("completion", shell, cwd=tmp_path).stdout


def test_freams_own_folder_is_no_place_for_a_project(tmp_path: Path) -> None:
    before = (ROOT / "compose" / "compose.yaml").read_bytes()

    done = fream("init", str(ROOT), "--name", "shop", "--image", "r/shop", "--force", cwd=tmp_path)

    assert done.returncode == 2
    assert "is fream's own folder" in done.stderr
    assert (ROOT / "compose" / "compose.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("Tr0ub$adour #1", "MYSQL_PASSWORD='Tr0ub$adour #1'"),
        ("plain-1", "MYSQL_PASSWORD=plain-1"),
        ("'as it is'", "MYSQL_PASSWORD='as it is'"),
        ("it's", "MYSQL_PASSWORD=it's"),
    ],
)
def test_a_given_value_is_what_compose_reads(tmp_path: Path, given: str, line: str) -> None:
    options = ("--mysql", "--set", f"MYSQL_PASSWORD={given}")

    done = fream("init", "shop", "--image", "r/shop", *options, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert line in (tmp_path / "shop/compose/.env").read_text().splitlines()


def test_what_no_quotes_can_hold_is_refused(tmp_path: Path) -> None:
    done = fream("init", "s", "--image", "r/s", "--set", "TZ=it's $1", cwd=tmp_path)

    assert done.returncode == 2
    assert "--set TZ is not valid" in done.stderr


def test_a_database_is_not_named_like_mysqls_own(tmp_path: Path) -> None:
    assert fream("init", "root", "--image", "r/s", "--mysql", cwd=tmp_path).returncode == 0

    assert "MYSQL_USER=root_app" in (tmp_path / "root/compose/.env.example").read_text()


def test_a_name_that_dns_cannot_carry_is_refused(tmp_path: Path) -> None:
    for length, code in ((54, 0), (55, 2)):
        done = fream("init", "x" * length, "--image", "r/s", cwd=tmp_path)
        assert done.returncode == code, done.stderr
