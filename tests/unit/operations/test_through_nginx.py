"""What nginx gets of a set: an answer to judge, or no more than a connection."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fream_compose.http import Answer, Garbled, TooLate, Unreachable
from fream_compose.operations.health import Seen
from fream_compose.operations.service import Service
from fream_compose.operations.through_nginx import ThroughNginx
from fream_compose.project.health_settings import Health
from fream_compose.release import SetName
from tests.fakes import Stage

TCP = Health(by="tcp")
ADDRESS = "172.18.0.3:9000"


def look(stage: Stage, told: Answer | Exception, health: Health = TCP) -> Seen:
    """One look where nginx's control port answers so."""

    def ask(*_: object) -> Answer:
        if isinstance(told, Exception):
            raise told
        return told

    proxy: Any = SimpleNamespace(ask=ask)
    service = Service(stage.project, SetName.SET1)
    return ThroughNginx(proxy, service, health).look(1, lambda: None)


def answer(status: int, upstream: str, connect: str | None) -> Answer:
    told = {} if connect is None else {"x-upstream-connect": connect}
    return Answer(status, "", 0.01, {"x-upstream": upstream, **told})


@pytest.mark.parametrize(
    ("told", "good"),
    [
        (answer(200, ADDRESS, "0.001"), True),
        (answer(404, ADDRESS, "0.001"), True),
        (answer(502, ADDRESS, "0.000"), True),  # FastCGI: it ends what it does not understand
        (answer(502, "172.18.0.2:9000, 172.18.0.3:9000", "-, 0.001"), True),
        (answer(502, ADDRESS, "-"), False),  # refused
        (answer(504, ADDRESS, "-"), False),
        (answer(502, "fream_set1", "-"), False),  # its name is not known yet
        (answer(502, ADDRESS, None), True),  # files of an earlier fream: an address is all there is
        (answer(502, "fream_set1", None), False),
        (Garbled("what answers does not speak HTTP"), True),
        (TooLate("no answer within 4 s"), True),  # it waits for what it has connected to
        (Unreachable("the connection was closed without an answer"), False),
    ],
)
def test_a_connection_is_enough_where_no_answer_is_to_be_had(
    live: Stage, told: Answer | Exception, good: bool
) -> None:
    seen = look(live, told)

    assert (seen.fault == "") == good
    assert seen.said == ("nginx reaches it" if good else "")


@pytest.mark.parametrize("health", [Health(), Health(port=8081)])
def test_an_answer_at_the_apps_own_port_is_judged(live: Stage, health: Health) -> None:
    assert look(live, answer(200, ADDRESS, "0.001"), health).fault == ""
    assert look(live, answer(404, ADDRESS, "0.001"), health).fault == "HTTP 404"
    for silence in (Garbled("no HTTP"), TooLate("no answer within 1 s")):
        assert look(live, silence, health).fault == str(silence)


def test_an_answer_elsewhere_says_nothing_of_the_apps_own_port(live: Stage) -> None:
    assert look(live, answer(404, ADDRESS, "0.001"), Health(port=9001)).fault == ""


def test_a_set_that_nginx_does_not_find_has_its_hint(live: Stage) -> None:
    assert "must be in the project's network" in look(live, answer(502, "fream_set1", "-")).hint()


@pytest.mark.parametrize("health", [TCP, Health()])
def test_a_port_that_nginx_gets_no_connection_to_is_named(live: Stage, health: Health) -> None:
    hint = look(live, answer(502, ADDRESS, "-"), health).hint()

    assert hint.startswith("nginx gets no connection to port 9000 of the container")
    assert look(live, answer(502, ADDRESS, "0.001"), Health()).hint() == "", "the app's own 502"
