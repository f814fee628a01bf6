"""The watch, as a person sees it."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from fream_compose.cli.views.watch import plain, sparkline, view
from fream_compose.docker.facts import Container
from fream_compose.nginx.traffic import SetTraffic
from fream_compose.operations.status import LiveStatus, Status
from fream_compose.operations.watch import Frame

LIVE = LiveStatus("set1", "1.0.0", "", "id", "", True, "/products HTTP 200 in 3 ms")
IDLE = Container(
    "i", "shop-app-set2", "set2", "running", "Up 2 seconds", "h:5000/fream:1.0.1@sha256:1"
)
STATUS = Status(LIVE, "set2", "1.30.0", (IDLE,), ("something; type: fream recover",))
BUSY = SetTraffic(120.5, 3, 2.1, 40.0, (0.0, 60.0, 120.5), (1.0, 20.0, 40.0))


def frame(status: Status | None = STATUS, trouble: str = "", draining: str = "") -> Frame:
    traffic = {"set1": BUSY, "set2": SetTraffic()}
    return Frame("2026-01-01T00:00:00+00:00", status, trouble, traffic, draining, 4.2, ())


def shown(found: Frame, width: int = 140) -> str:
    out = StringIO()
    Console(file=out, width=width).print(view(found))
    return out.getvalue()


@pytest.mark.parametrize(
    ("values", "bars"), [((), ""), ((0.0, 0.0), "▁▁"), ((0.0, 5.0, 10.0), "▁▄█"), ((7.0,), "█")]
)
def test_a_sparkline_rises_with_its_values(values: tuple[float, ...], bars: str) -> None:
    assert sparkline(values) == bars


def test_a_terminal_sees_both_sets_with_their_traffic() -> None:
    text = shown(frame())

    assert "1.0.0 in set1 serves, healthy" in text
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "live" in rows["set1"]
    for part in ("/products HTTP 200", "120.5", "▁▄█", "2.1", "40.0"):
        assert part in rows["set1"]
    for part in ("idle", "1.0.1", "Up 2 seconds"):
        assert part in rows["set2"]
    assert "! something; type: fream recover" in text


def test_a_narrow_terminal_is_no_error() -> None:
    assert "set1" in shown(frame(), width=40)


def test_a_log_gets_one_line_with_the_sets_that_serve() -> None:
    line = plain(frame())

    assert "set1 120.5/s, 3 errors, p50/p99 2.1/40 ms" in line
    assert "set2 0/s" not in line
    assert "\n" not in line


def test_a_drain_is_told_while_it_lasts() -> None:
    assert "draining: set1 for 4s" in plain(frame(draining="set1"))
    assert "draining: set1 for 4s" in shown(frame(draining="set1"))
    assert "draining" not in plain(frame())


def test_what_is_wrong_is_told_in_place_of_the_status() -> None:
    found = frame(status=None, trouble="Docker could not list the containers")

    assert "Docker could not list the containers" in plain(found)
    assert "Docker could not list the containers" in shown(found)
