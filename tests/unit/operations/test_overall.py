"""The verdict, row by row: the worst is told, with what users get and what mends it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError, ProxyError, UnhealthyError
from fream_compose.nginx.certificates import Verdict
from fream_compose.operations.as_user import UsersGet
from fream_compose.operations.certificates import HostCertificate
from fream_compose.operations.drift import Drift
from fream_compose.operations.overall import Facts, Level, judge
from fream_compose.operations.standing import beyond_nginx
from fream_compose.operations.workers import Ailing

GOOD, REFUSED = UsersGet("HTTP 200", 200, good=True), UsersGet("connection refused")
BAD, REDIRECT = UsersGet("HTTP 503", 503), UsersGet("HTTP 302", 302)
WELL = Facts(GOOD, live="1.0.1 in set1")
SICK = UnhealthyError("set1, which is live, is not healthy", next_step="fream logs live")
LOST = ProxyError(
    "Users are not served: nginx does not know what is live", next_step="fream recover"
)
PATH = Drift("health path", "/a", "/b", "the next fream switch")
PORTS = Drift("ports of nginx", "80", "81", "fream up --recreate")
BROKEN = Drift("nginx/site.d/a.conf:1", "x", "[emerg] y", "correct it, then: fream reload")
EXPIRED, EXPIRES = (HostCertificate("a.b", each) for each in (Verdict.EXPIRED, Verdict.EXPIRES))
SELF, MISSING = (HostCertificate("c.d", each) for each in (Verdict.SELF_SIGNED, Verdict.MISSING))
SILENT: dict[str, Any] = {"users": REFUSED, "silent": "connection refused"}
FOREIGN = ConfigurationError("It is another folder's", next_step="fream adopt")
DOWN, DEGRADED = Level.DOWN, Level.DEGRADED

ROWS: list[tuple[dict[str, Any], Level, str, str]] = [
    ({}, Level.WELL, "1.0.1 in set1 serves", ""),
    ({"users": REDIRECT}, Level.WELL, "1.0.1 in set1 serves", ""),
    ({"users": None}, Level.WELL, "1.0.1 in set1 serves", ""),
    ({"at_work": True, "disorder": ("x",)}, Level.WELL, "1.0.1 in set1 serves", ""),
    # Nobody is served.
    ({**SILENT, "stopped": True}, DOWN, "nginx is stopped", "fream up"),
    ({**SILENT, "stopped": True, "empty": True}, DOWN, "nothing runs", "fream up"),
    (SILENT, DOWN, "nginx does not answer (connection refused)", "fream recover"),
    (
        {**SILENT, "drift": (BROKEN,)},
        DOWN,
        "nginx does not start, as it refuses nginx/site.d/a.conf:1",
        "correct it, then: fream reload",
    ),
    (
        {"closed": "since noon", "users": BAD},
        DOWN,
        "closed on purpose since noon",
        "fream maintenance off",
    ),
    ({"closed": "since noon"}, DOWN, "closed on purpose since noon", "fream maintenance off"),
    ({"fault": SICK, "users": BAD}, DOWN, "set1, which is live, is not healthy", "fream logs live"),
    ({"fault": SICK, "users": REDIRECT}, DOWN, SICK.what, "fream logs live"),
    ({"fault": LOST, "users": BAD}, DOWN, "nginx does not know what is live", "fream recover"),
    (
        {"live": "", "users": BAD, "released": False},
        DOWN,
        "nothing was released yet",
        "fream switch VERSION",
    ),
    ({"live": "", "users": BAD}, DOWN, "nothing is live", "fream switch VERSION"),
    (
        {"live": "", "users": BAD, "at_work": True},
        DOWN,
        "nothing is live yet, and a run is at work",
        "",
    ),
    (
        {"users": REFUSED},
        DOWN,
        "1.0.1 in set1 is healthy, and nginx does not bring users to it",
        "fream doctor",
    ),
    (
        {"users": REFUSED, "drift": (PORTS,)},
        DOWN,
        "1.0.1 in set1 is healthy, and nginx does not bring users to it",
        "fream up --recreate",
    ),
    (
        {"users": BAD},
        DOWN,
        "1.0.1 in set1 is healthy, and nginx does not bring users to it",
        "fream logs live",
    ),
    (
        {"certificates": (EXPIRED,)},
        DOWN,
        "browsers let nobody in, as each certificate has expired",
        "fream certificates",
    ),
    # Users are served, and something is wrong.
    ({"foreign": FOREIGN, "users": None}, DEGRADED, "It is another folder's", "fream adopt"),
    ({"fault": SICK}, DEGRADED, SICK.what, "fream logs live"),
    ({"infra": ("mysql is exited",)}, DEGRADED, "mysql is exited", "fream up infra"),
    (
        {"certificates": (EXPIRES, SELF, EXPIRED)},
        DEGRADED,
        "the certificate of a.b has expired",
        "fream certificates",
    ),
    (
        {"certificates": (SELF, MISSING)},
        DEGRADED,
        "the certificate of c.d is missing",
        "fream certificates",
    ),
    (
        {"certificates": (EXPIRES, SELF)},
        DEGRADED,
        "the certificate of c.d is self-signed",
        "fream certificates",
    ),
    (
        {"certificates": (EXPIRES,)},
        DEGRADED,
        "the certificate of a.b expires soon",
        "fream certificates",
    ),
    (
        {"failing": ("1.0.1", "fream rollback")},
        DEGRADED,
        "users fare worse on 1.0.1 than before",
        "fream rollback",
    ),
    (
        {"ailing": (Ailing("set1-worker is dead", "fream logs set1-worker"),)},
        DEGRADED,
        "set1-worker is dead",
        "fream logs set1-worker",
    ),
    ({"disorder": ("set2 is overdue",)}, DEGRADED, "set2 is overdue", "fream recover"),
    (
        {"unreadable": ConfigurationError("Compose cannot read it", next_step="Correct .env")},
        DEGRADED,
        "Compose cannot read it",
        "Correct .env",
    ),
    (
        {"drift": (PATH,)},
        DEGRADED,
        "health path changed, and what is set does not hold yet",
        "the next fream switch",
    ),
    (
        {"drift": (BROKEN,)},
        DEGRADED,
        "nginx refuses nginx/site.d/a.conf:1, and what is set does not hold yet",
        "correct it, then: fream reload",
    ),
    (
        {"unsure": ("the notes cannot be read",)},
        DEGRADED,
        "the notes cannot be read",
        "fream doctor",
    ),
]


@pytest.mark.parametrize(("seen", "level", "what", "fix"), ROWS)
def test_the_verdict_is(seen: dict[str, Any], level: Level, what: str, fix: str) -> None:
    facts = replace(WELL, **seen)

    found = judge(facts)

    assert (found.level, found.what, found.fix) == (level, what, fix)
    assert found.users_get == (facts.users.text if facts.users else "")


def test_whatever_is_wrong_besides_an_outage_is_told_first() -> None:
    everything = {name: value for seen, *_ in ROWS for name, value in seen.items()}
    known = {"foreign": None, "drift": (), "stopped": True, "empty": False}

    assert judge(replace(WELL, **(everything | SILENT | known))).what == "nginx is stopped"


def test_nobody_is_called_served_who_is_not() -> None:
    for users in (REFUSED, BAD, UsersGet("no answer for 2 s"), UsersGet("HTTP 502", 502)):
        for seen, *_ in ROWS:
            facts = replace(WELL, **{**seen, "users": users})
            assert facts.foreign or judge(facts).level is Level.DOWN


@pytest.mark.parametrize(("level", "code"), [("well", 0), ("degraded", 1), ("down", 2)])
def test_a_level_has_its_exit_code(level: str, code: int) -> None:
    assert Level(level).exit_code == code


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"certificates": (EXPIRED,)}, 7),
        ({"certificates": (EXPIRES,)}, 0),
        ({"certificates": (EXPIRED,), "closed": "since noon"}, 0),
        ({"users": REFUSED}, 7),
    ],
)
def test_what_is_down_though_all_is_healthy_is_a_failure(facts: dict[str, Any], code: int) -> None:
    made = replace(WELL, **facts)

    found = beyond_nginx(made, judge(made))

    assert (found.exit_code if found else 0) == code
