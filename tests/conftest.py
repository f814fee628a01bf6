"""The one conftest: the order of the tests, what a failure shows, and where the fixtures are."""

from __future__ import annotations

import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.faults.site import FULL
from tests.faults.table import MATRIX, PLACE
from tests.stories.project import watched

pytest_plugins = [
    "tests.fakes.fixtures",
    "tests.fakes.commands",
    "tests.contract.fixtures",
    "tests.stories.fixtures",
    "tests.stories.acme",
    "tests.faults.fixtures",
    "tests.properties.fixtures",
    "tests.properties.parsers",
]
HERE = Path(__file__).parent
ORDER = ("unit", "properties", "contract", "stories", "faults")  # the quick ones first


def pytest_configure() -> None:
    """Heed what nohup, or a shell that starts this in the background, has us ignore.

    Our children would ignore it, too, and the tests send it to them.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-matrix` writes MATRIX.md from the cases of this run."""
    parser.addoption("--write-matrix", action="store_true", help="write tests/faults/MATRIX.md")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In order, and without what only the full matrix has time for."""
    items.sort(key=lambda item: ORDER.index(_folder(item)))
    for item in items:
        if _folder(item) == "stories":
            item.add_marker(pytest.mark.e2e)
    if not FULL:
        long = [item for item in items if item.get_closest_marker("full_matrix")]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).parts[0]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table, from real results only."""
    if session.config.getoption("--write-matrix", default=False):
        PLACE.write_text(MATRIX.text(), encoding="utf-8")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show containers and logs with a failure, as they are at that moment."""
    report = yield
    if report.failed and call.when != "teardown":
        for project in watched:
            report.sections += list(project.evidence().items())
    return report
