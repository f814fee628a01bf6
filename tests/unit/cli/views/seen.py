"""A shop as it may be seen: what the screens are made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fream_compose.cli.colour import Tone
from fream_compose.cli.form import Form
from fream_compose.docker.facts import Container
from fream_compose.nginx.certificates import Verdict
from fream_compose.nginx.maintenance import Maintenance
from fream_compose.nginx.traffic import SetTraffic
from fream_compose.operations.certificates import HostCertificate
from fream_compose.operations.drift import Drift
from fream_compose.operations.overall import Level, Overall
from fream_compose.operations.status import LiveStatus, Status
from fream_compose.operations.watch import Frame
from fream_compose.project.entry import Entry, Kind, Result
from fream_compose.project.finishing import Finishing
from fream_compose.project.progress import Progress
from fream_compose.release import SetName
from fream_compose.text import plain

NOW = datetime(2026, 11, 27, 11, 12, 13, tzinfo=UTC)
LIVE = LiveStatus(
    "set1",
    "1.0.1",
    "sha256:4f1c2d7a90b3e5",
    "20261127T094500Z-abcdef",
    "2026-11-27T09:45:00+00:00",
    healthy=True,
    health="/products HTTP 200 in 3 ms",
)


def container(service: str, image: str, status: str = "Up 2 days (healthy)") -> Container:
    state = "running" if status.startswith("Up") else "exited"
    return Container(f"id-{service}", f"shop-{service}", service, state, status, image)


WELL = Status(
    live=LIVE,
    idle="set2",
    nginx="1.30.0",
    containers=(
        container("mysql", "mysql:8.4"),
        container("nginx", "nginx:1.30"),
        container("set1", "127.0.0.1:5000/fream:1.0.1@sha256:4f1c", "Up 1 hour"),
        container("set1-worker", "127.0.0.1:5000/fream:1.0.1@sha256:4f1c", "Up 1 hour"),
        container("set2", "127.0.0.1:5000/fream:1.0.0@sha256:77aa", "Up 4 hours"),
    ),
    notices=(),
    verdict=Overall(Level.WELL, "1.0.1 in set1 serves", "HTTP 200"),
    project="shop",
    infra=("mysql", "nginx"),
    warm_until="2026-11-27T11:45:00+00:00",
    certificates=(
        HostCertificate("shop.example.com", Verdict.OK, "acme", "Let's Encrypt R11", 61),
    ),
)
DOWN = replace(
    WELL,
    nginx="no answer: connection refused",
    containers=(
        container("mysql", "mysql:8.4"),
        container("nginx", "nginx:1.30", "Exited (0) 4 seconds ago"),
        *WELL.containers[2:4],
    ),
    notices=("nginx is not running; type: fream recover",),
    verdict=Overall(Level.DOWN, "nginx is stopped", "connection refused", "fream up"),
    warm_until="",
    certificates=(),
)
BUSY = replace(
    WELL,
    verdict=Overall(
        Level.DEGRADED,
        "the certificate of shop.example.com expires soon",
        "HTTP 200",
        "fream certificates",
    ),
    warm_until="",
    certificates=(
        HostCertificate(
            "shop.example.com",
            Verdict.EXPIRES,
            "acme",
            "Let's Encrypt R11",
            5,
            failures=3,
            error="DNS problem: NXDOMAIN looking up A for shop.example.com",
        ),
    ),
    finishing=(Finishing("c", "set2-worker", SetName.SET2, "2026-11-27T11:20:00+00:00", "then"),),
    drift=(Drift("health path", "/products", "/up", "the next fream switch"),),
    at_work=True,
    run=Progress(
        "r",
        "fream switch --version 1.0.2",
        "Wait for set2 to become healthy",
        by="deploy@server (build-117)",
        since="2026-11-27T11:11:33+00:00",
        step_since="2026-11-27T11:11:39+00:00",
        number=3,
        of=7,
        limit=100,
        latest="last check: HTTP 404 (/products)",
    ),
)
CLOSED = replace(
    WELL,
    verdict=Overall(
        Level.DOWN,
        "closed on purpose since 2026-11-27 11:02:13",
        "HTTP 503 (maintenance)",
        "fream maintenance off",
    ),
    maintenance=Maintenance("20261127T110213Z-abcdef", "곧 돌아옵니다. We are back at noon."),
)
STATES = {"well": WELL, "down": DOWN, "busy": BUSY, "closed": CLOSED}


def form(width: int = 0, colour: bool = False, ascii_only: bool = False) -> Form:
    """As a terminal shows it; colours as words in brackets."""

    def paint(text: str, tone: Tone) -> str:
        return f"<{tone.name}>{text}</>" if colour else text

    return Form(width, paint, plain if ascii_only else str)


def entry(number: int, result: Result, **more: Any) -> Entry:
    return Entry(
        id=f"20261127T0{number}4500Z-abcde{number}",
        version=f"1.0.{number}@sha256:{number}",
        set=("set1", "set2")[number % 2],
        replaced="",
        started=f"2026-11-27T0{number}:45:00+00:00",
        seconds=2.3 * number**3,
        result=result,
        by="deploy@server (build-117)",
        **more,
    )


EVENTS = (
    entry(1, Result.DONE),
    entry(2, Result.FAILED),
    entry(3, Result.FAILING),
    entry(4, Result.DONE, kind=Kind.ROLLBACK),
    entry(5, Result.INTERRUPTED),
)
RISING = tuple(float(value) for value in range(30))
FLOW = SetTraffic(1204.5, 3, 2.1, 40.0, RISING, tuple(reversed(RISING)))


def frame(status: Status | None = WELL, flow: SetTraffic = FLOW, **more: Any) -> Frame:
    traffic = {"set1": flow, "set2": SetTraffic(rates=(0.0,), p99s=(0.0,))}
    known = {"trouble": "", "draining": "", "draining_seconds": 0.0, "events": EVENTS}
    known["connections"] = {"set1": 12, "set2": 0}
    return Frame(NOW.isoformat(), status, traffic=traffic, **{**known, **more})
