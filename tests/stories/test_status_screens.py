"""What an operator sees who looks: the verdict, the watch at a terminal, the metrics."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from load import Load, Mix
from tests.ports import free_port
from tests.stories import web
from tests.stories.docker import docker
from tests.stories.project import Project
from tests.stories.releases import ROOT, Releases
from tests.stories.terminal import Terminal, terminal
from tests.stories.waiting import eventually

FRAMES = 60  # a minute of looks at the usual interval
HEADING = "set         version"
RECIPE = ROOT / "script/recipes/fream-metrics.service"


def verdict(project: Project) -> tuple[str, str, str]:
    """The level, what users get and the fix, as JSON has them; the text says the same."""

    def both() -> tuple[dict[str, str], str] | None:
        told = json.loads(project.fream("status", "-o", "json").out)["result"]["verdict"]
        first = project.fream("status").out.splitlines()[0]
        # What users get changes while a container goes, so between the two answers, too.
        return (told, first) if told["users_get"] in first else None

    told, first = eventually(both)
    assert first.startswith(f"{told['level'].upper()}  {project.name}: {told['what']}")
    assert told["fix"] in first
    return told["level"], told["users_get"], told["fix"]


def level(project: Project) -> int:
    return project.fream("status", "--exit-code").code


def test_an_nginx_that_stops_is_an_outage_in_the_first_line_until_it_is_up_again(
    released: Project,
) -> None:
    assert verdict(released) == ("well", "HTTP 200", "")
    assert level(released) == 0

    docker("stop", released.container("nginx"))
    try:
        assert verdict(released) == ("down", "connection refused", "fream up")
        first = released.fream("status").out.splitlines()[0]
        assert first == (
            f"DOWN  {released.name}: nginx is stopped, users get connection refused   fix: fream up"
        )
        assert level(released) == 2
        assert released.fream("status", "--quiet").out == f"{first}\n"
    finally:
        released.succeed("up")

    assert verdict(released) == ("well", "HTTP 200", "")


def test_an_app_that_is_killed_is_an_outage_with_what_users_get(released: Project) -> None:
    docker("update", "--restart=no", released.container(released.live_set))
    docker("kill", released.container(released.live_set))

    # At first nginx waits for an address that is gone.
    expected = ("down", "HTTP 502", "fream recover")
    eventually(lambda: verdict(released) == expected)
    released.succeed("recover")
    docker("update", "--restart=unless-stopped", released.container(released.live_set))
    assert verdict(released)[0] == "well"


def test_mysql_that_is_stopped_degrades_the_app(released: Project) -> None:
    docker("stop", released.container("mysql"))
    try:
        found, _, fix = verdict(released)
        assert found in ("degraded", "down")
        assert level(released) == ["well", "degraded", "down"].index(found)
        assert fix
    finally:
        released.succeed("up", "infra")
    eventually(lambda: verdict(released)[0] == "well")


def test_an_app_that_is_closed_is_down_on_purpose(released: Project) -> None:
    released.succeed("maintenance", "on")
    try:
        found = verdict(released)
        told = released.fream("status")
        assert level(released) == 2
    finally:
        released.succeed("maintenance", "off")

    assert found == ("down", "HTTP 503 (maintenance)", "fream maintenance off")
    assert told.code == 0
    assert "closed on purpose since" in told.out


def test_its_own_looks_are_no_traffic(released: Project) -> None:
    eventually(lambda: " 0/s" not in released.fream("status").out)
    command = ("status", "--watch", "--interval", "200ms", "--count", "15", "-o", "json")
    frames = [json.loads(line)["result"] for line in released.succeed(*command).out.splitlines()]

    assert all(frame["status"]["verdict"]["users_get"] == "HTTP 200" for frame in frames)
    assert {frame["traffic"][released.live_set]["per_second"] for frame in frames} == {0.0}


# --- the watch ---


@contextmanager
def watching(
    project: Project, columns: int = 80, lines: int = 30, interval: str = "1s", **environment: str
) -> Iterator[Terminal]:
    """A terminal at which somebody watches."""
    watch = ["status", "--watch", "--interval", interval]
    command = [sys.executable, "-m", "fream_compose", "-C", str(project.folder), *watch]
    with terminal(command, columns, lines, ROOT, **environment) as screen:
        screen.shows("every")
        yield screen


def places(shown: str) -> tuple[int, tuple[int, ...]]:
    """In which line the table is, and where its columns end."""
    lines = shown.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("set "))
    ends = tuple(found.end() for found in re.finditer(r"(?:p\d\d )?\S+", lines[at]))
    return at, ends


def test_a_watch_stays_where_it_is_for_a_minute_of_real_traffic(released: Project) -> None:
    seen: set[tuple[int, tuple[int, ...]]] = set()
    shown: set[str] = set()
    with (
        watching(released, interval="200ms") as screen,
        Load(released.http_port, Mix.only(new=2, keepalive=4, post=1, slow=1)) as load,
    ):
        until = time.monotonic() + 180
        while len(shown) < FRAMES and time.monotonic() < until:
            look = screen.look()
            if HEADING in look:
                seen.add(places(look))
                shown.add(look)
            time.sleep(0.1)
        load.wait_for(10)

    assert len(shown) >= FRAMES
    assert len(seen) == 1, seen
    live = next(line for line in max(shown).splitlines() if line.startswith(released.live_set))
    assert re.search(r" [1-9][0-9,]*\.\d +0 +\d+\.\d +[\d,.]+ +\d+ ", live), live
    assert re.search("[▁▂▃▄▅▆▇█]{8}", live), live
    assert load.report.ok, "\n".join(load.report.lines())


def test_a_watch_follows_its_window_and_leaves_the_terminal_as_it_was(released: Project) -> None:
    with watching(released) as screen:
        screen.resize(60, 30)
        eventually(lambda: "open" in screen.look() and "▁" not in screen.look())
        narrow = screen.look()
        screen.resize(120, 30)
        eventually(lambda: re.search("open +req/s +p99", screen.look()) is not None)
        screen.resize(30, 8)
        eventually(lambda: "WELL" in screen.look() and "req/s" not in screen.look())
        screen.resize(80, 24)
        screen.shows("q leaves")
        screen.type("C-c")
        left = screen.shows("$ ")
        assert HEADING not in left
        screen.type("echo code $?", "Enter")
        screen.shows("code 0")
        assert flags(screen) == "0 1"
        assert "-icanon" not in settings(screen)

    assert all(len(line) <= 60 for line in narrow.splitlines())
    for part in (f"{released.name}: ", "users get HTTP 200", "errors", "p99 ms", "open"):
        assert part in narrow


def flags(screen: Terminal) -> str:
    """Whether the alternate screen is shown, and a cursor."""
    return screen.asks("#{alternate_on} #{cursor_flag}")


def settings(screen: Terminal) -> str:
    screen.type("clear; stty -a", "Enter")
    return screen.shows("icanon")


@pytest.mark.parametrize(("end", "code"), [("q", "0"), ("TERM", "143"), ("HUP", "129")])
def test_a_watch_that_ends_otherwise_leaves_the_terminal_as_it_was(
    released: Project, end: str, code: str
) -> None:
    with watching(released) as screen:
        assert flags(screen) == "1 0"
        if end == "q":
            screen.type("q")
        else:
            command = ["pgrep", "-f", "--", f"-C {released.folder} status --watch"]
            found = subprocess.run(command, check=True, capture_output=True, text=True)
            subprocess.run(["kill", f"-{end}", *found.stdout.split()], check=True)
        eventually(lambda: flags(screen) == "0 1")
        screen.type("echo code $?", "Enter")
        screen.shows(f"code {code}")
        assert "-icanon" not in settings(screen)


def test_a_watch_that_is_put_aside_gives_the_terminal_back_and_comes_again(
    released: Project,
) -> None:
    with watching(released) as screen:
        screen.type("C-z")
        eventually(lambda: flags(screen) == "0 1")
        screen.type("fg", "Enter")
        eventually(lambda: flags(screen) == "1 0")
        screen.shows("q leaves")
        screen.type("q")
        eventually(lambda: flags(screen) == "0 1")


def test_a_terminal_of_locale_c_gets_ascii_and_no_colour_is_heeded(released: Project) -> None:
    with watching(released, 120, LC_ALL="C", NO_COLOR="1") as screen:
        assert screen.look().isascii()
        assert "\x1b[3" not in screen.look(colours=True)


def test_a_watch_shows_a_release_while_it_is_made(released: Project, releases: Releases) -> None:
    version = releases.push("slow-to-come", BOOT_SECONDS="3")
    with watching(released, 100, 40) as screen:
        process = released.start("switch", "--version", version)
        shown = screen.shows("run      ")
        assert "fream" in shown
        assert released.finish(process).code == 0
        screen.shows(version)


# --- metrics ---


@contextmanager
def node_exporter(folder: Path) -> Iterator[str]:
    """A node exporter that reads a folder of metrics, and nothing else: its address."""
    port = free_port()
    options = ["--collector.disable-defaults", "--collector.textfile"]
    options += [f"--collector.textfile.directory={folder}"]
    options += [f"--web.listen-address=127.0.0.1:{port}", "--web.disable-exporter-metrics"]
    command = ["prometheus-node-exporter", *options]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: listens(port))
            yield f"http://127.0.0.1:{port}/metrics"
        finally:
            process.send_signal(signal.SIGTERM)


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def by_recipe(project: Project, folder: Path) -> int:
    """Do as the recipe's unit does; its exit code."""
    (line,) = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", RECIPE.read_text("utf-8"), re.M)
    fream = f"{sys.executable} -m fream_compose"
    line = line.replace("/usr/local/bin/fream", fream).replace("/srv/shop", str(project.folder))
    # As systemd does: two of these signs are one.
    done = subprocess.run(
        ["/bin/sh", "-c", line.replace("$$", "$")],
        check=False,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin:/usr/sbin", "FOLDER": str(folder)},
        timeout=60,
    )
    return done.returncode


def test_a_real_node_exporter_reads_what_the_recipe_writes(
    released: Project, tmp_path: Path
) -> None:
    with node_exporter(tmp_path) as url:
        assert by_recipe(released, tmp_path) == 0
        up = web.get(url).text
        docker("stop", released.container("nginx"))
        try:
            assert by_recipe(released, tmp_path) == 0
            down = web.get(url).text
        finally:
            released.succeed("up")
        before = (tmp_path / "fream.prom").read_text()
        broken = released.at(tmp_path / "nowhere")
        assert by_recipe(broken, tmp_path) == 1

    for told in (up, down):
        assert "node_textfile_scrape_error 0" in told
    assert f'fream_up{{project="{released.name}"}} 1' in up
    assert f'fream_up{{project="{released.name}"}} 0' in down
    assert f'fream_status{{level="well",project="{released.name}"}} 1' in up
    assert f'set="{released.live_set}"' in up
    assert f'fream_last_release_result{{project="{released.name}",result="done"}}' in up
    assert [path.name for path in tmp_path.iterdir()] == ["fream.prom"]
    assert (tmp_path / "fream.prom").read_text() == before
