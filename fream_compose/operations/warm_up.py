"""Requests to a release that nobody uses yet, so that its first user is not its slowest."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

from fream_compose import http
from fream_compose.project.x_fream import WarmUp
from fream_compose.report import Saw, unseen
from fream_compose.text import count


def warm_up(
    settings: WarmUp,
    ask: Callable[[str], http.Answer],
    clock: Callable[[], float],
    check: Callable[[], None],
    saw: Saw = unseen,
) -> tuple[int, int]:
    """Ask each path in turn until the requests are done or the time is up.

    ask: GET a path; raises http.Unreachable. check: called between requests; what it
    raises ends the warm-up. saw: gets how many were sent. Returns how many requests were sent
    and how many were not answered, or with 500 and above.
    """
    deadline = clock() + settings.timeout.total_seconds()
    sent = failed = 0
    paths = islice(cycle(settings.paths), settings.requests)
    with ThreadPoolExecutor(settings.concurrency) as pool:
        while clock() < deadline and (batch := list(islice(paths, settings.concurrency))):
            check()
            good = list(pool.map(lambda path: _good(ask, path), batch))
            sent += len(good)
            failed += good.count(False)
            told = f"{sent:,} of {count(settings.requests, 'request')}"
            saw(told + (f", {failed:,} failed" if failed else ""))
    return sent, failed


def _good(ask: Callable[[str], http.Answer], path: str) -> bool:
    try:
        return ask(path).status < 500
    except http.Unreachable:
        return False
