"""fream logs passes on what Docker prints."""

from __future__ import annotations

import pytest

from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.commands import Fream


def test_the_log_of_the_live_set_is_dockers_own(
    stage: Stage, fream: Fream, became: list[list[str]]
) -> None:
    stage.put(SetName.SET2, "1.0.0")

    assert fream("logs").exit_code == 7
    assert became == [["docker", "container", "logs", "--tail=100", "shop-app-set2"]]


@pytest.mark.parametrize(
    ("options", "passed"),
    [
        (["--since", "10m"], ["--since=10m", "--tail=all"]),
        (
            ["--since", "2026-01-01T00:00:00Z", "--tail", "3"],
            ["--since=2026-01-01T00:00:00Z", "--tail=3"],
        ),
        (["-f", "-n", "0"], ["--follow", "--tail=0"]),
    ],
)
def test_what_of_a_log_is_printed_can_be_said(
    fream: Fream, became: list[list[str]], options: list[str], passed: list[str]
) -> None:
    fream("logs", "nginx", *options)

    assert became == [["docker", "container", "logs", *passed, "shop-nginx"]]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("logs", "redis"), "live, idle, set1, set2, mysql, nginx"),
        (("logs", "live"), "there was no release yet"),
        (("logs", "set1"), "set1 has no container"),
        (("logs", "nginx", "--since", "soon"), "--since soon is not a moment"),
        (("exec", "nginx", "--", "ls"), "live, idle, set1, set2"),
        (("exec", "idle", "--", "ls"), "there was no release yet"),
    ],
)
def test_a_place_or_a_moment_that_does_not_exist_is_2(
    fream: Fream, became: list[list[str]], arguments: tuple[str, ...], what: str
) -> None:
    result = fream(*arguments)

    assert result.exit_code == 2
    assert what in result.stderr
    assert not became


def test_the_live_set_is_known_while_nginx_is_silent(
    stage: Stage, fream: Fream, became: list[list[str]]
) -> None:
    stage.put(SetName.SET2, "1.0.0")
    stage.nginx.stop()

    fream("logs", "live")

    assert became[0][-1] == "shop-app-set2"
