"""What is set and does not hold yet is drift, and no illness."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from fream_compose.docker.facts import Condition, condition_of
from fream_compose.operations.drift import Drift, drift_of, newer_files, of_containers, place
from fream_compose.operations.reload import reload
from fream_compose.operations.snapshot import Snapshot, take_snapshot
from fream_compose.operations.status import status
from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.server import HttpServer


def drift(stage: Stage) -> tuple[Drift, ...]:
    return drift_of(stage.project, stage.proxy, take_snapshot(stage.project, stage.proxy))


def change(stage: Stage, name: str, text: str = "# a remark\n") -> Path:
    """A file of nginx's that an operator edits."""
    time.sleep(0.02)
    path = stage.settings.nginx_directory / name
    path.write_text(text)
    return path


def test_a_project_in_order_has_no_drift(live: Stage) -> None:
    assert drift(live) == ()


def test_a_port_that_was_edited_takes_effect_when_nginx_is_made_anew(live: Stage) -> None:
    live.project.made_with["nginx"] = {"published": frozenset({":80:80", "127.0.0.1:8090:8090"})}

    (found,) = drift(live)

    assert (found.what, found.takes_effect) == ("ports of nginx", "fream up infra --recreate")
    assert found.now == "127.0.0.1:8090:8090, :80:80"


def test_a_live_set_is_asked_where_it_is_and_not_where_it_will_be(live: Stage) -> None:
    spec = live.settings.sets[SetName.SET1]
    moved = {**live.settings.sets, SetName.SET1: spec.model_copy(update={"port": 1})}
    live.project.made_with["set1"] = {"published": frozenset({f"127.0.0.1:{spec.port}:8081"})}
    service = live.settings.services["set1"].model_copy(
        update={"published": frozenset({"127.0.0.1:1:8081"})}
    )
    services = {**live.settings.services, "set1": service}
    live.project.settings = live.settings.model_copy(update={"sets": moved, "services": services})

    found = status(live.project, live.proxy)

    assert found.live
    assert found.live.healthy
    assert [d.what for d in found.drift] == ["ports of set1"]
    assert found.drift[0].takes_effect == "the next fream switch"


def test_who_listens_where_a_container_was_or_will_be_is_not_asked(live: Stage) -> None:
    stranger = HttpServer(0, lambda _path: (500, {}, "another app"))
    for container in (live.settings.nginx_container, live.settings.sets[SetName.SET1].container):
        live.project.containers.found_at(container, stranger.port)

    try:
        seen = take_snapshot(live.project, live.proxy)
    finally:
        stranger.close()

    assert seen.silent == ""
    assert seen.healthy == {SetName.SET1}


def test_a_port_that_the_engine_may_pick_is_no_drift(live: Stage) -> None:
    service = live.settings.services["set1"].model_copy(
        update={"published": frozenset({"127.0.0.1::8081"})}
    )
    services = {**live.settings.services, "set1": service}
    live.project.settings = live.settings.model_copy(update={"services": services})

    live.project.made_with["set1"] = {"published": frozenset({"127.0.0.1:49153:8081"})}
    assert drift(live) == ()
    live.project.made_with["set1"] = {"published": frozenset({":49153:8081"})}
    assert [d.what for d in drift(live)] == ["ports of set1"]


def test_the_control_port_is_asked_where_it_is(live: Stage) -> None:
    live.project.containers.found_at("shop-nginx", 1)

    assert take_snapshot(live.project, live.proxy).silent == ""


@pytest.mark.parametrize(
    ("service", "made", "what"),
    [
        ("nginx", {"reference": "nginx:1.28"}, "image of nginx"),
        ("mysql", {"reference": "mysql:8.0"}, "image of mysql"),
        ("set1", {"reference": "127.0.0.1:5000/old:1.0.0"}, "image of set1"),
        ("nginx", {"networks": frozenset({"old"})}, "networks of nginx"),
        ("set1", {"confined": frozenset({"read_only"})}, "confinement of set1"),
    ],
)
def test_an_image_or_a_network_that_was_edited_is_drift(
    live: Stage, service: str, made: dict[str, Any], what: str
) -> None:
    wanted = live.settings.services[service].model_copy(update={"networks": frozenset({"shop"})})
    services = {**live.settings.services, service: wanted}
    live.project.settings = live.settings.model_copy(update={"services": services})
    live.project.made_with[service] = {"networks": frozenset({"shop"}), **made}

    assert [d.what for d in drift(live)] == [what]


def test_what_belongs_to_no_set_and_not_to_infra_takes_effect_by_hand(live: Stage) -> None:
    wanted = live.settings.services["mysql"].model_copy(update={"image": "grafana:11"})
    services = {**live.settings.services, "grafana": wanted}
    settings = live.settings.model_copy(update={"services": services})
    now = Condition(
        "running",
        service="grafana",
        reference="grafana:10",
        networks=wanted.networks,
        published=wanted.published,
        confined=wanted.confined,
    )

    (found,) = of_containers(settings, Snapshot(None, None, conditions=(now,)))

    assert found.what == "image of grafana"
    assert found.takes_effect.endswith("; docker compose up -d grafana")


def test_the_settings_of_the_idle_set_are_those_of_the_next_release(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "1.0.1")
    live.project.made_with["set2"] = {"published": frozenset()}

    assert drift(live) == ()


def test_a_health_path_that_was_edited_is_drift_and_the_old_one_is_asked(live: Stage) -> None:
    switch = live.settings.switch
    health = switch.health.model_copy(update={"path": "/new"})
    live.project.settings = live.settings.model_copy(
        update={"switch": switch.model_copy(update={"health": health})}
    )

    found = status(live.project, live.proxy)

    assert [(d.what, d.now, d.wanted) for d in found.drift] == [
        ("health path", "/products", "/new")
    ]
    assert found.live
    assert found.live.health.startswith("/products HTTP 200")


def test_a_file_that_is_newer_than_what_nginx_read_is_drift(live: Stage) -> None:
    change(live, "site.d/limits.conf")

    (found,) = drift(live)

    assert found.what == "nginx/site.d/limits.conf"
    assert found.takes_effect == "fream reload"
    live.switch("1.0.1")
    assert drift(live) == (found,)
    reload(live.context)
    assert drift(live) == ()


def test_a_file_that_is_named_like_the_link_is_drift(live: Stage) -> None:
    change(live, "live.inc")

    assert [found.what for found in drift(live)] == ["nginx/live.inc"]


@pytest.mark.parametrize(
    "name", ["pages/unavailable.html", "README.md", "site.d/.limits.conf.swp", "http.d/a.conf~"]
)
def test_what_nginx_does_not_read_as_it_starts_is_no_drift(live: Stage, name: str) -> None:
    change(live, name)

    assert drift(live) == ()


def test_a_file_that_was_copied_with_its_old_time_is_drift(live: Stage) -> None:
    os.utime(change(live, "site.d/limits.conf"), (1, 1))

    assert [d.what for d in drift(live)] == ["nginx/site.d/limits.conf"]


def test_where_nothing_is_known_of_when_nginx_read_its_files_nothing_is_newer(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.conf").touch()

    assert list(newer_files(tmp_path, None)) == []
    assert [path.name for path, _ in newer_files(tmp_path, 1.0)] == ["a.conf"]


@pytest.mark.parametrize("running", [True, False], ids=["serves", "crashes"])
def test_what_nginx_refuses_is_drift_with_file_and_line(live: Stage, running: bool) -> None:
    change(live, "site.d/limits.conf", "broken;\n")
    if not running:
        live.nginx.stop()
        live.project.statuses["nginx"] = "Restarting (1) 5 seconds ago"

    found = drift(live)[0]

    assert found.what == "nginx/site.d/limits.conf:1"
    assert 'unknown directive "broken"' in found.wanted
    assert found.stops_a_release
    assert ("fream recover" in found.takes_effect) is not running


def test_a_complaint_without_a_place_names_the_folder() -> None:
    folder = Path("/p/nginx")

    assert place('[emerg] host not found in upstream "db"', folder) == "nginx/"
    assert place("[emerg] x in /etc/nginx/a/b.conf:12", folder) == "nginx/a/b.conf:12"


def test_status_as_json_lists_each_drift_with_its_four_parts(live: Stage) -> None:
    live.project.made_with["nginx"] = {"reference": "nginx:1.28"}

    told = json.loads(json.dumps(status(live.project, live.proxy).to_json()))

    assert told["drift"] == [
        {
            "what": "image of nginx",
            "now": "nginx:1.28",
            "wanted": "nginx:1.30",
            "takes_effect": "fream up infra --recreate",
        }
    ]
    assert told["not_served"] == ""


def test_what_docker_says_of_ports_and_networks_is_read() -> None:
    ports = {"8081/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}], "53/udp": None}
    found = condition_of(
        {
            "State": {"Status": "running", "ExitCode": 0, "StartedAt": "2026-01-01T00:00:00Z"},
            "Config": {"Image": "a:1"},
            "RestartCount": 0,
            "Id": "x",
            "Name": "/a",
            "Image": "sha256:1",
            "HostConfig": {"RestartPolicy": {"Name": "always"}, "PortBindings": ports},
            "NetworkSettings": {
                "Ports": {
                    "8081/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}],
                    "53/udp": None,
                },
                "Networks": {"shop": {}},
            },
        }
    )

    assert found.published == {"127.0.0.1::8081"}
    assert found.reached == ((8081, "127.0.0.1", 49153),)
    assert found.networks == {"shop"}
