"""`fream` with a stopwatch on its own functions.

python -m benchmarks.traced FILE ARGUMENTS... runs fream with the arguments and writes to
FILE what it did, in order. A function that fream no longer
has ends the run: a stopwatch that hooks nothing measures nothing.
"""

import time

_FIRST = time.monotonic()

import atexit  # noqa: E402
import functools  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

FUNCTIONS = (
    "docker.project.open_project",
    "docker.containers.Containers.all",
    "docker.containers.Containers.members",
    "docker.images.Images.named",
    "docker.images.Images.fetch",
    "docker.containers.Containers.connections",
    "docker.containers.Containers.follow",
    "docker.compose.Compose.start",
    "docker.compose.Compose.remove",
    "docker.containers.Containers.execute",
    "docker.images.Images.local_images",
    "docker.containers.Containers.signal",
    "docker.containers.Containers.processes",
    "nginx.proxy.Proxy.state",
    "nginx.proxy.Proxy.test",
    "nginx.proxy.Proxy.drain",
    "nginx.proxy.Proxy.serve",
    "operations.health.wait_until_healthy",
    "operations.checks.Checks.again",
    "project.envfile.EnvFile.update",
    "nginx.recorder.Recorder.evidence",
    "project.history.History.add",
    "interruption.Interruption.wait",
    "operations.switch.Switch.run",
)


class Stopwatch:
    """The calls that were made: name, beginning, seconds, and seconds without inner calls."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.spans: list[dict[str, Any]] = []
        self._threads = threading.local()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with each call noted."""

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            began = time.monotonic()
            self._inner().append(0.0)
            try:
                return function(*arguments, **named)
            finally:
                self._note(name, began)

        return call

    def _note(self, name: str, began: float) -> None:
        seconds = time.monotonic() - began
        inner = self._inner().pop()
        if outer := self._inner():
            outer[-1] += seconds
        beside = threading.current_thread() is not threading.main_thread()
        self.add(f"{name} (beside)" if beside else name, began, seconds, seconds - inner)

    def _inner(self) -> list[float]:
        """Seconds of inner calls, for each call under way in this thread."""
        if not hasattr(self._threads, "inner"):
            self._threads.inner = []
        found: list[float] = self._threads.inner
        return found

    def add(self, name: str, began: float, seconds: float, own: float) -> None:
        """Note something that took a while; began is on the monotonic clock."""
        self.spans.append({"name": name, "at": began - self.began, "seconds": seconds, "own": own})


def hook(watch: Stopwatch, path: str) -> None:
    """Raises ImportError or AttributeError for what fream no longer has."""
    owner, name = owner_of(path)
    title = ".".join(part for part in path.split(".")[-2:] if part[0].isupper() or part == name)
    setattr(owner, name, watch.timed(title, getattr(owner, name)))


def owner_of(path: str) -> tuple[Any, str]:
    """Where the last name of a path is: in a module of fream, or in a class there."""
    place, _, name = path.rpartition(".")
    module, _, kind = place.rpartition(".")
    if kind[:1].isupper():
        return getattr(importlib.import_module(f"fream_compose.{module}"), kind), name
    return importlib.import_module(f"fream_compose.{place}"), name


def _imported(watch: Stopwatch, title: str, *modules: str) -> None:
    began = time.monotonic()
    for module in modules:
        importlib.import_module(module)
    seconds = time.monotonic() - began
    watch.add(title, began, seconds, seconds)


def _peak_kib() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def _write(watch: Stopwatch, file: Path) -> None:
    told = {"spans": watch.spans, "peak_kib": _peak_kib(), "ended": time.monotonic() - watch.began}
    file.write_text(json.dumps(told), encoding="utf-8")


def main() -> None:
    """Patch, then hand over to fream."""
    file = Path(sys.argv.pop(1))
    watch = Stopwatch(float(os.environ["BENCHMARK_BEGAN"]))
    watch.add("interpreter", watch.began, _FIRST - watch.began, _FIRST - watch.began)
    _imported(watch, "import the command line", "fream_compose.cli.app")
    _imported(watch, "import requests", "requests")
    _imported(watch, "import pydantic", "pydantic")
    _imported(
        watch,
        "import fream's modules",
        "fream_compose.operations.switch",
        "fream_compose.project.history",
    )
    _imported(watch, "import python-on-whales", "python_on_whales")
    atexit.register(_write, watch, file)
    for path in FUNCTIONS:
        hook(watch, path)
    sys.argv[0] = "fream"
    importlib.import_module("fream_compose.cli.app").main()


if __name__ == "__main__":
    main()
