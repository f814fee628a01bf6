"""From an empty folder to the first release."""

from __future__ import annotations

from tests.stories import web
from tests.stories.docker import docker, inspect
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases


def test_up_infra_is_ready_when_it_returns(project: Project) -> None:
    result = project.succeed("up", "infra")
    assert project.query("SELECT 1") == "1"
    assert web.get(f"{project.control_url}/live").status_code == 200
    assert project.url in result.out


def test_before_the_first_release_both_ports_say_that_nothing_is_there_yet(
    before_release: Project,
) -> None:
    for port in (before_release.http_port, before_release.alt_port):
        answer = web.get(f"http://127.0.0.1:{port}/products")
        assert answer.status_code == 503
        assert "Not available yet" in answer.text
        assert answer.headers["Retry-After"]
        assert answer.headers["Cache-Control"] == "no-store"
    assert before_release.live() is None


def test_a_second_up_changes_nothing(before_release: Project) -> None:
    before = before_release.picture()
    before_release.succeed("up", "infra")
    before_release.succeed("up")
    assert before_release.picture() == before


def test_status_before_the_first_release_says_that_nothing_is_live(before_release: Project) -> None:
    assert "nothing" in before_release.succeed("status").out


def test_a_set_that_is_not_live_is_not_started_by_up(before_release: Project) -> None:
    before = before_release.picture()
    result = before_release.fream("up", "set1")
    assert result.code == 2, result
    assert "fream switch" in result.err
    assert before_release.picture() == before


def test_an_unknown_profile_is_refused_with_those_that_are_known(before_release: Project) -> None:
    result = before_release.fream("up", "infar")
    assert result.code == 2, result
    assert "infar" in result.err
    assert "infra, set1, set2" in result.err


def test_a_first_release_that_fails_leaves_nothing_behind(
    before_release: Project, releases: Releases
) -> None:
    before = before_release.picture()
    version = releases.push("broken", CRASH_AT_BOOT="out of coffee")
    result = before_release.fream("switch", "--version", version)
    assert result.code == 6, result
    assert before_release.picture() == before
    assert before_release.get("/products").status_code == 503


def test_the_first_release_serves_on_both_ports(before_release: Project) -> None:
    result = before_release.switch(GOOD)
    for port in (before_release.http_port, before_release.alt_port):
        answer = web.get(f"http://127.0.0.1:{port}/products")
        assert answer.status_code == 200
        assert answer.headers["X-App-Version"] == GOOD
        assert answer.json()
    assert GOOD in result.out
    assert set(before_release.running()) == {"mysql", "nginx", before_release.live_set}


def test_the_app_gets_the_environment_that_it_is_promised(released: Project) -> None:
    pairs = inspect(released.container(released.live_set))["Config"]["Env"]
    environment = dict(pair.split("=", 1) for pair in pairs)
    assert (
        environment.items()
        >= {
            "SERVER_PORT": {"set1": "8081", "set2": "8082"}[released.live_set],
            "SPRING_PROFILES_ACTIVE": "prod",
            "FREAM_DB_URL": "fream-mysql",
            "FREAM_DB_PORT": "3306",
            "FREAM_DB_SCHEME": "fream",
            "FREAM_DB_USERNAME": "fream",
            "FREAM_DB_PASSWORD": released.password,
            "TZ": "Asia/Seoul",
        }.items()
    )


def test_what_docker_shows_of_mysql_and_nginx_holds_no_password(released: Project) -> None:
    for service in ("mysql", "nginx"):
        shown = docker("inspect", released.container(service))
        assert released.password not in shown
        assert released.root_password not in shown


def test_only_the_app_is_reachable_from_outside_this_server(released: Project) -> None:
    for service in ("mysql", released.live_set):
        bindings = inspect(released.container(service))["HostConfig"]["PortBindings"]
        assert {b["HostIp"] for found in bindings.values() for b in found} == {"127.0.0.1"}
