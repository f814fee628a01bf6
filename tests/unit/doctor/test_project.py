"""What the doctor finds out of a project that runs."""

from __future__ import annotations

import pytest

from fream_compose import http
from fream_compose.doctor.project import Zone, project_facts, zone_of
from fream_compose.release import SetName
from tests.fakes import Stage


def test_a_port_that_the_live_set_holds_is_ours(live: Stage) -> None:
    assert project_facts(live.project, live.proxy).taken == ()


def test_a_set_that_nginx_has_not_found_is_told(live: Stage) -> None:
    live.nginx.loses.add(SetName.SET2)
    live.project.start_by_hand(SetName.SET2, "1.0.1")

    upstreams = dict(project_facts(live.project, live.proxy).upstreams)

    assert upstreams[SetName.SET1].startswith("127.0.0.1:")
    assert upstreams[SetName.SET2] == ""


@pytest.mark.parametrize("error", [http.Garbled("no HTTP"), http.TooLate("no answer within 4 s")])
def test_a_set_that_takes_its_time_or_speaks_no_http_has_been_found(
    live: Stage, monkeypatch: pytest.MonkeyPatch, error: http.Unreachable
) -> None:
    def ask(*_: object) -> http.Answer:
        raise error

    monkeypatch.setattr(live.proxy, "ask", ask)

    assert dict(project_facts(live.project, live.proxy).upstreams)[SetName.SET1] == "an address"


@pytest.mark.parametrize(
    ("name", "right"),
    [("Asia/Seoul", "+0900"), ("UTC", "+0000"), ("Asia/Seol", ""), ("../etc/passwd", "")],
)
def test_a_zone_is_looked_up(name: str, right: str) -> None:
    assert zone_of(name, "+0000") == Zone(name, "+0000", right)
