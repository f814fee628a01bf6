"""Renewals and releases under HTTP/2 load, and the figures that they are judged by."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from load import Load, Mix, Report
from load.mix import Pace
from tests.stories.https_site import PATH, SHOP, Site
from tests.stories.waiting import eventually

MIX = Mix.only(http2=10, new=2, keepalive=2)
PACE = Pace(new=0.1, keepalive=0.1, http2=0.02)
LONG = 3 * 3600.0


@dataclass(frozen=True)
class Plan:
    """So many renewals, releases and requests over HTTP/2, at least."""

    renewals: int
    switches: int
    requests: int

    def releases_at(self) -> list[int]:
        """Behind which renewals there is a release."""
        return [turn * self.renewals // self.switches for turn in range(1, self.switches + 1)]


@dataclass(frozen=True)
class Figures:
    """What came of a plan."""

    plan: Plan
    report: Report
    workers_replaced: bool

    @property
    def requests(self) -> int:
        """Answers over HTTP/2."""
        return self.report.latencies["http2"].count

    @property
    def seen(self) -> int:
        """Renewals whose certificate was shown in a handshake."""
        return len(self.report.certificates) - 1

    @property
    def cut(self) -> int:
        """Connections that nginx ended by itself."""
        return sum(self.report.closes.values())

    def lines(self) -> Iterator[str]:
        """For people."""
        plan, report = self.plan, self.report
        handshakes = sum(report.certificates.values())
        yield f"{plan.renewals} renewals and {plan.switches} switches in {report.seconds:.0f} s"
        yield f"requests over HTTP/2: {self.requests:,}; all: {report.served:,}"
        yield f"failed: {report.failed}; connections that nginx ended: {self.cut}"
        yield f"workers of nginx replaced: {'some' if self.workers_replaced else 'none'}"
        seen = f"{self.seen} of {plan.renewals}, in {handshakes:,}"
        yield f"renewals that new handshakes showed: {seen}"

    def shortfalls(self) -> list[str]:
        """What is not as promised."""
        found = {
            f"{self.report.failed} requests failed": self.report.failed > 0,
            f"nginx ended {self.cut} connections": self.cut > 0,
            "nginx has other workers": self.workers_replaced,
            f"only {self.requests:,} requests over HTTP/2": self.requests < self.plan.requests,
            f"handshakes showed {self.seen} renewals": self.seen != self.plan.renewals,
        }
        return [words for words, wrong in found.items() if wrong]


def carry_out(plan: Plan, site: Site, release: Callable[[], object]) -> Figures:
    """Renew by force, again and again, and release now and then, under load."""
    workers, releases = site.workers(), plan.releases_at()
    with Load(site.https_port, MIX, LONG, paths=(PATH,), pace=PACE, https=site.https()) as load:
        load.wait_for(50)
        for turn in range(1, plan.renewals + 1):
            load.mark(f"renewal {turn}")
            site.fream("certificates", "renew", "--force", SHOP)
            _wait_until_shown(load, site.certificate()["sha256"])
            if turn in releases:
                load.mark(f"release after renewal {turn}")
                release()
        load.mark("all done")
        eventually(lambda: load.served_to("http2") >= plan.requests, seconds=LONG)
    return Figures(plan, load.report, site.workers() != workers)


def _wait_until_shown(load: Load, certificate: str) -> None:
    """Until a client was shown a certificate; one that was not within ten seconds is told later."""
    deadline = time.monotonic() + 10
    while certificate not in load.certificates and time.monotonic() < deadline:
        time.sleep(0.01)
