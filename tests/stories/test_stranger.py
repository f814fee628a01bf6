"""A stranger with an app of his own, by the lines of the README; and the day his server is lost."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories import own_app, web
from tests.stories.docker import docker, remove_project
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.releases import Releases, machine_images
from tests.unit.workshop.pages import PAGES, README, shell_lines

PROJECT = f"{NAME}-stranger"
PORT = FIRST_PORT + 1960
VERSIONS = ("1.0.0", "1.0.1")
# It reads nothing of fream's: no SERVER_PORT, no database.
RECIPE = """
FROM {base}
RUN mkdir /www && echo well > /www/healthz && echo %s > /www/version
WORKDIR /www
CMD ["python", "-m", "http.server", "8080"]
"""
NEVER_ENDS = "fream logs -f"
IN_MYSQL = (
    'MYSQL_PWD=$(cat /run/secrets/mysql_password) mysql --user="$MYSQL_USER" "$MYSQL_DATABASE"'
)


@pytest.fixture
def image(releases: Releases) -> str:
    """The app's image in the registry, in both versions."""
    name = own_app.push(releases, "team/shop", {each: RECIPE % each for each in VERSIONS})
    docker("image", "rm", *(f"{name}:{version}" for version in VERSIONS))
    return name


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the project goes; nothing of it is left."""
    remove_project(PROJECT)
    try:
        yield tmp_path
    finally:
        remove_project(PROJECT)


def typed(line: str, folder: Path) -> str:
    """What a shell prints of a line, with fream on its PATH, and this project's containers."""
    text = line.replace("shop-mysql", f"{PROJECT}-mysql")
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", text],
        cwd=folder,
        env={**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, line + done.stdout + done.stderr
    return done.stdout


def init_line(image: str) -> str:
    """The README's own, for this image, and with what keeps runs apart."""
    (line,) = (line for line in shell_lines(README.text) if line.startswith("fream init shop"))
    words = [image if word.startswith("registry.example.com/") else word for word in line.split()]
    images = machine_images()
    words += ["--name", PROJECT, "--http-port", f"127.0.0.1:{PORT}", "--mysql"]
    for name in ("NGINX_IMAGE", "MYSQL_IMAGE"):
        words += ["--set", f"{name}={images[name]}"]
    return shlex.join(words)


def ask_mysql(query: str) -> str:
    """What the app's user gets."""
    asks = f"{IN_MYSQL} --skip-column-names --execute '{query}'"
    return docker("exec", f"{PROJECT}-mysql", "sh", "-c", asks)


def served() -> str:
    """The version that users get."""
    return web.get(f"http://127.0.0.1:{PORT}/version").text.strip()


def operators_day() -> list[str]:
    """The lines of the README's section, but those that wait for somebody."""
    shown = shell_lines(README.section("## An operator's day"))
    return [line for line in shown if line != NEVER_ENDS and "--hold" not in line]


def test_a_stranger_releases_by_the_readme_and_comes_back_on_a_new_server(
    image: str, folder: Path
) -> None:
    assert "fream switch VERSION" in typed(init_line(image), folder)
    shop = folder / "shop"
    typed("fream up infra", shop)
    typed("fream switch --version 1.0.0", shop)
    assert served() == "1.0.0"

    for line in operators_day():
        typed(line, shop)
        if line == "fream maintenance on":
            typed("fream maintenance off", shop)
    assert served() == "1.0.0", "the day has a release and a rollback"
    typed("fream switch --version 1.0.1", shop)

    backup = PAGES["docs/operations.md"].section("## Backup")
    dump, restore, *anew = shell_lines(backup)
    assert anew == ["fream up infra", restore, "fream switch --version 1.0.1"]
    ask_mysql("CREATE TABLE orders (id INT); INSERT INTO orders VALUES (7)")
    typed(dump, shop)
    typed("fream down --volumes --yes", shop)
    lost = shop.rename(folder / "lost")
    shutil.copytree(lost, shop, ignore=shutil.ignore_patterns(".fream", "live", ".live"))
    for line in anew:
        typed(line, shop)

    assert served() == "1.0.1"
    assert ask_mysql("SELECT id FROM orders").strip() == "7"
