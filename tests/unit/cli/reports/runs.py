"""A release as its steps tell of it, with a clock that goes when it is told to."""

from __future__ import annotations

import contextlib

from fream_compose.errors import UnhealthyError
from fream_compose.report import Heading, Move, Place, Report, Step
from tests.fakes.screen import Clock

HEADING = Heading("fream switch --version 1.0.1", "shop", "server1", "anna@server1", "the new cart")
MOVE = Move(
    "1.0.0 (0badcafe0000) in set1", "1.0.1 (0badcafe0001) in set2", "20261127T110935Z-3f9a1c"
)
FORBIDDEN = "::set-output name=token::1\n  ::error::not ours ##[add-mask]x"


def running(
    title: str, number: int = 3, limit: float = 0.0, latest: str = "", count: int = 13
) -> Step:
    return Step(title, place=Place("x", number, count), limit=limit, latest=latest)


# Each with the seconds that it has run.
STEPS = (
    (running("Pull 1.0.1", 1), 0.4),
    (running("Pull 1.0.1", 1, 1800), 75),
    (
        running("Check the health of set1", limit=100, latest="last check: HTTP 404 (/products)"),
        34,
    ),
    (
        running(
            "Check the health of set1",
            limit=100,
            latest='last check: HTTP 500: {"error": "상품을 찾을 수 없습니다"} (/products)',
        ),
        34,
    ),
    (running("Drain set1", 9, 60, "3 connections, 26 s left"), 34),
    (running("Guard set2", 10, 5, "0 of 1,204 (0.0%) failed since the cut-over"), 3),
    (running("Hold before the cut-over", 7, 1800), 725),
    (running("Remove the images of past releases", 13), 12),
    (running("Run the hooks before cut over", 6, 60, "1 of 2: ./migrate, release"), 12),
    (
        Step(
            "Wait for another run",
            limit=600,
            latest="[9/13] Check set2 through nginx",
        ),
        34,
    ),
    (running("Hand over to set2-worker-of-emails, set2-scheduler-of-the-night", 8, 90), 34),
)


def a_release(report: Report, clock: Clock, fails: bool) -> None:
    """The steps of a release, the third of which may fail."""
    report.clock = clock
    report.begin(HEADING)
    report.decided(MOVE)
    with report.step("Pull 1.0.1", Place("pull", 1, 4), 1800) as step:
        clock.now += 2.14
        step.detail = "1.0.1 (0badcafe0001)"
    with report.step("Start set2", Place("start", 2, 4), 180):
        clock.now += 0.8
    report.warn("x-fream.health.timeout is longer than a day; is that meant?")
    report.note(FORBIDDEN)
    with contextlib.suppress(UnhealthyError):
        with report.step("Check the health of set2", Place("health", 3, 4), 100) as step:
            clock.now += 34
            step.saw("last check: HTTP 404 (/products)")
            if fails:
                raise UnhealthyError("The new release was not healthy within 100 s")
            step.detail = "/products HTTP 200, worker: accepts connections, and more of that"
        with report.step("Cut over to set2", Place("cut-over", 4, 4), 15) as step:
            clock.now += 0.06
            step.detail = "confirmed by nginx"
