"""The owner's own commands, when something goes wrong around them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.stories.docker import docker
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases
from tests.stories.test_release_day import setting
from tests.stories.waiting import eventually

LEFT = "End the hook that a killed run left"


def runs(pid: int) -> bool:
    """Whether a process of this server runs."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] not in "ZX"


def hook_containers(project: Project) -> list[str]:
    """The containers that hooks run in."""
    names = docker("container", "ls", "--all", "--format", "{{.Names}}").split()
    return [name for name in names if name.startswith(f"{project.name}-hook-")]


def kill_at(project: Project, version: str, step: str) -> None:
    """End a switch at a step, as `kill -9` does."""
    process = project.start("switch", "--version", version)
    eventually(lambda: step in project.fream("status").out)
    process.kill()
    project.finish(process)


def test_a_hook_on_the_server_that_a_killed_run_left_is_ended(
    released: Project, releases: Releases
) -> None:
    mark = released.folder / "pid"
    run = f"sh -c 'sleep 600 & echo $$! > {mark}; sleep 600'"
    with setting(released, "before_start: []", f'before_start:\n      - {{run: "{run}"}}'):
        kill_at(released, releases.push("1.4.0"), "Run the hooks before start")
    eventually(lambda: mark.exists() and mark.read_text(encoding="utf-8").strip() != "")
    child = int(mark.read_text(encoding="utf-8"))
    assert runs(child)

    result = released.succeed("switch", "--version", GOOD)

    assert LEFT in result.out
    assert not runs(child)


def test_a_hook_in_a_container_of_its_own_that_a_killed_run_left_is_ended(
    released: Project, releases: Releases
) -> None:
    hook = "before_start:\n      - {run: [sleep, '600'], in: release}"
    with setting(released, "before_start: []", hook):
        process = released.start("switch", "--version", releases.push("1.4.1"))
        eventually(lambda: bool(hook_containers(released)))
        process.kill()
        released.finish(process)
    assert hook_containers(released)

    released.succeed("recover")

    assert hook_containers(released) == []


def test_a_hook_in_the_live_set_that_a_killed_run_left_is_ended(
    released: Project, releases: Releases
) -> None:
    hook = "after_cut_over:\n      - {run: [sleep, '4321'], in: set}"

    def inside() -> str:
        return docker("container", "top", released.container(released.live_set), "-eo", "pid,args")

    with setting(released, "after_cut_over: []", hook):
        kill_at(released, releases.push("1.4.2"), "Run the hooks after cut over")
    eventually(lambda: "sleep 4321" in inside())

    result = released.succeed("recover")

    assert LEFT in result.out
    assert "sleep 4321" not in inside()
    assert released.version() == "1.4.2"


def test_a_hook_in_the_set_that_takes_too_long_does_not_go_on_in_there(
    released: Project, releases: Releases
) -> None:
    hook = "after_cut_over:\n      - {run: [sleep, '4322'], in: set, timeout: 1s}"
    with setting(released, "after_cut_over: []", hook):
        result = released.switch(releases.push("1.4.3"))

    assert "took longer than 1 s" in result.out
    shown = docker("container", "top", released.container(released.live_set), "-eo", "pid,args")
    assert "sleep 4322" not in shown
    kept = released.succeed("history", "--limit", "1", "--output", "json").out
    assert "took longer than 1 s" in kept


def test_what_a_hook_leaves_in_the_background_neither_holds_nor_fails_it(
    released: Project, releases: Releases
) -> None:
    mark = released.folder / "daemon"
    run = f"sh -c 'sleep 600 & echo $$! > {mark}; echo started'"
    with setting(released, "before_start: []", f'before_start:\n      - {{run: "{run}"}}'):
        result = released.switch(releases.push("1.4.4"))

    daemon = int(mark.read_text(encoding="utf-8"))
    assert result.seconds < 300
    assert runs(daemon)
    os.kill(daemon, signal.SIGKILL)


def test_a_migration_of_the_old_image_does_not_stand_in_the_way_back(
    released: Project, releases: Releases
) -> None:
    """The old image's migrate command does not know the revision of the new one."""
    released.switch(releases.push("1.4.5"))
    released.switch(releases.push("1.4.6"))
    refuses = "[python, -c, \"raise SystemExit('unknown revision')\"]"
    with setting(
        released, "before_start: []", f"before_start:\n      - {{run: {refuses}, in: release}}"
    ):
        released.succeed("rollback")
        assert released.version() == "1.4.5"

        refused = released.fream("switch", "--version", "1.4.6")
        assert refused.code == 6, refused
        assert "unknown revision" in refused.err

        skipped = released.succeed("switch", "--version", "1.4.6", "--skip-hooks")
        assert "skipped" in skipped.out
        assert released.version() == "1.4.6"
    kept = released.succeed("history", "--limit", "1", "--output", "json").out
    assert "skipped" in kept


def test_the_status_of_a_project_with_an_unset_password_says_what_serves(released: Project) -> None:
    serves = released.version()
    with released.changed_env(MYSQL_PASSWORD=""):
        result = released.fream("status")

    assert result.code == 3, result
    assert f"live     {released.live_set}  {serves}" in result.out
    assert "MYSQL_PASSWORD" in result.err
