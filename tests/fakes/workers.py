"""Containers beside the app: workers, schedulers and jobs that exist in memory only."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fream_compose.docker.facts import Condition, Container

_NUMBERS = itertools.count(1)


@dataclass
class FakeWorker:
    """A container of a service beside the app. address: where its own ports are reached."""

    service: str
    health: str = ""
    state: str = "running"
    restarts: int = 0
    exit_code: int = 0
    lasting: bool = True
    grace: float = 70.0
    id: str = ""
    started: str = ""
    address: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self.id = f"worker-{next(_NUMBERS)}"
        self.begin()

    def begin(self) -> None:
        """Run, since now."""
        self.started = datetime.now(UTC).isoformat().replace("+00:00", "Z")

    def crash(self) -> None:
        """End, and be started again by Docker."""
        self.restarts, self.exit_code = self.restarts + 1, 3
        self.begin()

    def end(self, exit_code: int = 0) -> None:
        """Stop running; the container stays."""
        self.state, self.exit_code = "exited", exit_code

    @property
    def container(self) -> Container:
        """As Docker lists it."""
        status = "Up 2 minutes" if self.state == "running" else f"Exited ({self.exit_code})"
        name = f"shop-{self.service}-1"
        return Container(self.id, name, self.service, self.state, status, "worker:1")

    @property
    def condition(self) -> Condition:
        """As Docker inspects it."""
        return Condition(
            state=self.state,
            exit_code=self.exit_code,
            restarts=self.restarts,
            id=self.id,
            name=f"shop-{self.service}-1",
            service=self.service,
            started=self.started,
            health=self.health,
            reference="worker:1",
            lasting=self.lasting,
            grace=self.grace,
            address=self.address,
        )


class FakeWorkers:
    """The workers of a project.

    workers: by service. busy: services that go on working when they are told to stop, until
    finish(). never_start: services of which there are to be no containers. crashing: services
    that crash as they start; sick: those whose health check fails. told: what was done to
    them, in order.
    """

    def __init__(self) -> None:
        self.workers: dict[str, FakeWorker] = {}
        self.busy: set[str] = set()
        self.crashing: set[str] = set()
        self.sick: set[str] = set()
        self.never_start: set[str] = set()
        self.told: list[str] = []

    def at_work(self) -> set[str]:
        """The services that run."""
        return {name for name, worker in self.workers.items() if worker.state == "running"}

    def finish(self, service: str, exit_code: int = 0) -> None:
        """What was told to stop ends; unless it was killed, it is removed in the background."""
        self.busy.discard(service)
        self.told.append(f"{service} ended")
        self.workers[service].end(exit_code)
        if exit_code != 137:
            del self.workers[service]

    def add_worker(self, service: str) -> FakeWorker:
        """A container that runs, made without anybody having been told."""
        self.workers[service] = FakeWorker(service)
        return self.workers[service]

    def start_worker(self, service: str) -> None:
        """Create or start it, as Compose does."""
        if service in self.never_start:
            return
        if service not in self.workers:
            self.workers[service] = FakeWorker(service)
        worker = self.workers[service]
        if worker.state != "running":
            worker.state = "running"
            worker.begin()
        worker.health = "unhealthy" if service in self.sick else ""
        self.told.append(f"{service} started")
        if service in self.crashing:
            worker.crash()

    def stop_workers(self, services: Iterable[str], remove: bool) -> None:
        """Stop them, and wait for their end."""
        for service in services:
            if service in self.workers:
                self.workers[service].end()
                if remove:
                    del self.workers[service]

    def let_go(self, container: str, grace: float) -> None:
        """What is not busy ends at once."""
        assert grace > 0
        service = self._service(container)
        self.told.append(f"{service} told to stop")
        if service not in self.busy:
            self.finish(service)

    def end(self, containers: Sequence[Condition]) -> None:
        """Each ends, and is gone."""
        for one in containers:
            del self.workers[one.service]

    def dispose(self, containers: Sequence[str]) -> None:
        """Those that are there go, by force."""
        for service, worker in list(self.workers.items()):
            if worker.id in containers:
                del self.workers[service]

    def _service(self, container: str) -> str:
        return next(name for name, worker in self.workers.items() if worker.id == container)
