"""Looking at a project that runs: its history, logs, settings, and the watch."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
import yaml

from tests.stories.project import Project
from tests.stories.releases import Releases
from tests.stories.waiting import eventually


def at_a_terminal(project: Project, *arguments: str) -> tuple[int, str]:
    """Run fream at a terminal: its exit code, and what is seen there."""
    command = [sys.executable, "-m", "fream_compose", "-C", str(project.folder), *arguments]
    master, slave = pty.openpty()
    seen = b""
    known = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=known) as process:
        os.close(slave)
        with suppress(OSError):  # what a terminal tells when nobody is left at the other end
            while part := os.read(master, 4096):
                seen += part
    os.close(master)
    return process.returncode, seen.decode()


def test_the_live_release_is_in_the_history_with_its_steps(released: Project) -> None:
    entries = json.loads(released.succeed("history", "-o", "json").out)["result"]["entries"]
    last = [entry for entry in entries if entry["result"] == "done" and entry["set"]][-1]
    shown = released.succeed("history", "show", last["id"]).out

    assert last["id"] == (released.live() or {})["switch"]
    assert last["version"].startswith(f"{released.version()}@sha256:")
    assert last["id"][-6:] in released.succeed("history").out
    assert re.search(rf"Cut over to {released.live_set} +\d+\.\d s", shown)


def test_a_release_that_failed_is_in_the_history_with_its_reason(
    released: Project, releases: Releases
) -> None:
    with released.changed_env(HEALTH_CHECK_TIMEOUT="1s"):
        released.fream("switch", "--version", releases.push("broken", UNHEALTHY="500"))

    last = released.succeed("history", "--limit", "1").out
    assert "broken" in last
    assert " failed " in last


def test_the_logs_of_the_live_set_and_of_nginx_are_printed(released: Project) -> None:
    released.get("/products", mark="found-in-the-log")

    assert "listening" in released.succeed("logs").text
    eventually(lambda: "found-in-the-log" in released.succeed("logs", "nginx", "--since", "1m").out)
    assert len(released.succeed("logs", "nginx", "--tail", "1").text.splitlines()) == 1


def test_following_a_log_ends_quietly_with_ctrl_c(released: Project) -> None:
    process = released.start("logs", "nginx", "--follow", "--tail", "1")
    assert process.stdout
    assert process.stdout.readline()

    process.send_signal(signal.SIGINT)
    result = released.finish(process)

    assert result.code in (0, 130)
    assert result.err == ""


def test_a_command_in_the_live_set_passes_its_output_and_its_exit_code(released: Project) -> None:
    result = released.fream("exec", "live", "--", "sh", "-c", "echo out; echo err >&2; exit 42")

    assert (result.code, result.out, result.err) == (42, "out\n", "err\n")
    assert released.fream("exec", "idle", "--", "true").code == 2


def test_a_command_at_a_terminal_has_a_terminal(released: Project) -> None:
    code, seen = at_a_terminal(released, "exec", "live", "--", "tty")

    assert code == 0
    assert seen.startswith("/dev/")


def test_the_settings_in_force_hold_no_password(released: Project) -> None:
    with released.changed_env(DRAIN_TIMEOUT="45s"):
        text = released.succeed("config").out  # succeed() also looks for passwords

    told = yaml.safe_load(text)
    assert told["project"] == released.name
    assert told["sets"]["set1"]["port"] == released.set_ports["set1"]
    assert told["x-fream"]["required"]["MYSQL_PASSWORD"] == "set"
    assert re.search(r"timeout: 45s +# \.env: DRAIN_TIMEOUT", text)
    assert re.search(r"successes: \d+ +# Compose files\n", text)


@pytest.mark.usefixtures("visitors")
def test_a_watch_counts_what_visitors_do(released: Project) -> None:
    process = released.start("status", "--watch", "--interval", "500ms", "-o", "json")
    assert process.stdout
    seen = (json.loads(line)["result"] for line in process.stdout)
    frame = next(frame for frame in seen if frame["traffic"][released.live_set]["per_second"] > 0)

    process.send_signal(signal.SIGINT)
    result = released.finish(process)

    flow = frame["traffic"][released.live_set]
    assert (result.code, result.err) == (0, "")
    assert 0 <= flow["p50_ms"] <= flow["p99_ms"]
    assert frame["traffic"][released.idle_set]["per_second"] == 0
    assert frame["status"]["live"]["healthy"]
    assert frame["events"]


def test_a_watch_at_a_terminal_shows_both_sets(released: Project) -> None:
    code, seen = at_a_terminal(released, "status", "--watch", "--interval", "200ms", "--count", "2")

    assert code == 0
    for part in (f"in {released.live_set} serves", "req/s", "p99", released.idle_set):
        assert part in seen
