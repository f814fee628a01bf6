"""The model of the `x-fream` block: what the switch is told, checked key by key."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from fream_compose.errors import ConfigurationError
from fream_compose.project.durations import drain_duration, duration_or_none, duration_or_zero
from fream_compose.project.health_settings import Health
from fream_compose.project.release_services import ReleaseService
from fream_compose.project.tls_settings import Tls
from fream_compose.project.values import Duration, Model, RoutePath, UrlPath, Words, whole


class WarmUp(Model):
    """Requests to a release before its cut-over, so that its first user is not its slowest."""

    paths: tuple[UrlPath, ...] = ()
    requests: Annotated[int, whole(1, 100_000)] = 100
    concurrency: Annotated[int, whole(1, 64)] = 4
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


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Hook(Model):
    """A command of the user's: on this server, in a new container of the release, or in its set.

    on: whether it runs on a release, on a rollback, or both; not said, all run on both but
    those in the release, as the old image's command may not know what the new one did.
    on_rollback: the older word for it.
    """

    run: Annotated[Words, Field(min_length=1)]
    where: Annotated[Literal["host", "release", "set"], Field(alias="in")] = "host"
    on: Annotated[tuple[Literal["release", "rollback"], ...], BeforeValidator(_listed)] = ()
    timeout: Duration = timedelta(seconds=60)
    on_rollback: bool | None = None

    @model_validator(mode="after")
    def _one_word(self) -> "Hook":
        if self.on and self.on_rollback is not None:
            raise ValueError("on says it all: leave on_rollback out")
        return self

    def runs_on(self, kind: Literal["release", "rollback"]) -> bool:
        """Whether it runs with a release, or with a rollback."""
        if self.on:
            return kind in self.on
        back = self.where != "release" if self.on_rollback is None else self.on_rollback
        return kind == "release" or back

    def __str__(self) -> str:
        """Its program alone: the rest of a command line may hold a secret."""
        return f"{self.run[0]}, {self.where}"


class Hooks(Model):
    """Commands at fixed moments. One that fails before the cut-over undoes the switch."""

    before_start: tuple[Hook, ...] = ()
    before_cut_over: tuple[Hook, ...] = ()
    after_cut_over: tuple[Hook, ...] = ()
    after_release: tuple[Hook, ...] = ()
    after_failure: tuple[Hook, ...] = ()
    certificate_failed: tuple[Hook, ...] = ()

    @field_validator("certificate_failed")
    @classmethod
    def _without_release(cls, hooks: tuple[Hook, ...]) -> tuple[Hook, ...]:
        if any(hook.where == "release" for hook in hooks):
            raise ValueError("in: release is for a moment of a switch; in must be host or set")
        return hooks


class Assets(Model):
    """Files of a page: one that the live release lacks is asked of the other set while it runs.

    paths: below which they are. keep_days: how long nginx has them itself since they were last
    asked for; 0 keeps none.
    """

    paths: tuple[RoutePath, ...] = ()
    keep_days: Annotated[int, whole(0, 366)] = 0


class Hold(Model):
    """How long `fream switch --hold` waits for a verdict."""

    timeout: Duration = timedelta(minutes=30)


class Secrets(Model):
    """A command that prints the team's secrets as NAME=VALUE lines; none without words."""

    run: Words = ()
    timeout: Duration = timedelta(seconds=30)


class SwitchSettings(Model):
    """The `x-fream` block.

    keep_warm: how long the old set stays running; None removes it. retain: of how many
    releases the images stay here.
    """

    required: dict[str, str] = Field(default_factory=dict)
    secrets: Secrets = Secrets()
    pull: Literal["always", "missing"] = "always"
    health: Health = Health()
    services: dict[str, ReleaseService] = Field(default_factory=dict)
    tls: Tls = Tls()
    assets: Assets = Assets()
    warm_up: WarmUp = WarmUp()
    cut_over: CutOver = CutOver()
    guard: Guard = Guard()
    drain: Drain = Drain()
    keep_warm: Annotated[timedelta | None, BeforeValidator(duration_or_none)] = None
    retain: Annotated[int, whole(1, 1000)] = 5
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
        return {_plain(key): _plain(inner) for key, inner in value.items() if inner is not None}
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
