"""The model of the `x-fream` block: what the switch is told, checked key by key."""

import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from fream_compose.errors import ConfigurationError
from fream_compose.project.durations import (
    drain_duration,
    duration,
    duration_or_none,
    duration_or_zero,
)


def _path(value: object) -> str:
    if not re.fullmatch(r"/[!-~]*", str(value)):
        raise ValueError(f"{value!r} must begin with / and hold no spaces")
    return str(value)


def _host(value: object) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:_\[\]-]*", str(value)):
        raise ValueError(f"{value!r} is not a host name")
    return str(value)


def _statuses(value: object) -> str:
    text = str(value)
    if not re.fullmatch(r"[1-5]\d\d(-[1-5]\d\d)?", text):
        raise ValueError(f"{value!r} is not a status, such as 401, or a range, such as 200-299")
    return text


def _expression(value: object) -> str:
    try:
        re.compile(str(value))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from error
    return str(value)


def _words(value: object) -> object:
    return tuple(shlex.split(value)) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(duration)]
UrlPath = Annotated[str, BeforeValidator(_path)]


class Model(BaseModel):
    """Values that do not change and know no other keys; a number is one."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Health(Model):
    """When a release counts as healthy: so many good answers to GET in a row.

    host: sent as Host header instead of the address. statuses: codes (`401`) and ranges
    (`200-299`) that are good. body: a regular expression that a good answer contains.
    """

    path: UrlPath = "/products"
    host: Annotated[str, BeforeValidator(_host)] = ""
    statuses: tuple[Annotated[str, BeforeValidator(_statuses)], ...] = ("200-299",)
    body: Annotated[str, BeforeValidator(_expression)] = ""
    timeout: Duration = timedelta(seconds=100)
    interval: Duration = timedelta(milliseconds=100)
    request_timeout: Duration = timedelta(seconds=5)
    successes: Annotated[int, Field(ge=1, le=100)] = 2

    def once(self) -> "Health":
        """The same check, content with one success and asking twice as often."""
        return self.model_copy(update={"successes": 1, "interval": self.interval / 2})

    def accepts(self, status: int) -> bool:
        """Whether a status is good."""
        ranges = (text.partition("-") for text in self.statuses)
        return any(int(low) <= status <= int(high or low) for low, _, high in ranges)


class WarmUp(Model):
    """Requests to a release before its cut-over, so that its first user is not its slowest."""

    paths: tuple[UrlPath, ...] = ()
    requests: Annotated[int, Field(ge=1, le=100_000)] = 100
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    timeout: Duration = timedelta(seconds=30)


class CutOver(Model):
    """How long nginx may take to confirm that it serves the other set."""

    timeout: Duration = timedelta(seconds=15)


class Drain(Model):
    """How long what the old set accepted may take to finish."""

    timeout: Annotated[timedelta, BeforeValidator(drain_duration)] = timedelta(seconds=60)


class Guard(Model):
    """How long the new release is watched after the cut-over, ready to go back; zero: not.

    A drain that takes longer is guarded to its end. on_errors: whether a clear failure in
    nginx's log is a reason to go back, or is reported only.
    """

    time: Annotated[timedelta, BeforeValidator(duration_or_zero)] = timedelta(seconds=5)
    on_errors: Literal["go_back", "report"] = "go_back"

    @model_validator(mode="before")
    @classmethod
    def _as_time(cls, value: Any) -> Any:
        """`guard: 5s` says the same as `guard: {time: 5s}`."""
        return value if isinstance(value, dict | Guard) else {"time": value}


class Hook(Model):
    """A command of the user's: on this server, in a new container of the release, or in its set.

    on_rollback: whether it runs on a rollback, too; not said, all do but those in the release,
    as the old image's command may not know what the new one did.
    """

    run: Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)]
    where: Annotated[Literal["host", "release", "set"], Field(alias="in")] = "host"
    timeout: Duration = timedelta(seconds=60)
    on_rollback: bool | None = None

    @property
    def runs_on_rollback(self) -> bool:
        """What on_rollback says, or means where it is not said."""
        return self.where != "release" if self.on_rollback is None else self.on_rollback

    def __str__(self) -> str:
        """Its program alone: the rest of a command line may hold a secret."""
        return f"{self.run[0]}, {self.where}"


class Hooks(Model):
    """Commands at fixed moments. One that fails before the cut-over undoes the switch."""

    before_start: tuple[Hook, ...] = ()
    before_cut_over: tuple[Hook, ...] = ()
    after_cut_over: tuple[Hook, ...] = ()
    after_failure: tuple[Hook, ...] = ()


class Hold(Model):
    """How long `fream switch --hold` waits for a verdict."""

    timeout: Duration = timedelta(minutes=30)


class SwitchSettings(Model):
    """The `x-fream` block.

    keep_warm: how long the old set stays running; None removes it. retain: of how many
    releases the images stay here.
    """

    required: dict[str, str] = {}
    pull: Literal["always", "missing"] = "always"
    health: Health = Health()
    warm_up: WarmUp = WarmUp()
    cut_over: CutOver = CutOver()
    guard: Guard = Guard()
    drain: Drain = Drain()
    keep_warm: Annotated[timedelta | None, BeforeValidator(duration_or_none)] = None
    retain: Annotated[int, Field(ge=1, le=1000)] = 5
    hooks: Hooks = Hooks()
    hold: Hold = Hold()


def read_x_fream(block: Any, directory: Path) -> SwitchSettings:
    """Check an `x-fream` block as Compose prints it.

    Raises ConfigurationError that names each key and what is wrong with it.
    """
    try:
        switch = SwitchSettings.model_validate(_plain(block or {}))
    except ValidationError as error:
        raise ConfigurationError(
            "The x-fream settings are not valid",
            "; ".join(_explain(detail) for detail in error.errors()),
            next_step=f"Edit {directory / 'compose.yaml'} or {directory / '.env'}",
        ) from error
    _reject_empty(switch.required, directory)
    return switch


def _plain(value: Any) -> Any:
    """As it was meant: Compose prints an empty list as null, and each $ as $$."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.replace("$$", "$") if isinstance(value, str) else value


def _explain(detail: Any) -> str:
    where = ".".join(["x-fream", *(str(part) for part in detail["loc"])])
    if detail["type"] == "extra_forbidden":
        from difflib import get_close_matches  # which the good settings need not wait for

        near = get_close_matches(where, _names(SwitchSettings, "x-fream"), n=1)
        return f"{where} is not a setting" + (f"; did you mean {near[0]}?" if near else "")
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}"


def _names(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Every setting, by its place."""
    for name, field in model.model_fields.items():
        place = f"{prefix}.{field.alias or name}"
        yield place
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _names(field.annotation, place)


def _reject_empty(required: dict[str, str], compose_directory: Path) -> None:
    if empty := [name for name, value in required.items() if not value]:
        raise ConfigurationError(
            f"{' and '.join(empty)} must not be empty",
            next_step=f"Set {'them' if len(empty) > 1 else 'it'} in {compose_directory / '.env'}",
        )
