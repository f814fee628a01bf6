"""What users get is asked as they ask."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fream_compose import http
from fream_compose.nginx.access_log import LOOKING, read_entry
from fream_compose.operations.as_user import UsersGet, ask
from fream_compose.operations.overall import Level, Overall
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.operations.status import status
from fream_compose.project import sharing
from fream_compose.project.health_settings import Health
from fream_compose.release import SetName
from tests.fakes import Behaviour, Stage
from tests.fakes.log import access_line
from tests.fakes.server import HttpServer, Reply, Sayer


def users_get(stage: Stage) -> UsersGet:
    found = ask(stage.project, stage.proxy, take_snapshot(stage.project, stage.proxy))
    assert found
    return found


def verdict(stage: Stage) -> Overall:
    return status(stage.project, stage.proxy).verdict


def test_what_the_live_release_answers_is_what_users_get(live: Stage) -> None:
    assert users_get(live) == UsersGet("HTTP 200", 200, good=True)


def test_it_is_asked_at_the_health_path_of_the_live_release(live: Stage) -> None:
    asked: list[str] = []

    def reply(path: str) -> Reply:
        asked.append(path)
        return 200, {}, ""

    with closing(HttpServer(0, reply)) as server:
        reached = ((80, "", server.port), (8090, "127.0.0.1", live.nginx.published))
        live.project.made_with["nginx"] = {"reached": reached}
        users_get(live)

    assert asked == ["/products"]


def test_an_nginx_that_is_stopped_refuses_users(live: Stage) -> None:
    live.nginx.stop()
    live.project.infra.discard("nginx")

    assert verdict(live) == Overall(
        Level.DOWN, "nginx is stopped", "connection refused", "fream up"
    )


def test_users_who_wait_for_an_answer_are_told_of_after_two_seconds(live: Stage) -> None:
    with Sayer(closes=False) as mute:
        reached = ((80, "", mute.port), (8090, "127.0.0.1", live.nginx.published))
        live.project.made_with["nginx"] = {"reached": reached}

        found = users_get(live)

    assert found == UsersGet("no answer for 2 s")


@pytest.mark.parametrize("health", [Health(by="tcp"), Health(by="grpc")], ids=str)
def test_who_does_not_ask_so_is_not_said_to_wait(live: Stage, health: Health) -> None:
    """Nobody knows how long a path takes that no health check asks, and gRPC is no HTTP/1.1."""
    live.settings.state.notes.uncheck(SetName.SET1)
    vars(live.settings.switch)["health"] = health
    with Sayer(closes=False) as mute:
        reached = ((80, "", mute.port), (8090, "127.0.0.1", live.nginx.published))
        live.project.made_with["nginx"] = {"reached": reached}

        assert ask(live.project, live.proxy, take_snapshot(live.project, live.proxy)) is None


def test_who_may_not_read_env_is_told_of_no_disorder_in_it(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.env_path.write_text("COMPOSE_PROFILES=set2\n", "utf-8")
    assert verdict(live).level is Level.DEGRADED

    monkeypatch.setattr(sharing, "closed", lambda _path: True)

    assert verdict(live) == Overall(Level.WELL, "1.0.0 in set1 serves", "HTTP 200")


def test_an_app_that_fails_for_users_alone_is_down(live: Stage) -> None:
    live.nginx.users_get = (502, {}, "bad gateway")

    found = status(live.project, live.proxy)

    assert found.verdict.level is Level.DOWN
    assert found.verdict.users_get == "HTTP 502"
    assert found.fault
    assert found.fault.exit_code == 7
    assert found.not_served.startswith("Users are not served: 1.0.0 in set1 is healthy")


def test_a_broken_release_of_which_the_other_set_answers_is_degraded(live: Stage) -> None:
    live.project.apps[SetName.SET1].end(1)
    live.nginx.users_get = (200, {}, "shop")

    assert verdict(live).level is Level.DEGRADED


def test_a_broken_release_is_down_with_what_users_get(stage: Stage) -> None:
    stage.project.behaviours["1.0.0"] = Behaviour(status=500)
    stage.put(SetName.SET1, "1.0.0")

    found = verdict(stage)

    assert (found.level, found.users_get) == (Level.DOWN, "HTTP 500")
    assert found.fix == "fream logs live; fream switch VERSION"


def test_mysql_that_is_stopped_is_told(live: Stage) -> None:
    live.project.statuses["mysql"] = "Exited (1) 3 seconds ago"

    assert verdict(live) == Overall(Level.DEGRADED, "mysql is exited", "HTTP 200", "fream up infra")


def test_where_nothing_is_published_nginx_is_asked_at_its_own_port(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.put(SetName.SET1, "1.0.0")
    addresses = {**stage.settings.addresses, "nginx": ()}
    stage.project.settings = stage.settings.model_copy(update={"addresses": addresses})
    stage.project.made_with["nginx"] = {"reached": ((8090, "127.0.0.1", stage.nginx.published),)}

    assert users_get(stage).text == "HTTP 200"

    stage.nginx.stop()
    assert users_get(stage).text.startswith("connection refused")
    stage.project.close()


def test_its_looks_are_no_traffic_of_users() -> None:
    assert read_entry(access_line(1_800_000_000.0, agent="curl/8"))
    assert read_entry(access_line(1_800_000_000.0, agent=LOOKING)) is None


@pytest.fixture
def site(tmp_path: Path) -> Iterator[int]:
    """A port that speaks TLS with a certificate that nobody trusts, and answers 204."""
    certificate, key = tmp_path / "pair.pem", tmp_path / "pair.key"
    pair = ["-keyout", str(key), "-out", str(certificate)]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command = ["openssl", "req", "-x509", *curve, "-subj", "/CN=a", *pair]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HttpServer(0, lambda _path: (204, {}, ""), context)
    yield server.port
    server.close()


def test_the_way_from_http_to_https_is_gone_as_a_browser_does(live: Stage, site: int) -> None:
    live.nginx.users_get = (308, {"Location": "https://shop.example.com/products"}, "")
    assert users_get(live).text == "HTTP 308"

    hosts = live.settings.switch.tls.model_copy(update={"hosts": ("shop.example.com",)})
    switch = live.settings.switch.model_copy(update={"tls": hosts})
    live.project.settings = live.settings.model_copy(update={"switch": switch})
    reached = ((80, "127.0.0.1", live.nginx.users_published), (443, "", site))
    control = (8090, "127.0.0.1", live.nginx.published)
    live.project.made_with["nginx"] = {"reached": (*reached, control)}

    assert users_get(live).text == "HTTP 204"


def test_tls_that_fails_is_told() -> None:
    with Sayer(b"no TLS\r\n") as plain, pytest.raises(http.Unreachable):
        http.status_by_tls(("127.0.0.1", plain.port), "a.b", "/", 2.0, {})
