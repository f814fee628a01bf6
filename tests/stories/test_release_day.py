"""Going back, deciding before the cut-over, and the owner's own commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from load import Load
from tests.stories.docker import docker
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases
from tests.stories.waiting import eventually


@contextmanager
def setting(project: Project, old: str, new: str) -> Iterator[None]:
    """Another x-fream setting for the length of the block."""
    path = project.folder / "compose" / "compose.yaml"
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def until_held(project: Project) -> None:
    """Wait until a switch waits for its verdict."""
    eventually(lambda: "is held since" in project.fream("status").out)


def test_a_rollback_brings_the_release_before_back(released: Project, releases: Releases) -> None:
    released.switch(releases.push("1.1.0"))
    released.switch(releases.push("1.1.1"))

    released.succeed("rollback")

    assert released.version() == "1.1.0"
    assert set(released.running()) == {"mysql", "nginx", released.live_set}


def test_a_rollback_to_a_version_takes_the_content_that_was_live(
    released: Project, releases: Releases
) -> None:
    released.switch(releases.push("1.1.2"))
    digest = releases.digest("1.1.2")
    released.switch(GOOD)
    releases.push("1.1.2", LATENCY_MS="1")

    released.succeed("rollback", "--to", "1.1.2")

    found = released.live()
    assert found
    assert digest in found["version"]


def test_a_rollback_to_what_never_was_live_is_exit_10(released: Project) -> None:
    before = released.picture()

    result = released.fream("rollback", "--to", "9.9.9")

    assert result.code == 10, result
    assert "9.9.9 was never live" in result.err
    assert released.picture() == before


def test_a_set_that_was_kept_warm_serves_again_at_once(
    released: Project, releases: Releases, visitors: Load
) -> None:
    old = released.live_set
    container = released.containers()[released.container(old)]
    version = released.version()

    released.succeed("switch", "--version", releases.push("1.1.3"), "--keep-warm", "10m")
    assert set(released.running()) == {"mysql", "nginx", "set1", "set2"}
    released.succeed("rollback")

    assert released.version() == version
    assert released.containers()[released.container(old)][0] == container[0]
    assert set(released.running()) == {"mysql", "nginx", old}
    visitors.wait_for(10)


def test_a_held_release_is_promoted_from_another_terminal(
    released: Project, releases: Releases, visitors: Load
) -> None:
    before = released.version()
    process = released.start("switch", "--version", releases.push("1.1.4"), "--hold")
    until_held(released)

    promoted = released.succeed("promote", "--output", "json")

    assert process.poll() == 0 or process.wait(timeout=60) == 0
    told = json.loads(promoted.out)["result"]
    assert (told["verdict"], told["exit_code"]) == ("promote", 0)
    assert "1.1.4" in told["told"]
    result = released.finish(process)
    assert result.code == 0, result
    assert before != released.version() == "1.1.4"
    visitors.wait_for(10)


def test_a_held_release_that_is_aborted_is_undone(
    released: Project, releases: Releases, visitors: Load
) -> None:
    before = released.version()
    process = released.start("switch", "--version", releases.push("1.1.5"), "--hold")
    until_held(released)

    aborted = released.succeed("abort")

    assert "was aborted: it is gone again, and no user had got it" in aborted.out
    assert set(released.running()) == {"mysql", "nginx", released.live_set}
    result = released.finish(process)

    assert result.code == 8, result
    assert released.version() == before
    assert set(released.running()) == {"mysql", "nginx", released.live_set}
    visitors.wait_for(10)


def test_before_the_hold_a_promote_says_at_which_step_the_switch_is(
    released: Project, releases: Releases
) -> None:
    version = releases.push("1.1.10")
    with setting(released, "before_start: []", "before_start:\n      - {run: sleep 600}"):
        process = released.start("switch", "--version", version, "--hold")
        eventually(lambda: "Run the hooks before start" in released.fream("status").out)

    result = released.fream("promote")

    assert result.code == 2, result
    assert "is at 'Run the hooks before start'" in result.err
    process.terminate()
    assert released.finish(process).code == 143


def test_a_promote_ends_with_an_error_when_the_switch_is_killed(
    released: Project, releases: Releases
) -> None:
    with setting(released, "after_cut_over: []", "after_cut_over:\n      - {run: sleep 600}"):
        process = released.start("switch", "--version", releases.push("1.1.11"), "--hold")
        until_held(released)
    promote = released.start("promote")
    eventually(lambda: "hooks after cut over" in released.fream("status").out)

    process.kill()

    result = released.finish(promote)
    assert result.code == 9, result
    assert "killed" in result.err
    assert "fream recover" in result.err
    released.finish(process)
    released.succeed("recover")
    assert released.version() == "1.1.11"


def test_while_a_release_is_held_nothing_is_out_of_order(
    released: Project, releases: Releases
) -> None:
    process = released.start("switch", "--version", releases.push("1.1.12"), "--hold")
    until_held(released)

    planned = released.fream("switch", "--version", GOOD, "--dry-run")
    recovered = released.fream("recover")
    examined = released.fream("doctor", "--output", "json")

    assert "Repair" not in planned.out
    assert recovered.code == 4, recovered
    assert "is held since" in recovered.err
    assert "fream promote, or fream abort" in recovered.err
    found = {f["check"]: f for f in json.loads(examined.out)["result"]["findings"]}
    assert found["drift"]["verdict"] == "ok"
    released.succeed("abort")
    released.finish(process)


def test_each_rollback_goes_further_back(released: Project, releases: Releases) -> None:
    for version in ("1.1.13", "1.1.14", "1.1.15"):
        released.switch(releases.push(version))

    released.succeed("rollback")
    assert released.version() == "1.1.14"
    released.succeed("rollback")
    assert released.version() == "1.1.13"


def test_a_verdict_without_a_held_release_is_exit_2(released: Project) -> None:
    result = released.fream("promote")

    assert result.code == 2, result
    assert "no release is held" in result.err


def test_hooks_run_on_the_server_in_a_new_container_and_in_the_set(
    released: Project, releases: Releases
) -> None:
    mark = released.folder / "mark"
    command = f"sh -c 'echo $$FREAM_VERSION $$FREAM_SET > {mark}'"
    hooks = (
        'before_start:\n      - {run: [python, -c, "print(1)"], in: release}\n'
        f'    before_cut_over:\n      - {{run: "{command}"}}\n'
        '      - {run: [python, -c, "import shop"], in: set}'
    )
    with setting(released, "before_start: []\n    before_cut_over: []", hooks):
        released.switch(releases.push("1.1.6"))

    assert mark.read_text(encoding="utf-8") == f"1.1.6 {released.live_set}\n"
    names = docker("container", "ls", "--all", "--format", "{{.Names}}").split()
    assert [name for name in names if f"{released.name}-set" in name] == []


def test_a_hook_in_a_new_container_that_fails_undoes(released: Project, releases: Releases) -> None:
    version = released.version()
    command = "[python, -c, \"raise SystemExit('no migration')\"]"
    hook = f"before_start:\n      - {{run: {command}, in: release}}"
    with setting(released, "before_start: []", hook):
        result = released.fream("switch", "--version", releases.push("1.1.7"))

    assert result.code == 6, result
    assert "no migration" in result.err
    assert released.version() == version
    assert set(released.running()) == {"mysql", "nginx", released.live_set}


def test_a_dry_run_changes_nothing(released: Project, releases: Releases) -> None:
    before = released.picture()

    result = released.succeed("switch", "--version", releases.push("1.1.8"), "--dry-run")

    assert f"Start {released.idle_set}" in result.out
    assert released.picture() == before


def test_a_program_can_follow_a_switch_line_by_line(released: Project) -> None:
    result = released.succeed("switch", "--version", GOOD, "--output", "jsonl")

    events = [json.loads(line) for line in result.out.splitlines()]
    done = [event["step"] for event in events if event.get("event") == "done"]
    assert "cut-over" in done
    assert events[-1]["ok"] is True
    assert events[-1]["result"]["live"]["set"] == released.live_set


def test_a_cold_release_is_warmed_up_before_its_first_user(
    released: Project, releases: Releases
) -> None:
    paths = "paths: [/products, /version]\n    requests: 60"
    with setting(released, "paths: []\n    requests: 100", paths):
        result = released.succeed(
            "switch", "--version", releases.push("1.1.9", SLOW_FIRST="30"), "--output", "jsonl"
        )

    told = [json.loads(line) for line in result.out.splitlines()]
    warmed = next(event for event in told if event.get("step") == "warm-up")
    assert warmed
    assert any(event.get("detail") == "60 requests" for event in told)
    assert min(released.get("/products").elapsed.total_seconds() for _ in range(5)) < 0.3
