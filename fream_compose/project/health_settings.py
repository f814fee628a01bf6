"""When a release is good enough: what `x-fream.health` says."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import ValidationInfo, field_validator, model_validator

from fream_compose.project.values import (
    Duration,
    Expression,
    HostName,
    Model,
    Statuses,
    UrlPath,
    Word,
    Words,
    whole,
)
from fream_compose.text import given

_HOW = {"by", "port", "path", "service", "command"}
_PATIENCE = {"timeout", "interval", "request_timeout", "successes"}
_LISTENS = ("http", "tcp", "grpc")
_KINDS_OF = {"port": _LISTENS, "service": ("grpc",), "command": ("command",)}


class Health(Model):
    """When a service counts as healthy: so many good checks in a row.

    by: http asks GET path; tcp connects; grpc asks grpc.health.v1 for a service, or for the
    whole server; docker goes by the container's own health check; command runs one in the
    container. port: in the container; 0 for the one that users reach it at. host: sent as
    Host header instead of the address. statuses: codes (`401`) and ranges (`200-299`) that
    are good. body: a regular expression that a good answer contains. command: good when it
    ends with 0.
    """

    by: Literal["http", "tcp", "grpc", "docker", "command"] = "http"
    port: Annotated[int, whole(0, 65_535)] = 0
    path: UrlPath = "/products"
    host: HostName = ""
    statuses: tuple[Statuses, ...] = ("200-299",)
    body: Expression = ""
    service: Word = ""
    command: Words = ()
    timeout: Duration = timedelta(seconds=100)
    interval: Duration = timedelta(milliseconds=100)
    request_timeout: Duration = timedelta(seconds=5)
    successes: Annotated[int, whole(1, 100)] = 2

    @field_validator("port", "service", "command", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any, info: ValidationInfo) -> Any:
        """What another kind of check would ask is a mistake."""
        by, kinds = info.data.get("by"), _KINDS_OF[str(info.field_name)]
        if str(value or 0) != "0" and by and by not in kinds:
            raise ValueError(f"{given(value)} is only for by {' or '.join(kinds)}, not by {by}")
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Health":
        if self.by == "command" and not self.command:
            raise ValueError("by command: say which, such as command: [./check]")
        return self

    @property
    def asks_a_port(self) -> bool:
        """Whether it is a question to a port of the container."""
        return self.by in _LISTENS

    @property
    def headers(self) -> dict[str, str]:
        """What a GET carries."""
        return {"Host": self.host} if self.host else {}

    @property
    def how(self) -> dict[str, Any]:
        """Where and how it asks, as plain values; not what counts as good."""
        return self.model_dump(mode="json", include=_HOW)

    def __str__(self) -> str:
        """How it asks, in a few words; of a command its program, as the rest may be secret."""
        said = {
            "http": self.path,
            "tcp": "tcp",
            "grpc": f"grpc {self.service}".strip(),
            "docker": "Docker's health check",
            "command": " ".join(self.command[:1]),
        }[self.by]
        return f"{said} on port {self.port}" if self.port else said

    def asked_as(self, how: Any) -> "Health":
        """The same judgement of another question. Raises ValueError where `how` is none."""
        other = Health.model_validate(how)
        return self.model_copy(update={name: getattr(other, name) for name in _HOW})

    def once(self) -> "Health":
        """The same check, content with one success and asking twice as often."""
        return self.model_copy(update={"successes": 1, "interval": self.interval / 2})

    def accepts(self, status: int) -> bool:
        """Whether a status is good."""
        ranges = (text.partition("-") for text in self.statuses)
        return any(int(low) <= status <= int(high or low) for low, _, high in ranges)


class ServiceHealth(Health):
    """The same for a service beside the app, whose patience it has where it says none."""

    path: UrlPath = "/"

    def beside(self, app: Health, port: int) -> Health:
        """As it is meant beside the app's. port: the service's own; 0 where it has none."""
        unsaid = _PATIENCE - self.model_fields_set
        meant: dict[str, Any] = {name: getattr(app, name) for name in unsaid}
        meant["port"] = self.port or port if self.asks_a_port else 0
        return self.model_copy(update=meant)
