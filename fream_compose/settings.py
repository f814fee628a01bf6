"""The settings of the switch: `x-fream` and the services, as Compose reads them.

Compose itself resolves `.env` and `${VAR:-default}`; what comes out is checked here
against a model, and unknown keys are rejected with their path.
"""

import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from fream_compose.errors import ConfigurationError
from fream_compose.release import SetName, repository

STATE = ".fream"  # the folder of the lock and the history, beside compose.yaml
_MYSQL_DATA = "/var/lib/mysql"
CONTROL = 8090  # nginx's control port in its container
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def duration(value: object) -> timedelta:
    """Read `200ms`, `5s`, `1.5m` or `1h`. Raises ValueError for anything else, and for zero."""
    match = _DURATION.fullmatch(str(value).strip())
    if not match:
        raise ValueError(f"{value!r} is not a duration; write a number and ms, s, m or h")
    seconds = float(match[1]) * _UNITS[match[2]]
    if not 0 < seconds <= 24 * 3600:
        raise ValueError(f"{value!r} must be more than zero and at most 24h")
    return timedelta(seconds=seconds)


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
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from error
    return str(value)


def _guard_time(value: object) -> timedelta:
    return timedelta() if re.fullmatch(r"0(ms|s|m|h)?", str(value).strip()) else duration(value)


def _drain_duration(value: object) -> timedelta:
    if (read := duration(value)) > timedelta(hours=1):
        raise ValueError(f"{value!r} must be at most 1h: nginx ends its old workers then")
    return read


def _optional_duration(value: object) -> timedelta | None:
    return duration(value) if value else None


def _words(value: object) -> object:
    return tuple(shlex.split(value)) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(duration)]
UrlPath = Annotated[str, BeforeValidator(_path)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Health(_Model):
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


class WarmUp(_Model):
    """Requests to a release before its cut-over, so that its first user is not its slowest."""

    paths: tuple[UrlPath, ...] = ()
    requests: Annotated[int, Field(ge=1, le=100_000)] = 100
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    timeout: Duration = timedelta(seconds=30)


class CutOver(_Model):
    """How long nginx may take to confirm that it serves the other set."""

    timeout: Duration = timedelta(seconds=15)


class Drain(_Model):
    """How long what the old set accepted may take to finish."""

    timeout: Annotated[timedelta, BeforeValidator(_drain_duration)] = timedelta(seconds=60)


class Guard(_Model):
    """How long the new release is watched after the cut-over, ready to go back; zero: not.

    A drain that takes longer is guarded to its end. on_errors: whether a clear failure in
    nginx's log is a reason to go back, or is reported only.
    """

    time: Annotated[timedelta, BeforeValidator(_guard_time)] = timedelta(seconds=5)
    on_errors: Literal["go_back", "report"] = "go_back"

    @model_validator(mode="before")
    @classmethod
    def _as_time(cls, value: Any) -> Any:
        """`guard: 5s` says the same as `guard: {time: 5s}`."""
        return value if isinstance(value, dict | Guard) else {"time": value}


class Hook(_Model):
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
        return f"{shlex.join(self.run)!r} ({self.where})"


class Hooks(_Model):
    """Commands at fixed moments. One that fails before the cut-over undoes the switch."""

    before_start: tuple[Hook, ...] = ()
    before_cut_over: tuple[Hook, ...] = ()
    after_cut_over: tuple[Hook, ...] = ()
    after_failure: tuple[Hook, ...] = ()


class Hold(_Model):
    """How long `fream switch --hold` waits for a verdict."""

    timeout: Duration = timedelta(minutes=30)


class SwitchSettings(_Model):
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
    keep_warm: Annotated[timedelta | None, BeforeValidator(_optional_duration)] = None
    retain: Annotated[int, Field(ge=1, le=1000)] = 5
    hooks: Hooks = Hooks()
    hold: Hold = Hold()


class Address(NamedTuple):
    """A port that a container publishes on this server.

    host: empty for all addresses. port: 0 where Docker picks a free one. inner: the port
    in the container.
    """

    host: str
    port: int
    inner: int


class SetSettings(_Model):
    """One set: its services, the app's container, its ports, and the seconds it may take to stop.

    port: on 127.0.0.1 of this server; 0 where Docker picks one, which `Project.port` knows.
    inner_port: in the container. grace: the app's. stop_seconds: of all services, which
    may stop one after the other.
    """

    name: SetName
    services: tuple[str, ...]
    container: str
    port: int
    inner_port: int
    grace: float
    stop_seconds: float

    @property
    def address(self) -> Address:
        """Where the app is reached without nginx."""
        return Address("127.0.0.1", self.port, self.inner_port)


def address(host: str, port: str, inner: object) -> str:
    """A published port, written in one way only: 0.0.0.0 is what no host means."""
    return f"{'' if host == '0.0.0.0' else host}:{port}:{inner}"  # noqa: S104  # compared only


class ServiceSettings(_Model):
    """How a service's container should be. published: as `host:port:inner`."""

    image: str
    published: frozenset[str]
    networks: frozenset[str]


class Settings(_Model):
    """All that fream knows of a project before it looks at what runs.

    control_port: 0 where Docker picks one. networks: their names on this server. aliases:
    the names in them by which the services find each other. data: the folder or the volume
    of MySQL's data; empty without it. addresses: of infra. infra_stop_seconds: what its
    services may take to stop.
    """

    compose_directory: Path
    nginx_directory: Path
    project: str
    image: str
    profiles: tuple[str, ...]
    infra: tuple[str, ...]
    nginx_container: str
    nginx_image: str
    control_port: int
    networks: tuple[str, ...]
    aliases: frozenset[str]
    data: str
    addresses: dict[str, tuple[Address, ...]]
    infra_stop_seconds: float
    sets: dict[SetName, SetSettings]
    services: dict[str, ServiceSettings]
    switch: SwitchSettings

    @property
    def env_path(self) -> Path:
        """The `.env` that Compose reads."""
        return self.compose_directory / ".env"

    @property
    def data_directory(self) -> Path | None:
        """Where MySQL's data is, if it is in a folder and not in a volume."""
        return Path(self.data) if self.data.startswith("/") else None

    @property
    def http_urls(self) -> tuple[str, ...]:
        """Where the app is served, as seen from this server."""
        public = [a for a in self.addresses["nginx"] if a.port and a.inner != CONTROL]
        return tuple(url_of(a.host, a.port) for a in public)

    @property
    def state_directory(self) -> Path:
        """Where the lock and the history are."""
        return self.compose_directory / STATE

    def set_of(self, service: str) -> SetName | None:
        """The set that a service belongs to; None for infra and the user's own services."""
        return next((s.name for s in self.sets.values() if service in s.services), None)


def url_of(host: str, port: int) -> str:
    """Where a published port is reached from this server, whatever address it listens on."""
    here = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host  # noqa: S104
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def parse(config: dict[str, Any], compose_directory: Path) -> Settings:
    """Make settings of what `docker compose config --format json` prints.

    Raises ConfigurationError that names the key and what is wrong with it.
    """
    try:
        switch = SwitchSettings.model_validate(_plain(config.get("x-fream") or {}))
    except ValidationError as error:
        raise ConfigurationError(
            "The x-fream settings are not valid",
            "; ".join(_explain(detail) for detail in error.errors()),
            next_step=f"Edit {compose_directory / 'compose.yaml'} or {compose_directory / '.env'}",
        ) from error
    _reject_empty(switch.required, compose_directory)
    try:
        return _settings(config, switch, compose_directory)
    except (KeyError, IndexError, StopIteration, ValueError, TypeError) as error:
        raise ConfigurationError(
            "The Compose files lack something that fream needs",
            f"{error}: nginx, set1 and set2 each need a container_name, single ports, "
            "and nginx its folder at /etc/nginx",
        ) from error


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
        return f"{where} is not a setting"
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}"


def _reject_empty(required: dict[str, str], compose_directory: Path) -> None:
    if empty := [name for name, value in required.items() if not value]:
        raise ConfigurationError(
            f"{' and '.join(empty)} must not be empty",
            next_step=f"Set {'them' if len(empty) > 1 else 'it'} in {compose_directory / '.env'}",
        )


def _settings(config: dict[str, Any], switch: SwitchSettings, directory: Path) -> Settings:
    services: dict[str, Any] = config["services"]
    _reject_shared(services)
    nginx, infra = services["nginx"], _services_of("infra", services)
    return Settings(
        compose_directory=directory,
        nginx_directory=next(
            Path(volume["source"])
            for volume in nginx["volumes"]
            if volume["target"] == "/etc/nginx"
        ),
        project=config["name"],
        image=repository(services["set1"]["image"]),
        profiles=tuple(sorted({p for s in services.values() for p in s.get("profiles", ())})),
        infra=infra,
        nginx_container=nginx["container_name"],
        nginx_image=nginx["image"],
        control_port=next(a.port for a in _addresses(nginx) if a.inner == CONTROL),
        networks=tuple(network["name"] for network in (config.get("networks") or {}).values()),
        aliases=frozenset(alias for spec in services.values() for alias in _aliases(spec)),
        data=next((_source(v, config) for v in _volumes("mysql", services)), ""),
        addresses={name: _addresses(services[name]) for name in infra},
        infra_stop_seconds=sum(_grace(services[name]) for name in infra),
        sets={name: _set(name, services) for name in SetName},
        services={name: _service(spec, config) for name, spec in services.items()},
        switch=switch,
    )


def _set(name: SetName, services: dict[str, Any]) -> SetSettings:
    app = services[name]
    members, own = _services_of(name, services), _addresses(app)[0]
    return SetSettings(
        name=name,
        services=members,
        container=app["container_name"],
        port=own.port,
        inner_port=own.inner,
        grace=_grace(app),
        stop_seconds=sum(_grace(services[member]) for member in members),
    )


def _service(spec: dict[str, Any], config: dict[str, Any]) -> ServiceSettings:
    known = config.get("networks") or {}
    ports = (
        (p.get("host_ip", ""), str(p.get("published", "")), p["target"])
        for p in spec.get("ports") or ()
    )
    return ServiceSettings(
        image=spec.get("image", ""),
        published=frozenset(address(*port) for port in ports),
        networks=frozenset(
            known[key]["name"] for key in spec.get("networks") or () if key in known
        ),
    )


def _services_of(profile: str, services: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, spec in services.items() if profile in spec.get("profiles", ()))


def _reject_shared(services: dict[str, Any]) -> None:
    """A service of two of these would be stopped with the one while the other needs it."""
    for service, spec in services.items():
        mine = [name for name in ("infra", *SetName) if name in spec.get("profiles", ())]
        if len(mine) > 1:
            raise ConfigurationError(
                f"The service {service} is in the profiles {' and '.join(mine)}",
                "A release stops and removes every service of the set that it replaces",
                next_step=f"Give {service} one of these profiles only; a worker of the app "
                "is written down twice, once for each set",
            )


def _aliases(service: dict[str, Any]) -> tuple[str, ...]:
    networks = (service.get("networks") or {}).values()
    return tuple(alias for network in networks for alias in (network or {}).get("aliases") or ())


def _volumes(service: str, services: dict[str, Any]) -> list[dict[str, Any]]:
    found = services.get(service, {}).get("volumes") or ()
    return [volume for volume in found if volume["target"] == _MYSQL_DATA]


def _source(volume: dict[str, Any], config: dict[str, Any]) -> str:
    """A folder, or the name that a volume has on this server."""
    source = str(volume.get("source", ""))
    known = config.get("volumes") or {}
    return str(known[source]["name"]) if volume["type"] == "volume" and source else source


def _addresses(service: dict[str, Any]) -> tuple[Address, ...]:
    return tuple(
        Address(p.get("host_ip", ""), int(p.get("published") or 0), p["target"])
        for p in service.get("ports") or ()
    )


def _grace(service: dict[str, Any]) -> float:
    """The seconds that Docker gives a service to stop; Compose prints them such as 1m10s."""
    text = service.get("stop_grace_period", "10s")
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))
