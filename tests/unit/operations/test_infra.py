"""What outlives releases: up and down."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fream_compose.docker.neighbours import Clash
from fream_compose.errors import ConfigurationError, EngineError, UsageError
from fream_compose.operations import infra
from tests.fakes import Stage


def up(stage: Stage, *profiles: str) -> None:
    infra.up(stage.context, profiles)


def wants(stage: Stage, service: str, **wanted: object) -> None:
    """Set something of a service otherwise, after its container was made."""
    services = stage.project.settings.services
    changed = {**services, service: services[service].model_copy(update=wanted)}
    stage.project.settings = stage.project.settings.model_copy(update={"services": changed})


def down(stage: Stage) -> None:
    infra.down(stage.project, stage.watcher, volumes=False)


def test_everything_that_was_live_comes_back(live: Stage) -> None:
    down(live)
    assert live.serves() == ""

    up(live)

    assert live.serves() == "1.0.0"
    assert live.project.infra == {"mysql", "nginx"}


def test_infra_alone_leaves_the_live_set_as_it_is(live: Stage) -> None:
    down(live)

    up(live, "infra")

    assert live.project.infra == {"mysql", "nginx"}
    assert live.project.running() == {}


@pytest.mark.parametrize(
    ("profile", "instead"),
    [("infa", "fream up infra"), ("tools", "docker compose --profile tools up -d")],
)
def test_a_profile_that_fream_does_not_start_is_refused_before_anything_does(
    live: Stage, profile: str, instead: str
) -> None:
    down(live)
    known = (*live.project.settings.profiles, "tools")
    live.project.settings = live.project.settings.model_copy(update={"profiles": known})

    with pytest.raises(UsageError) as caught:
        up(live, profile)

    assert caught.value.next_step == instead
    assert live.project.infra == set()


def test_an_idle_set_is_started_by_a_release_only(live: Stage) -> None:
    with pytest.raises(UsageError) as caught:
        up(live, "set2")

    assert "fream switch" in caught.value.next_step
    assert set(live.project.running()) == {"set1"}


def test_a_port_in_use_is_told_before_anything_starts(live: Stage) -> None:
    down(live)
    address = live.settings.addresses["nginx"][0]

    with socket.create_server(address[:2]), pytest.raises(ConfigurationError) as caught:
        up(live)

    assert "HTTP_PORT" in caught.value.next_step
    assert live.project.infra == set()


def test_ports_of_what_runs_already_are_not_in_the_way(live: Stage) -> None:
    up(live)

    assert live.serves() == "1.0.0"


@pytest.mark.parametrize(
    "status",
    [
        "Up 2 minutes (unhealthy)",
        "Up 3 seconds (health: starting)",
        "Exited (1) 2 seconds ago",
        "Restarting (1) 5 seconds ago",
    ],
)
def test_infra_that_does_not_start_says_which_container_is_not_well(
    live: Stage, status: str
) -> None:
    """The others have no health check, or have done their work: it is not their fault."""
    live.project.infra |= {"cache", "job"}
    live.project.statuses = {
        "cache": "Up 2 minutes",
        "job": "Exited (0) 2 seconds ago",
        "mysql": status,
        "nginx": "Up 2 minutes (healthy)",
    }
    live.project.fail("up mysql nginx", "dependency failed to start")

    with pytest.raises(EngineError) as caught:
        up(live)

    assert caught.value.why == f"dependency failed to start\nshop-mysql is {status}"


def test_where_all_are_well_nobody_is_blamed(live: Stage) -> None:
    live.project.fail("up mysql nginx", "no space left on device")

    with pytest.raises(EngineError) as caught:
        up(live)

    assert caught.value.why == "no space left on device"


def test_an_image_that_cannot_be_had_is_named_and_no_log_of_a_container(live: Stage) -> None:
    live.project.absent = {live.settings.services["mysql"].image}
    live.project.fail("up mysql nginx", "manifest unknown")

    with pytest.raises(EngineError) as caught:
        up(live)

    assert caught.value.what.endswith(f"no {live.settings.services['mysql'].image}")
    assert not caught.value.logs


def test_what_is_shared_with_another_project_is_refused_before_anything_starts(
    live: Stage,
) -> None:
    down(live)
    live.project.strangers = (Clash("production-nginx answers", "why", "Set FREAM_NETWORK_NAME"),)

    with pytest.raises(ConfigurationError) as caught:
        up(live)

    assert "production-nginx" in caught.value.what
    assert "FREAM_NETWORK_NAME" in caught.value.next_step
    assert live.project.infra == set()


def test_what_runs_is_joined_to_the_network_that_mysql_is_about_to_be_on(live: Stage) -> None:
    wants(live, "set1", networks=frozenset({"shop", "shop-data", "watched-by-others"}))
    wants(live, "mysql", networks=frozenset({"shop-data"}))
    live.project.made_with["set1"] = {"networks": frozenset({"shop"})}

    up(live)
    assert live.project.joined == []

    infra.up(live.context, ("infra",), recreate=True)
    assert live.project.joined == [("shop-app-set1", "shop-data")]


def test_a_job_of_the_live_set_that_is_done_is_not_run_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path, beside=("migrate", "mailer"))
    stage.switch("1.0.0")
    job = stage.project.workers["set1-migrate"]
    job.lasting = False
    job.end(0)
    stage.project.workers.pop("set1-mailer")

    up(stage)

    assert stage.project.at_work() == {"set1-mailer"}
    stage.project.close()
