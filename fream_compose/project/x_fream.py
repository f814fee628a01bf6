"""The model of the `x-fream` block: what the switch is told, checked key by key."""

import re
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from fream_compose.errors import ConfigurationError
from fream_compose.pattern import reject_faulty
from fream_compose.project.durations import (
    drain_duration,
    duration,
    duration_or_none,
    duration_or_zero,
)
from fream_compose.text import given


def _path(value: object) -> str:
    if not re.fullmatch(r"/[!-~]*", str(value)):
        raise ValueError(f"{given(value)} must begin with / and hold no spaces")
    return str(value)


def _host(value: object) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:_\[\]-]*", str(value)):
        raise ValueError(f"{given(value)} is not a host name")
    return str(value)


def _statuses(value: object) -> str:
    text = str(value)
    if not re.fullmatch(r"[1-5]\d\d(-[1-5]\d\d)?", text):
        raise ValueError(f"{given(value)} is neither a status, such as 401, nor a range: 200-299")
    return text


def _expression(value: object) -> str:
    if text := str(value):
        try:
            reject_faulty(text)
        except ValueError as error:
            raise ValueError(f"{given(value)} is not a regular expression: {error}") from error
    return text


def _words(value: object) -> object:
    try:
        return tuple(shlex.split(value)) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{given(value)} has a quote that is not closed") from error


def _whole(low: int, high: int) -> BeforeValidator:
    """A whole number in these bounds, which a variable gives as text."""

    def read(value: object) -> int:
        text = str(value)
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"{given(value)} is not a whole number from {low} to {high}")
        return int(text)

    return BeforeValidator(read)


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
    successes: Annotated[int, _whole(1, 100)] = 2

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
    requests: Annotated[int, _whole(1, 100_000)] = 100
    concurrency: Annotated[int, _whole(1, 64)] = 4
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


class Secrets(Model):
    """A command that prints the team's secrets as NAME=VALUE lines; none without words."""

    run: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()
    timeout: Duration = timedelta(seconds=30)


class SwitchSettings(Model):
    """The `x-fream` block.

    keep_warm: how long the old set stays running; None removes it. retain: of how many
    releases the images stay here.
    """

    required: dict[str, str] = {}
    secrets: Secrets = Secrets()
    pull: Literal["always", "missing"] = "always"
    health: Health = Health()
    warm_up: WarmUp = WarmUp()
    cut_over: CutOver = CutOver()
    guard: Guard = Guard()
    drain: Drain = Drain()
    keep_warm: Annotated[timedelta | None, BeforeValidator(duration_or_none)] = None
    retain: Annotated[int, _whole(1, 1000)] = 5
    hooks: Hooks = Hooks()
    hold: Hold = Hold()


def read_x_fream(
    block: Any, directory: Path, source: Callable[[tuple[int | str, ...]], str] = lambda _: ""
) -> SwitchSettings:
    """Check an `x-fream` block as Compose prints it.

    source: tells what set the value at a place; empty where it is not known. Raises
    ConfigurationError that names each key, what is wrong with it, and what set it.
    """
    try:
        switch = SwitchSettings.model_validate(_plain(block or {}))
    except ValidationError as error:
        from fream_compose.project.complaints import complaints  # good settings need not wait

        raise ConfigurationError(
            "The x-fream settings are not valid",
            complaints(error, SwitchSettings, source),
            next_step=f"Edit {directory / 'compose.yaml'} or {directory / '.env'}",
        ) from error
    if not switch.secrets.run:
        _reject_empty(switch.required, directory)
    return switch


def _plain(value: Any) -> Any:
    """As it was meant: Compose prints an empty list as null, $ as $$, and any half character."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return value.replace("$$", "$").encode(errors="replace").decode()
    return value


def _reject_empty(required: dict[str, str], compose_directory: Path) -> None:
    if empty := [name for name, value in required.items() if not value]:
        raise ConfigurationError(
            f"{' and '.join(empty)} must not be empty",
            next_step=f"Set {'them' if len(empty) > 1 else 'it'} in {compose_directory / '.env'}",
        )
