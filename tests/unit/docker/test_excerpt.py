"""The end of an app's log as an error shows it: in order, without fream's own checks."""

from __future__ import annotations

import json

import pytest

from fream_compose import AGENT
from fream_compose.docker.excerpt import Own, excerpt, own_request

OWN = Own(frozenset({"/products", "/up?deep=1"}), frozenset({"172.18.0.1"}))
COMBINED = '{at} - - [27/Nov/2026:11:09:35 +0000] "GET {path} HTTP/1.1" {status} 17 "-" "{agent}"'
TIMES = [f"2026-11-27T11:09:{second:02}.{second:09}Z" for second in range(60)]


def combined(
    at: str = "172.18.0.1", path: str = "/products", status: int = 200, agent: str = AGENT
) -> str:
    return COMBINED.format(at=at, path=path, status=status, agent=agent)


@pytest.mark.parametrize(
    "line",
    [
        combined(),
        combined(status=503),
        combined(at="172.18.0.7", path="/elsewhere"),  # through nginx, whose address it has
        combined() + " 0.003",
        combined() + ' "203.0.113.7" rt=0.1',
        '172.18.0.1 - - [27/Nov/2026 11:09:35] "GET /products HTTP/1.1" 200 -',  # Werkzeug
        '127.0.0.1 - - [27/Nov/2026 11:09:35] "GET /up?deep=1 HTTP/1.1" 404 -',  # http.server
        '172.18.0.1 - - [27/Nov/2026:11:09:35 +0000] "GET /products HTTP/1.1" 200 1243',  # Tomcat
        '172.18.0.1 [27/Nov/2026:11:09:35 +0000] "GET /products HTTP/1.1" 503 84 "-" "'
        f'{AGENT}"',  # aiohttp
        f"2026-11-27 21:11:07,667 INFO aiohttp.access: {combined(status=503)}",
        f"[INFO] {combined()}",
        "2026-11-27 21:29:41,667 INFO uvicorn.access: "
        '172.18.0.1:55172 - "GET /products HTTP/1.1" 503',
        'INFO:     172.18.0.1:52314 - "GET /products HTTP/1.1" 200 OK',  # uvicorn
        'INFO:     172.18.0.1:52314 - "GET /products HTTP/1.1" 503 Service Unavailable',
        '[GIN] 2026/11/27 - 11:09:35 | 200 |     1.2ms |      172.18.0.1 | GET      "/products"',
        json.dumps({"level": 30, "req": {"headers": {"user-agent": AGENT}}, "msg": "done"}),
        json.dumps({"level": "INFO", "request": {"headers": {"User-Agent": [AGENT]}}}),
    ],
)
def test_a_line_that_a_check_of_freams_made_is_left_out(line: str) -> None:
    assert own_request(line, OWN)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Traceback (most recent call last):",
        "ERROR: no connection to db",
        combined(agent="curl/8"),
        combined(agent=f"{AGENT} (really)"),
        combined(agent="-"),
        combined() + "\nValueError: no such table",
        f"ERROR while answering {combined()}",
        f"2026-11-27 21:11:07,667 ERROR aiohttp.access: {combined(status=503)}",
        f"ERROR: {combined()}",
        f"2026-11-27 21:11:07,667 WARNING {combined()}",
        combined() + " ValueError: no such table",
        '172.18.0.7 - - [27/Nov/2026 11:09:35] "GET /products HTTP/1.1" 200 -',  # a user's
        '172.18.0.1 - - [27/Nov/2026 11:09:35] "GET /cart HTTP/1.1" 200 -',
        '172.18.0.1 - - [27/Nov/2026 11:09:35] "POST /products HTTP/1.1" 200 -',
        'ERROR:    172.18.0.1:52314 - "GET /products HTTP/1.1" 500',
        'INFO:     172.18.0.1:52314 - "GET /products HTTP/1.1" 500 Error: pool of 5 exhausted',
        f'GET /products 500 "{AGENT}"',
        json.dumps({"level": 50, "req": {"headers": {"user-agent": AGENT}}}),
        json.dumps({"level": "error", "agent": AGENT}),
        json.dumps({"level": "info", "agent": AGENT, "err": {"type": "TypeError"}}),
        json.dumps({"level": "info", "agent": f"not {AGENT}"}),
        json.dumps([AGENT]),
        f'{{"agent": "{AGENT}"',
        '{"a":' * 5000 + f'"{AGENT}"' + "}" * 5000,
    ],
)
def test_whatever_else_a_line_says_it_stays(line: str) -> None:
    assert not own_request(line, OWN)


def test_both_streams_come_in_the_order_of_their_moments() -> None:
    printed = [f"{TIMES[3]} out: second", f"{TIMES[1]} err: first", f"{TIMES[4]} out: third"]

    assert excerpt(printed, OWN, 2) == (
        "2026-11-27T11:09:03Z out: second",
        "2026-11-27T11:09:04Z out: third",
    )


def test_lines_of_one_moment_keep_their_order() -> None:
    printed = [f"{TIMES[1]} b", f"{TIMES[1]} a"]

    assert [line[-1] for line in excerpt(printed, OWN, 5)] == ["b", "a"]


def test_what_tells_something_is_found_behind_many_checks() -> None:
    checks = [f"{at} {combined()}" for at in TIMES[1:]]

    assert excerpt([f"{TIMES[0]} no such table", *checks], OWN, 10) == (
        "2026-11-27T11:09:00Z no such table",
    )


def test_a_line_that_comes_again_and_again_is_shown_once() -> None:
    printed = [*(f"{at} waiting for db" for at in TIMES[:35]), f"{TIMES[40]} gave up"]

    assert excerpt(printed, OWN, 10) == (
        "2026-11-27T11:09:00Z waiting for db",
        "… 34 more like it",
        "2026-11-27T11:09:40Z gave up",
    )


def test_a_line_without_a_moment_stays_where_it_is() -> None:
    assert excerpt(["b", "a", f"{TIMES[0]} c"], OWN, 5) == ("b", "a", "2026-11-27T11:09:00Z c")


def test_a_very_long_line_is_cut_and_its_pieces_are_one() -> None:
    line = f"{TIMES[0]} {'x' * 16_384}{TIMES[0]} rest"

    (shown,) = excerpt([line], OWN, 5)

    assert shown == f"2026-11-27T11:09:00Z {'x' * 500}…"
