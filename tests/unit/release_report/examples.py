"""Releases that ended in every way, as their reports have them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from fream_compose.nginx.evidence import Evidence, Tally
from fream_compose.project.entry import Entry, HookRun, Kind, Result
from fream_compose.release import SetName
from fream_compose.release_report.facts import ReleaseReport, StepTaken
from tests.fakes.log import access_line

BEGAN = 1_795_000_000.0  # Unix seconds
STEPS = [
    ("Pull 1.4.2", "pull", 1.9),
    ("Run the hooks before start", "before_start", 2.4),
    ("Start set2", "start", 0.8),
    ("Check the health of set2", "health", 6.2),
    ("Check set2 through nginx", "through-nginx", 0.1),
    ("Warm up set2", "warm-up", 1.1),
    ("Test the nginx configuration", "test-nginx", 0.3),
    ("Look at set2 once more", "again", 0.1),
    ("Cut over to set2", "cut-over", 0.2),
    ("Drain set1", "drain", 2.1),
    ("Guard set2", "guard", 3.0),
    ("Stop and remove set1", "retire", 1.2),
    ("Remove images of past releases", "prune", 0.2),
]
RUN = Entry(
    "20261118T090640Z-3f9a1c",
    "1.4.2@sha256:" + "4b" * 32,
    "set2",
    "1.4.1@sha256:" + "2c" * 32,
    "2026-11-18T09:06:40+00:00",
    20.1,
    Result.DONE,
    "kim@shop-1 (jenkins-shop-214)",
    images={"registry.example/shop:1.4.2": "sha256:" + "4b" * 32},
    note="Prices with two decimals",
    command="fream switch 1.4.2",
)
LOG = tuple(
    f"2026-11-18T09:06:{45 + n} INFO  [main] com.example.shop.Application  retry {n} of 9: "
    "connection to jdbc:mysql://shop-mysql:3306/shop refused"
    for n in range(9)
)


def steps(until: str = "", fails: bool = False, seconds: float = 0.0) -> tuple[StepTaken, ...]:
    """The steps up to one; the last one failed, or took so long."""
    taken, now = [], 0.3
    for title, name, lasts in STEPS:
        last = name == until
        took = seconds if last and seconds else lasts
        taken.append(StepTaken(title, name, round(now, 3), took, failed=last and fails))
        now += took + 0.02
        if last:
            break
    return tuple(taken)


def cut_over_at(taken: tuple[StepTaken, ...]) -> float | None:
    """When the cut-over was, in seconds from the begin."""
    return next((step.began + 0.1 for step in taken if step.id == "cut-over"), None)


def lines(
    ended: float, cut: float | None, per_second: int, new_fails: float, back: float | None
) -> Iterator[str]:
    """What nginx logged of a busy shop; always the same."""
    dice = random.Random(7)
    for number in range(round((ended + 30) * per_second)):
        at = -30 + number / per_second + dice.random() / per_second
        if dice.random() > 0.8 + 0.2 * ((at // 4) % 2):
            continue
        new = cut is not None and cut <= at and (back is None or at < back)
        slow = dice.lognormvariate(-5.0 if new else -4.7, 0.6)
        slow += dice.random() * 0.2 if new and cut and at < cut + 1.5 else 0
        status = 500 if new and dice.random() < new_fails else 200
        name = "set2" if new else "set1"
        yield access_line(BEGAN + at + slow, name, status, seconds=round(slow, 3))


@cache
def evidence(
    ended: float,
    cut: float | None,
    per_second: int = 120,
    new_fails: float = 0.0,
    back: float | None = None,
) -> Evidence:
    """Of a switch that ended so many seconds after its begin."""
    tally = Tally(BEGAN)
    for line in lines(ended, cut, per_second, new_fails, back):
        tally.read(line)
    return tally.evidence(BEGAN + ended, None if cut is None else BEGAN + cut, SetName.SET2)


def report(run: Entry, taken: tuple[StepTaken, ...], found: Evidence | None) -> ReleaseReport:
    """The report of a run."""
    row = replace(
        run,
        steps={step.title: step.seconds for step in taken if not step.failed},
        step_ids={step.title: step.id for step in taken},
        evidence=found.to_json() if found else {},
    )
    return ReleaseReport(row, "shop", "shop-1", taken, found.series if found else None)


def good() -> ReleaseReport:
    """A release that nobody noticed."""
    taken = steps()
    return report(RUN, taken, evidence(20.1, cut_over_at(taken)))


def rollback() -> ReleaseReport:
    """A way back, without a word of who or why."""
    run = replace(RUN, kind=Kind.ROLLBACK, version="1.4.1", replaced="1.4.2", note="", command="")
    return report(run, steps(), evidence(20.1, 13.0))


def never_healthy() -> ReleaseReport:
    """A release that was undone."""
    taken = steps("health", fails=True, seconds=100.0)
    why = (
        "The new release was not healthy within 100 s: GET /products: HTTP 404\n"
        "It answers, but not as its health check wants it"
    )
    run = replace(
        RUN,
        seconds=107.9,
        result=Result.FAILED,
        why=why,
        error="UnhealthyError",
        exit_code=6,
        failed_step="health",
    )
    found = report(run, taken, evidence(107.9, None, per_second=30))
    serving = "1.4.1 in set1, as before"
    return replace(found, log=LOG, serving=serving, next_step="Is HEALTH_CHECK_POINT right?")


def cut_back() -> ReleaseReport:
    """A release that failed after its cut-over."""
    taken = steps("guard", fails=True)
    why = (
        "The new release failed after the cut-over: Of its requests 97 of 240 (40.4%) failed\n"
        "96 requests failed; users went without a good answer for 0.1 s at most"
    )
    run = replace(
        RUN,
        result=Result.CUT_BACK,
        why=why,
        error="GuardError",
        exit_code=8,
        failed_step="guard",
        warnings=("The new release failed after the cut-over: of its requests 97 of 240 failed",),
    )
    found = report(run, taken, evidence(20.1, cut_over_at(taken), new_fails=0.4, back=17.0))
    return replace(found, log=LOG[:4], serving="1.4.1 in set1", next_step="fream logs idle")


def failing() -> ReleaseReport:
    """A release that stayed, and that users fare worse on."""
    taken = steps()
    run = replace(RUN, result=Result.FAILING, exit_code=11)
    return report(run, taken, evidence(20.1, cut_over_at(taken), new_fails=0.08))


def cancelled() -> ReleaseReport:
    """A release that somebody did not want any more."""
    run = replace(RUN, result=Result.CANCELLED, why="Interrupted by SIGINT", error="InterruptedRun")
    return report(run, steps("start"), evidence(5.4, None))


def without_traffic() -> ReleaseReport:
    """A release that nobody was there for."""
    return report(RUN, steps(), Tally(BEGAN).evidence(BEGAN + 20.1, BEGAN + 15, SetName.SET2))


def without_evidence() -> ReleaseReport:
    """A release whose log could not be read."""
    missing = "nginx's log cannot be read: no such container"
    return report(RUN, steps(), Evidence(missing=missing))


def first() -> ReleaseReport:
    """The first release, of which nothing was recorded."""
    return report(replace(RUN, replaced="", set="set1"), steps(), None)


def several() -> ReleaseReport:
    """Several services, hooks, warnings, and a long time."""
    images = {f"registry.example/{name}:1.4.2": f"sha256:{n:064x}" for n, name in enumerate("abc")}
    hooks = (
        HookRun("before_start", "before start 1 (./manage, release)", 2.4, "done", "migrated\n"),
        HookRun("after_cut_over", "after cut over 1 (curl, host)", 0.2, "exit code 22", "404\n"),
        HookRun("after_release", "after release 1 (slack, host)", 0.4, "done", ""),
    )
    said = ("a hook failed: The hook after cut over 1 (curl, host) failed (exit code 22)",)
    run = replace(RUN, images=images, hooks=hooks, warnings=said, seconds=1804.0)
    held = StepTaken("Hold before the cut-over", "hold", 20.0, 1770.0)
    taken = (*steps("again"), held, StepTaken("Cut over to set2", "cut-over", 1790.1, 0.2))
    return report(run, taken, evidence(1804.0, 1790.2, per_second=4))


HOSTILE = (
    "</script></style></title><script>alert(1)</script>"
    "<img src=https://evil.example/x onerror=alert(1)>\u202egnp.exe\u2066 `code` ```\n"
    "<!channel> @here *bold* _it_ [a](javascript:alert(1)) | & \"quoted\" 'so' \x00\x1b[2J"
)
LONG = "a-very-long-name-without-a-place-to-break-" * 6


def hostile() -> ReleaseReport:
    """Words of others in every place that has them."""
    hook = HookRun("after_release", HOSTILE, 0.1, HOSTILE, HOSTILE)
    run = replace(
        RUN,
        by=HOSTILE,
        note=HOSTILE,
        command=HOSTILE,
        why=HOSTILE,
        result=Result.FAILED,
        failed_step=HOSTILE,
        error=HOSTILE,
        warnings=(HOSTILE, "```\n@channel"),
        hooks=(hook,),
        images={HOSTILE: HOSTILE},
        replaced=HOSTILE,
        no_way_back=HOSTILE,
    )
    taken = (StepTaken(HOSTILE, HOSTILE, 0.0, 1.0, failed=True),)
    found = report(run, taken, evidence(20.1, 13.0))
    log = (HOSTILE, "```", "~~~", "    ````js")
    found = replace(found, project=HOSTILE, server=HOSTILE, log=log)
    return replace(found, serving=HOSTILE, next_step=HOSTILE)


def long_names() -> ReleaseReport:
    """Names that no line has room for."""
    run = replace(
        good().run,
        version=LONG[:128],
        by=LONG,
        note=LONG,
        command=f"fream switch {LONG}",
        result=Result.FAILED,
        why=LONG,
        warnings=(LONG,),
        images={LONG: "sha256:" + "4b" * 32},
    )
    taken = tuple(replace(step, title=f"{step.title} {LONG}") for step in steps())
    return replace(good(), run=run, steps=taken, log=(LONG,), project=LONG, server=LONG)


EVERY = {
    each.__name__: each
    for each in (
        *(good, rollback, never_healthy, cut_back, failing, cancelled, without_traffic),
        *(without_evidence, first, several, hostile, long_names),
    )
}
