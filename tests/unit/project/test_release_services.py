"""The services of a release: names, routes, and what starts after the cut-over."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project.compose_config import parse
from fream_compose.project.release_services import members_of
from fream_compose.project.settings import Settings
from fream_compose.release import SetName
from tests.fakes.stage import compose_config


def read(folder: Path, services: dict[str, Any], *members: str) -> Settings:
    """Settings of a project whose sets have these members too."""
    config = compose_config(folder / "nginx", 18090, services=services)
    for member in members:
        for name in SetName:
            service = {"profiles": [str(name)], "image": "shop/more:1"}
            config["services"][f"{name}-{member}"] = service
    return parse(config, folder)


@pytest.mark.parametrize(
    ("service", "short"),
    [
        ("set2", "app"),
        ("set2-ui", "ui"),
        ("ui-set2", "ui"),
        ("set2_mail.worker", "mail.worker"),
        ("worker2", "worker"),
        ("worker-2", "worker"),
        ("redis", "redis"),
        ("set1-ui", "set1-ui"),
    ],
)
def test_a_service_has_one_name_in_both_sets(service: str, short: str) -> None:
    assert members_of(SetName.SET2, ["set2", service])[short] == service


def test_what_would_have_one_name_twice_keeps_its_own() -> None:
    found = members_of(SetName.SET1, ["set1", "set1-ui", "ui-set1"])
    assert found == {"app": "set1", "ui": "set1-ui", "ui-set1": "ui-set1"}


def test_the_app_has_its_name_whatever_comes_before_it() -> None:
    found = members_of(SetName.SET1, ["app-set1", "app1", "set1"])
    assert found == {"app": "set1", "app-set1": "app-set1", "app1": "app1"}


def test_the_app_has_every_route_of_a_project_that_says_nothing(tmp_path: Path) -> None:
    settings = read(tmp_path, {})
    port = settings.sets[SetName.SET1].inner_port
    assert [tuple(route) for route in settings.routes] == [("app", "", "/", port)]
    assert settings.late == ()


def test_paths_and_hosts_lead_to_services(tmp_path: Path) -> None:
    services = {
        "app": {"path": "/api"},
        "ui": {"path": "/", "port": 3000},
        "admin": {"host": "Admin.example.com", "port": "4000"},
        "worker": {"after": "cut_over"},
    }
    settings = read(tmp_path, services, "ui", "admin", "worker")
    port = settings.sets[SetName.SET1].inner_port
    assert [tuple(route) for route in settings.routes] == [
        ("app", "", "/api", port),
        ("ui", "", "/", 3000),
        ("admin", "admin.example.com", "/", 4000),
    ]
    assert settings.sets[SetName.SET2].members["ui"] == "set2-ui"


def test_each_service_is_found_good_in_its_own_way(tmp_path: Path) -> None:
    services = {
        "ui": {"path": "/ui", "port": 3000},
        "admin": {"host": "admin", "port": 4000, "health": {"port": 4001, "timeout": "5s"}},
        "search": {"health": {"by": "grpc", "port": 50051, "service": "shop.Search"}},
        "pool": {"health": {"by": "command", "command": "ping-fpm --all", "timeout": "9s"}},
        "worker": {"after": "cut_over"},
        "mail": {},
    }

    checks = read(tmp_path, services, *services).checks

    assert {name: str(health) for name, health in checks.items()} == {
        "app": "/products",
        "ui": "tcp on port 3000",
        "admin": "/ on port 4001",
        "search": "grpc shop.Search on port 50051",
        "pool": "ping-fpm",
    }
    assert checks["ui"].timeout == checks["app"].timeout
    assert checks["admin"].timeout == timedelta(seconds=5)
    assert checks["pool"].command == ("ping-fpm", "--all")


@pytest.mark.parametrize(
    ("services", "why"),
    [
        ({"app": {"health": {}}}, "the health of app is x-fream.health"),
        ({"ui": {"health": {"by": "tcp"}}}, "ui has a health check by tcp: say on which port"),
        ({"ui": {"alone": True, "health": {"by": "docker"}}}, "no release waits for its health"),
    ],
)
def test_a_check_that_cannot_be_is_refused(
    tmp_path: Path, services: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, services, "ui")

    assert why in caught.value.why


def test_late_services_start_in_the_order_that_they_ask_for(tmp_path: Path) -> None:
    services = {
        "beat": {"alone": True, "after": "worker"},
        "worker": {"after": "cut_over"},
        "mail": {"with": "release"},
    }
    assert read(tmp_path, services, "beat", "worker", "mail").late == ("worker", "beat")


@pytest.mark.parametrize(
    ("services", "why"),
    [
        ({"ui": {"path": "/ui"}}, "ui is public: say which port it listens on"),
        ({"ui": {"path": "/", "port": 3000}}, "app and ui both claim /"),
        (
            {"ui": {"host": "a.example", "port": 1}, "worker": {"host": "A.example", "port": 2}},
            "ui and worker both claim a.example/",
        ),
        ({"cart": {}}, "set1 and set2 have no service cart: write down set1-cart and set2-cart"),
        ({"app": {"after": "cut_over"}}, "app serves users: it starts with its release"),
        ({"ui": {"path": "/ui", "port": 1, "alone": True}}, "ui serves users: it starts with its"),
        (
            {"ui": {"after": "worker"}, "worker": {"after": "ui"}},
            "ui waits for worker waits for ui",
        ),
        ({"ui": {"after": "ui"}}, "ui waits for ui"),
        ({"ui": {"after": "worker"}}, "ui starts after worker, which does not start after"),
        ({"ui": {"after": "cart"}}, "ui starts after cart, which does not start after"),
        ({"ui": {"with": "release", "alone": True}}, "with the release, or after the cut-over"),
        ({"ui": {"with": "cut_over"}}, "ui.with"),
        ({"ui": {"after": "Cut over"}}, '"Cut over" is not the name of a service, or cut_over'),
        ({"ui": {"path": "/", "port": 0}}, "0 is not a whole number from 1 to 65535"),
        ({"ui": {"path": "ui", "port": 1}}, '"ui" must begin with /'),
        ({"ui": {"host": "a b", "port": 1}}, '"a b" is not the name of a host'),
        ({"ui": {"host": "~^.*$", "port": 1}}, "is not the name of a host"),
        ({"ui": {"host": "a.example;", "port": 1}}, "is not the name of a host"),
        ({"ui": {"path": "/a{b", "port": 1}}, "must consist of /, letters, digits"),
        ({"ui": {"path": "/a;b", "port": 1}}, "must consist of /, letters, digits"),
        ({"ui": {"path": "/a/../b", "port": 1}}, "must consist of /, letters, digits"),
        ({"app": {"path": "/a/"}, "ui": {"path": "/a", "port": 1}}, "app and ui both claim /a"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, services: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, services, "ui", "worker")
    assert why in caught.value.why
