"""The kinds of health check, behind one interface: each looks once at a service of a set."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from fream_compose import grpc_health, http, tcp, times
from fream_compose.docker.facts import Condition
from fream_compose.errors import ConfigurationError
from fream_compose.operations import hints, inside
from fream_compose.operations.health import Seen, fault_of
from fream_compose.operations.service import Service
from fream_compose.project.health_settings import Health
from fream_compose.project.release_services import APP
from fream_compose.secrecy import hidden

Check = Callable[[], None]
_TOLD = 300  # characters of what a command or Docker's health check printed


class Kind(Protocol):
    """One way to look. where: what is asked, for a person who reads of it."""

    @property
    def where(self) -> str: ...
    def look(self, seconds: float, check: Check = ...) -> Seen: ...


def kind_of(service: Service, health: Health) -> Kind:
    """How a service is looked at. Each look may raise EngineError where Docker is asked."""
    kinds: dict[str, Callable[[Service, Health], Kind]] = {
        "http": Http,
        "tcp": Tcp,
        "grpc": Grpc,
        "docker": Docker,
        "command": Command,
    }
    return kinds[health.by](service, health)


def reject_missing(checks: Mapping[str, Health]) -> None:
    """Raise ConfigurationError for a kind of check that this server cannot do."""
    asked = [name for name, health in checks.items() if health.by == "grpc"]
    if asked and not grpc_health.installed():
        raise ConfigurationError(
            f"The health of {' and '.join(asked)} is asked by grpc, and grpcio is not installed",
            "It is the library of gRPC, which fream needs for nothing else",
            next_step=grpc_health.INSTALL,
        )


class _OfPort:
    """What a port of the service is asked; no answer is a fault, and its place looked up anew."""

    scheme = ""

    def __init__(self, service: Service, health: Health) -> None:
        self._service = service
        self._health = health

    @property
    def where(self) -> str:
        return f"{self.scheme}{self._address}"

    @property
    def _address(self) -> str:
        host, port = self._service.place(self._health.port)
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def look(self, seconds: float, check: Check = lambda: None) -> Seen:
        began = time.monotonic()
        try:
            return self._ask(seconds, check, began)
        except http.Unreachable as error:
            fault = str(error)
            self._service.forget()
            return Seen(fault=fault, hint=lambda: self._hint(fault))

    def _ask(self, seconds: float, check: Check, began: float) -> Seen:
        raise NotImplementedError

    def _hint(self, fault: str) -> str:
        return hints.of_silence(self._service, self._health.port, fault)


class Http(_OfPort):
    """GET on a path."""

    scheme = "GET http://"

    @property
    def where(self) -> str:
        return f"{super().where}{self._health.path}"

    def _ask(self, seconds: float, check: Check, _began: float) -> Seen:
        url = f"http://{self._address}{self._health.path}"
        answer = http.get(url, seconds, self._health.headers, check)
        return of_answer(answer, self._health, self._service.name)


class Tcp(_OfPort):
    """A connection, and nothing sent on it."""

    scheme = "TCP "

    def _ask(self, seconds: float, check: Check, began: float) -> Seen:
        tcp.connect(*self._service.place(self._health.port), seconds, check)
        return Seen("accepts connections", seconds=time.monotonic() - began)


class Grpc(_OfPort):
    """The standard health service of gRPC."""

    scheme = "gRPC health of "

    def _ask(self, seconds: float, check: Check, began: float) -> Seen:
        place = self._service.place(self._health.port)
        told = grpc_health.status(*place, self._health.service, seconds, check)
        return Seen(told, "" if told == "SERVING" else told, time.monotonic() - began)

    def _hint(self, fault: str) -> str:
        return hints.of_grpc(self._service, self._health.port, fault)


class Docker:
    """What Docker says of the container's own health check."""

    def __init__(self, service: Service, _health: Health) -> None:
        self._service = service

    @property
    def where(self) -> str:
        return f"Docker's health check of {self._service.service}"

    def look(self, _seconds: float, _check: Check = lambda: None) -> Seen:
        condition = self._service.condition()
        if not condition.health and condition.state == "running":
            fault = "its container has none"
            return Seen(fault=fault, final=True, hint=lambda: _NO_HEALTHCHECK)
        if condition.health == "healthy":
            return Seen("healthy")
        return Seen(fault=self._fault(condition))

    def _fault(self, condition: Condition) -> str:
        printed = self._service.project.containers.last_health_check(self._service.container)
        told = _end_of(printed)
        return f"it says {condition.health or condition.state}" + (f": {told}" if told else "")


class Command:
    """A command in the container; it may always take as long as the settings say."""

    def __init__(self, service: Service, health: Health) -> None:
        self._service = service
        self._words = health.command
        self._seconds = health.request_timeout.total_seconds()

    @property
    def where(self) -> str:
        return f"{self._words[0]} in {self._service.container}"

    def look(self, seconds: float, check: Check = lambda: None) -> Seen:
        began, limit = time.monotonic(), max(seconds, self._seconds)
        service = self._service
        code, printed = inside.run(service.project, service.container, self._words, limit, check)
        told = _end_of(printed)
        if code is None:
            fault = f"it did not end within {times.limit(limit)}, and was ended"
            return Seen(fault=fault + (f": {told}" if told else ""), hint=lambda: _HANGS)
        if code == 0:
            return Seen("exit code 0", seconds=time.monotonic() - began)
        hint = _NO_COMMAND if code in (126, 127) else ""
        return Seen(fault=f"exit code {code}" + (f": {told}" if told else ""), hint=lambda: hint)


_NO_HEALTHCHECK = (
    "Give the service a healthcheck in app.yaml, or its image a HEALTHCHECK, or choose another "
    "health.by"
)
_HANGS = "What it waits for does not answer, or it takes longer: request_timeout of the health"
_NO_COMMAND = "The command must be in the image, and its user able to run it"


def of_answer(answer: http.Answer, health: Health, name: str = APP) -> Seen:
    """What an answer over HTTP means. name: of the service."""
    return Seen(
        f"HTTP {answer.status}",
        fault_of(answer, health),
        answer.seconds,
        hint=lambda: hints.of_answer(answer, name),
    )


def _end_of(printed: str) -> str:
    """The end of what was printed, in one line."""
    return " ".join(hidden(printed).split())[-_TOLD:]
