"""The morning after: what was done, by whom and how it ended, whatever became of the run."""

from __future__ import annotations

import json
import re
import time
import tracemalloc
from typing import Any

from fream_compose.docker.farewell import end_of_log
from fream_compose.project.kept_logs import LONGEST
from tests.stories.docker import docker, logs
from tests.stories.place import NAME
from tests.stories.project import Project
from tests.stories.releases import GOOD, LABEL, SHOP, Releases
from tests.stories.test_interruption import booting, draining
from tests.stories.waiting import eventually

LINES = 300_000  # of 100 bytes, three times what is kept of a log


def rows(project: Project) -> list[dict[str, Any]]:
    """What `fream history` tells programs, the newest last."""
    told = json.loads(project.succeed("history", "--limit", "200", "-o", "json").out)
    assert told["result"]["passed_over"] == 0
    found: list[dict[str, Any]] = told["result"]["entries"]
    assert len({row["id"] for row in found}) == len(found), "one row by one id"
    return found


def test_a_release_is_on_record_from_its_begin_to_its_end(
    released: Project, releases: Releases
) -> None:
    version = releases.push("slow", BOOT_SECONDS="2")
    process = released.start("switch", version, "--note", "hotfix for #12", FREAM_BY="anna")
    running = eventually(lambda: next((r for r in rows(released) if r["result"] == "running"), {}))
    assert released.finish(process).code == 0

    row = rows(released)[-1]
    assert row["id"] == running["id"]
    assert (row["result"], row["exit_code"], row["kind"]) == ("done", 0, "switch")
    assert row["note"] == "hotfix for #12"
    assert re.fullmatch(r"anna \(.+@.+\)", row["by"])
    assert "switch slow --note 'hotfix for #12'" in row["command"]
    shown = released.succeed("history").out.splitlines()[-1]
    assert "slow" in shown
    assert "anna (" in shown
    assert "note: hotfix for #12" in shown


def test_of_a_release_that_failed_the_whole_log_is_kept(
    released: Project, releases: Releases
) -> None:
    version = releases.push("unhealthy", UNHEALTHY="503")
    with released.changed_env(HEALTH_CHECK_TIMEOUT="5s"):
        result = released.fream("switch", version)
    assert result.code == 6, result

    row = rows(released)[-1]
    assert (row["result"], row["failed_step"], row["exit_code"]) == ("failed", "health", 6)
    named = re.search(r"next +fream logs --of (\w+)", result.err)
    assert named
    whole = released.succeed("logs", "--of", named[1]).out.splitlines()
    assert whole[0].endswith("starting, profile prod")
    assert whole[-1].endswith("INFO shop: stopped"), "to its last word"
    assert all(re.match(r"\d{4}-\d\d-\d\dT", line) for line in whole)
    kept = released.folder / "compose" / ".fream" / "logs" / row["log"]
    assert kept.stat().st_mode & 0o777 == 0o600
    shown = released.succeed("history", "show", named[1]).out
    assert "failed at health" in shown
    assert str(kept) in shown


def test_a_run_that_was_killed_before_its_cut_over_is_interrupted(
    released: Project, releases: Releases
) -> None:
    live = rows(released)[-1]
    with booting(released, releases) as process:
        process.kill()
        process.wait()
    assert rows(released)[-1]["result"] == "interrupted", "its process is gone"

    released.succeed("recover", "--by", "bert")

    killed, repair = rows(released)[-2:]
    assert (killed["result"], killed["released"]) == ("interrupted", False)
    assert "at 'Check the health of" in killed["why"]
    assert (repair["kind"], repair["result"]) == ("recover", "done")
    assert repair["by"].startswith("bert (")
    kept = released.succeed("logs", "--of", killed["id"]).out
    assert "booting for" in kept
    # What never served is nothing to go back to.
    assert json.loads(released.fream("rollback", "-o", "json").out)["ok"] is (
        live["replaced"] not in ("", live["version"])
    )


def test_a_run_that_was_killed_after_its_cut_over_counts_as_a_release(
    released: Project, releases: Releases
) -> None:
    released.switch(GOOD)
    with draining(released, releases) as process:
        process.kill()
        process.communicate()
        released.succeed("recover")

    killed = next(r for r in reversed(rows(released)) if r["kind"] == "switch")
    assert (killed["result"], killed["released"]) == ("interrupted", True)
    assert killed["why"].endswith("; 1.0.1 serves")
    assert killed["images"]
    assert released.version() == "1.0.1"
    released.switch(releases.push("1.0.2"))
    released.succeed("rollback")
    assert released.version() == "1.0.1", "it is what was there before"


def test_down_up_and_maintenance_are_on_record_and_no_releases(released: Project) -> None:
    before = len(rows(released))
    released.succeed("maintenance", "on", "--note", "the disk is changed")
    released.succeed("down", "--yes")
    released.succeed("up")
    released.succeed("maintenance", "off")
    released.succeed("recover")

    new = rows(released)[before:]
    assert [(row["kind"], row["result"]) for row in new] == [
        ("maintenance", "done"),
        ("down", "done"),
        ("up", "done"),
        ("maintenance", "done"),
    ], "a repair that found nothing to do is no news"
    assert new[0]["note"] == "the disk is changed"
    assert released.get("/products").status_code == 200


def test_of_a_log_of_any_size_the_end_is_kept_in_little_memory_and_time() -> None:
    name = f"{NAME}-talker"
    print_all = f"for n in range({LINES}): print(f'{{n:099}}')"
    options = ["--name", name, "--label", LABEL, "--entrypoint", "python3"]
    docker("run", *options, "--detach", SHOP, "-c", print_all)
    try:
        docker("wait", name)
        assert logs(name).count("\n") == LINES
        began = time.monotonic()
        tracemalloc.start()
        try:
            kept = end_of_log(name, LONGEST, 60.0)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        seconds = time.monotonic() - began
    finally:
        docker("rm", "--force", name)
    print(f"{len(kept):,} bytes of {LINES * 100:,} in {seconds:.1f} s, {peak:,} bytes of memory")
    assert 0.99 * LONGEST < len(kept) <= LONGEST
    assert kept.endswith(b" " + str(LINES - 1).zfill(99).encode() + b"\n")
    assert re.match(rb"\d{4}-\d\d-\d\dT", kept)
    assert peak < 4 * LONGEST
