"""Reads what `docker compose config` prints: Compose has resolved `.env` and variables by then."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fream_compose.errors import ConfigurationError
from fream_compose.image_reference import ImageReference
from fream_compose.project.durations import seconds_of
from fream_compose.project.envfile import EnvFile
from fream_compose.project.layout import CONTROL, Address, address, confinement
from fream_compose.project.release_services import (
    Route,
    checks_of,
    late_order,
    members_of,
    reject_unknown,
    reject_without_check,
    routes_of,
)
from fream_compose.project.settings import ServiceSettings, SetSettings, Settings
from fream_compose.project.versions import followers, with_versions
from fream_compose.project.x_fream import SwitchSettings, read_x_fream
from fream_compose.release import SetName
from fream_compose.secrecy import is_secret

_MYSQL_DATA = "/var/lib/mysql"
_TCP = "tcp"
_LAST_PORT = 65_535


def parse(
    config: dict[str, Any], compose_directory: Path, template: Callable[[], dict[str, Any]] = dict
) -> Settings:
    """Make settings of what `docker compose config --format json` prints.

    template: reads the same with the variables not filled in, to name those at fault.
    Raises ConfigurationError that names the key, what is wrong with it and what set it, or
    the service and what it lacks.
    """

    def source(place: tuple[int | str, ...]) -> str:
        from fream_compose.project.setting_sources import setter  # good settings need not wait

        return setter(template().get("x-fream"), place, EnvFile(compose_directory / ".env"))

    asked, config = config.get("services") or {}, with_versions(config, compose_directory)
    switch = read_x_fream(config.get("x-fream"), compose_directory, source)
    return _settings(config, asked, switch, compose_directory)


def _settings(
    config: dict[str, Any], asked: dict[str, Any], switch: SwitchSettings, directory: Path
) -> Settings:
    """asked: the services with what stands for the version still in them."""
    services: dict[str, Any] = config.get("services") or {}
    _require(services)
    _reject_shared(services)
    nginx = services["nginx"]
    # As Compose has it: what has no profile is always wanted.
    infra = tuple(n for n, s in services.items() if "infra" in (s.get("profiles") or ["infra"]))
    sets = {name: _set(name, services, asked) for name in SetName}
    routes, late = _of_release(switch, sets, services, directory)
    return Settings(
        compose_directory=directory,
        nginx_directory=_nginx_directory(nginx),
        project=config["name"],
        image=ImageReference.parse(services["set1"]["image"]).name,
        profiles=tuple(sorted({p for s in services.values() for p in s.get("profiles", ())})),
        infra=infra,
        nginx_container=nginx["container_name"],
        nginx_image=nginx["image"],
        control_port=_control_port(nginx),
        networks=tuple(network["name"] for network in (config.get("networks") or {}).values()),
        aliases=frozenset(alias for spec in services.values() for alias in _aliases(spec)),
        data=next((_source(v, config) for v in _volumes("mysql", services)), ""),
        addresses={name: _addresses(name, services[name]) for name in infra},
        infra_stop_seconds=sum(_grace(services[name]) for name in infra),
        sets=sets,
        services={name: _service(spec, config) for name, spec in services.items()},
        routes=routes,
        late=late,
        switch=switch,
    )


def _of_release(
    switch: SwitchSettings,
    sets: dict[SetName, SetSettings],
    services: dict[str, Any],
    directory: Path,
) -> tuple[tuple[Route, ...], tuple[str, ...]]:
    """What leads to its public services, and which start late."""
    try:
        reject_unknown(switch.services, {name: spec.members for name, spec in sets.items()})
        routes = routes_of(switch.services, sets[SetName.SET1].inner_port)
        checks = checks_of(switch.services, switch.health)
        for spec in sets.values():
            reject_without_check(checks, spec.members, services)
        return routes, late_order(switch.services)
    except ValueError as error:
        raise ConfigurationError(
            "The services of a release do not fit (x-fream.services)",
            str(error),
            next_step=f"Edit {directory / 'compose.yaml'} or {directory / 'app.yaml'}",
        ) from error


def _set(name: SetName, services: dict[str, Any], asked: dict[str, Any]) -> SetSettings:
    app = services[name]
    members, own = _services_of(name, services), _first_address(name, app)
    return SetSettings(
        name=name,
        services=members,
        members=members_of(name, members),
        container=app["container_name"],
        port=own.port,
        inner_port=own.inner,
        grace=_grace(app),
        stop_seconds=sum(_grace(services[member]) for member in members),
        images=followers(name, members, asked),
    )


def _service(spec: dict[str, Any], config: dict[str, Any]) -> ServiceSettings:
    known = config.get("networks") or {}
    ports = (
        (p.get("host_ip", ""), str(p.get("published", "")), p["target"], p.get("protocol", _TCP))
        for p in spec.get("ports") or ()
    )
    return ServiceSettings(
        image=spec.get("image", ""),
        published=frozenset(address(*port) for port in ports),
        networks=frozenset(
            known[key]["name"] for key in spec.get("networks") or () if key in known
        ),
        none=0 in (spec.get("scale"), (spec.get("deploy") or {}).get("replicas")),
        confined=confinement(
            spec.get("read_only"),
            spec.get("security_opt"),
            spec.get("cap_drop"),
            spec.get("cap_add"),
            spec.get("pids_limit") or _limits(spec).get("pids"),
        ),
        secret_variables=frozenset(
            name
            for name, value in (spec.get("environment") or {}).items()
            if value and is_secret(name)
        ),
    )


def _limits(spec: dict[str, Any]) -> dict[str, Any]:
    deploy = spec.get("deploy") or {}
    return (deploy.get("resources") or {}).get("limits") or {}


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


def _addresses(name: str, service: dict[str, Any]) -> tuple[Address, ...]:
    return tuple(
        Address(p.get("host_ip", ""), _port(name, p), p["target"])
        for p in service.get("ports") or ()
        if p.get("protocol", _TCP) == _TCP
    )


def _port(name: str, port: dict[str, Any]) -> int:
    published = str(port.get("published") or 0)
    if not published.isdecimal() or int(published) > _LAST_PORT:
        raise _lacks(name, f"a single port where it publishes {published}")
    return int(published)


def _first_address(name: str, service: dict[str, Any]) -> Address:
    if found := _addresses(name, service):
        return found[0]
    raise _lacks(name, "a port on 127.0.0.1 by which fream reaches it")


def _control_port(nginx: dict[str, Any]) -> int:
    for found in _addresses("nginx", nginx):
        if found.inner == CONTROL:
            return found.port
    raise _lacks("nginx", f"its control port {CONTROL} among its ports")


def _nginx_directory(nginx: dict[str, Any]) -> Path:
    for volume in nginx.get("volumes") or ():
        if volume["target"] == "/etc/nginx" and volume.get("source"):
            return Path(volume["source"])
    raise _lacks("nginx", "its folder, mounted at /etc/nginx, among its volumes")


def _require(services: dict[str, Any]) -> None:
    for name in ("nginx", *SetName):
        if name not in services:
            raise _incomplete(f"There is no service {name}")
        for key in ("container_name", "image"):
            if not services[name].get(key):
                raise _lacks(name, key)


def _lacks(service: str, what: str) -> ConfigurationError:
    return _incomplete(f"The service {service} needs {what}")


def _incomplete(why: str) -> ConfigurationError:
    return ConfigurationError(
        "The Compose files lack something that fream needs",
        why,
        next_step="Correct them; what Compose makes of them: docker compose --profile '*' config",
    )


def _grace(service: dict[str, Any]) -> float:
    """The seconds that Docker gives a service to stop."""
    return seconds_of(service.get("stop_grace_period", "10s"))
