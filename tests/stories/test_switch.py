"""A release that is good takes over."""

from __future__ import annotations

import json

from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases


def test_the_next_release_takes_over_and_the_old_set_goes(
    released: Project, releases: Releases
) -> None:
    old, new = released.live_set, released.idle_set
    released.switch(releases.push("1.0.1"))
    assert released.version() == "1.0.1"
    assert released.live_set == new
    assert set(released.running()) == {"mysql", "nginx", new}
    assert released.container(old) not in released.containers()
    assert released.env()["COMPOSE_PROFILES"] == f"infra,{new}"
    assert released.env()[f"{new.upper()}_VERSION"] == f"1.0.1@{releases.digest('1.0.1')}"


def test_docker_compose_up_typed_by_hand_changes_nothing(released: Project) -> None:
    before, version = released.picture(), released.version()
    released.compose("up", "--detach")
    assert released.picture() == before
    assert released.version() == version


def test_the_lines_comments_and_permissions_of_env_stay(released: Project) -> None:
    before = released.env_path.read_text(encoding="utf-8").splitlines()
    released.switch(GOOD)
    after = released.env_path.read_text(encoding="utf-8").splitlines()
    assert released.env_path.stat().st_mode & 0o777 == 0o600
    ours = ("COMPOSE_PROFILES=", "SET1_VERSION=", "SET2_VERSION=")
    assert len(after) == len(before)
    assert [x for x in after if not x.startswith(ours)] == [
        x for x in before if not x.startswith(ours)
    ]


def test_the_version_that_is_live_can_be_released_again(released: Project) -> None:
    released.switch(GOOD)
    before = released.live_set
    released.switch(GOOD)
    assert released.live_set != before
    assert released.version() == GOOD


def test_a_version_can_be_a_digest(released: Project, releases: Releases) -> None:
    releases.push("1.0.2")
    released.switch(releases.digest("1.0.2"))
    assert released.version() == "1.0.2"
    found = released.live()
    assert found
    assert releases.digest("1.0.2") in found["version"]


def test_a_tag_that_was_moved_is_asked_for_again(released: Project, releases: Releases) -> None:
    released.switch(releases.push("moved", VERSION="moved-before"))
    assert released.version() == "moved-before"
    released.switch(releases.push("moved", VERSION="moved-after"))
    assert released.version() == "moved-after"


def test_status_tells_programs_what_is_live(released: Project, releases: Releases) -> None:
    released.switch(GOOD)
    told = json.loads(released.succeed("status", "--output", "json").out)
    assert told["ok"]
    assert told["command"] == "status"
    result = told["result"]
    assert result["live"]["set"] == released.live_set
    assert result["live"]["version"] == GOOD
    assert result["live"]["digest"] == releases.digest(GOOD)
    assert result["live"]["healthy"]
    assert result["live"]["since"]
    assert result["idle"] == released.idle_set
    assert {c["service"] for c in result["containers"]} == {"mysql", "nginx", released.live_set}
    assert result["notices"] == []


def test_status_tells_people_what_is_live(released: Project) -> None:
    shown = released.succeed("status").out
    assert released.live_set in shown
    assert released.version() in shown
    assert "healthy" in shown


def test_a_switch_tells_programs_what_it_did(released: Project, releases: Releases) -> None:
    old = released.live_set
    result = released.succeed("switch", "--version", releases.push("1.0.1"), "--output", "json")
    told = json.loads(result.out)
    assert told["ok"]
    assert told["result"]["live"]["set"] == released.live_set
    assert told["result"]["live"]["version"] == f"1.0.1@{releases.digest('1.0.1')}"
    assert told["result"]["replaced"]["set"] == old
    assert told["result"]["seconds"] > 0
