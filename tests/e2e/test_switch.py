"""A release that is good takes over."""

from __future__ import annotations

import json

from tests.e2e.project import Project
from tests.e2e.releases import GOOD, Releases


def test_the_next_release_takes_over_and_the_old_set_goes(
    live: Project, releases: Releases
) -> None:
    old, new = live.live_set, live.idle_set
    live.switch(releases.push("1.0.1"))
    assert live.version() == "1.0.1"
    assert live.live_set == new
    assert set(live.running()) == {"mysql", "nginx", new}
    assert live.container(old) not in live.containers()
    assert live.env()["COMPOSE_PROFILES"] == f"infra,{new}"
    assert live.env()[f"{new.upper()}_VERSION"] == f"1.0.1@{releases.digest('1.0.1')}"


def test_docker_compose_up_typed_by_hand_changes_nothing(live: Project) -> None:
    before, version = live.picture(), live.version()
    live.compose("up", "--detach")
    assert live.picture() == before
    assert live.version() == version


def test_the_lines_comments_and_permissions_of_env_stay(live: Project) -> None:
    before = live.env_path.read_text(encoding="utf-8").splitlines()
    live.switch(GOOD)
    after = live.env_path.read_text(encoding="utf-8").splitlines()
    assert live.env_path.stat().st_mode & 0o777 == 0o600
    ours = ("COMPOSE_PROFILES=", "SET1_VERSION=", "SET2_VERSION=")
    assert len(after) == len(before)
    assert [x for x in after if not x.startswith(ours)] == [
        x for x in before if not x.startswith(ours)
    ]


def test_the_version_that_is_live_can_be_released_again(live: Project) -> None:
    live.switch(GOOD)
    before = live.live_set
    live.switch(GOOD)
    assert live.live_set != before
    assert live.version() == GOOD


def test_a_version_can_be_a_digest(live: Project, releases: Releases) -> None:
    releases.push("1.0.2")
    live.switch(releases.digest("1.0.2"))
    assert live.version() == "1.0.2"
    found = live.live()
    assert found
    assert releases.digest("1.0.2") in found["version"]


def test_a_tag_that_was_moved_is_asked_for_again(live: Project, releases: Releases) -> None:
    live.switch(releases.push("moved", VERSION="moved-before"))
    assert live.version() == "moved-before"
    live.switch(releases.push("moved", VERSION="moved-after"))
    assert live.version() == "moved-after"


def test_status_tells_programs_what_is_live(live: Project, releases: Releases) -> None:
    live.switch(GOOD)
    told = json.loads(live.succeed("status", "--output", "json").out)
    assert told["ok"]
    assert told["command"] == "status"
    result = told["result"]
    assert result["live"]["set"] == live.live_set
    assert result["live"]["version"] == GOOD
    assert result["live"]["digest"] == releases.digest(GOOD)
    assert result["live"]["healthy"]
    assert result["live"]["since"]
    assert result["idle"] == live.idle_set
    assert {c["service"] for c in result["containers"]} == {"mysql", "nginx", live.live_set}
    assert result["notices"] == []


def test_status_tells_people_what_is_live(live: Project) -> None:
    shown = live.succeed("status").out
    assert live.live_set in shown
    assert live.version() in shown
    assert "healthy" in shown


def test_a_switch_tells_programs_what_it_did(live: Project, releases: Releases) -> None:
    old = live.live_set
    result = live.succeed("switch", "--version", releases.push("1.0.1"), "--output", "json")
    told = json.loads(result.out)
    assert told["ok"]
    assert told["result"]["live"]["set"] == live.live_set
    assert told["result"]["live"]["version"] == f"1.0.1@{releases.digest('1.0.1')}"
    assert told["result"]["replaced"]["set"] == old
    assert told["result"]["seconds"] > 0
