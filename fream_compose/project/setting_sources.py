"""The settings in force, and where each comes from."""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fream_compose import foreign
from fream_compose.errors import ConfigurationError
from fream_compose.project.durations import shown as shown_duration
from fream_compose.project.envfile import EnvFile
from fream_compose.project.layout import Address
from fream_compose.project.settings import SetSettings, Settings
from fream_compose.secrecy import is_secret

_VARIABLE = re.compile(r"(?<!\$)\$\{?([A-Za-z_]\w*)")
_HIDDEN = "(hidden)"
_NAMED_SO = ("secrets.timeout",)  # and no secret
_PICKED = "(picked by Docker)"
_COMMENT_COLUMN = 40

Tree = dict[str, Any]  # of trees and Settings
Where = Callable[[str], str]


@dataclass(frozen=True)
class Setting:
    """A value in force, and its source: default, compose, .env or shell.

    variables: those that decided it, or that could where none is set.
    """

    value: Any
    source: str
    variables: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = ", ".join(self.variables)
        verb = "are" if len(self.variables) > 1 else "is"
        return {
            "default": "fream's default",
            "compose": f"Compose files; {names} {verb} not set" if names else "Compose files",
        }.get(self.source, f"{self.source}: {names}")


def effective(settings: Settings, template: Tree, where: Where) -> Tree:
    """Every setting by its path.

    template: the Compose files with their variables not filled in. where: in what a
    variable is set: `.env`, the shell, or nothing. Raises ConfigurationError for files of
    another shape.
    """
    try:
        return foreign.taken(template, lambda template: _tree(settings, template, where))
    except ValueError as error:
        raise ConfigurationError(
            "The Compose files have another shape than fream knows",
            str(error),
            next_step="docker compose --profile '*' config --no-interpolate",
        ) from error


def _tree(settings: Settings, template: Tree, where: Where) -> Tree:
    services = template["services"]
    image = re.sub(r"\$\{?SET1_VERSION", "", services["set1"]["image"])
    return {
        "project": _setting("project", settings.project, "${COMPOSE_PROJECT_NAME}", where),
        "image": _setting("image", settings.image, image, where),
        "infra": {
            name: {"ports": _setting("ports", _ports(addresses), services[name]["ports"], where)}
            for name, addresses in settings.addresses.items()
            if addresses
        },
        "sets": {
            spec.name.value: _set(spec, services[spec.name], where)
            for spec in settings.sets.values()
        },
        "x-fream": _branch(
            settings.switch.model_dump(by_alias=True), template.get("x-fream") or {}, where
        ),
    }


def _set(spec: SetSettings, raw: Tree, where: Where) -> Tree:
    grace = timedelta(seconds=spec.grace)
    return {
        "services": _setting("services", spec.services, raw["profiles"], where),
        "container": _setting("container", spec.container, raw["container_name"], where),
        "port": _setting("port", spec.port or _PICKED, raw["ports"], where),
        "stop_grace_period": _setting("grace", grace, raw.get("stop_grace_period"), where),
    }


def _branch(values: Tree, raw: Tree, where: Where, path: str = "") -> Tree:
    return {
        key: _branch(value, _mapping(raw.get(key), value), where, f"{path}{key}.")
        if isinstance(value, dict) and value
        else _setting(path + key, value, raw.get(key), where)
        for key, value in values.items()
    }


def _mapping(raw: Any, value: Tree) -> Tree:
    """A section as it was written; a single value stands for the section's first key."""
    return raw if isinstance(raw, dict) else {} if raw is None else {next(iter(value)): raw}


def _setting(path: str, value: Any, raw: Any, where: Where) -> Setting:
    if raw is None:
        return Setting(_plain(value), "default")
    names = tuple(dict.fromkeys(_VARIABLE.findall(json.dumps(raw))))
    if path.startswith("required."):
        shown: Any = "set"
    else:
        named = [name for name in (path, *names) if name not in _NAMED_SO]
        shown = _HIDDEN if any(map(is_secret, named)) else _plain(value)
    for source in (".env", "shell"):
        if decided := tuple(name for name in names if where(name) == source):
            return Setting(shown, source, decided)
    return Setting(shown, "compose", names)


def setter(raw: Any, place: Sequence[int | str], env: EnvFile) -> str:
    """The variables that set the value at a place, and where; empty where none did.

    raw: the settings with their variables not filled in.
    """
    for part in place:
        if not isinstance(raw, str):
            with suppress(LookupError, TypeError):
                raw = raw[part]
    file = f"{env.path.parent.name}/{env.path.name}"
    found = []
    for name in dict.fromkeys(_VARIABLE.findall(raw) if isinstance(raw, str) else ()):
        if env.get(name):
            found.append(f"{name} in {file}, line {env.line(name)}")
        elif os.environ.get(name):
            found.append(f"{name} of the shell")
    return " and ".join(found)


def _plain(value: Any) -> Any:
    """As YAML and JSON can say it."""
    if isinstance(value, timedelta):
        return shown_duration(value.total_seconds())
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, str | Path) else value


def _ports(addresses: tuple[Address, ...]) -> list[str]:
    return [f"{a.host or '0.0.0.0'}:{a.port or _PICKED}" for a in addresses]  # noqa: S104


def as_json(tree: Tree) -> Tree:
    """The tree as plain values: each setting a mapping of value, source and variables."""
    return {
        key: asdict(node) if isinstance(node, Setting) else as_json(node)
        for key, node in tree.items()
    }


def as_yaml(tree: Tree) -> Iterator[str]:
    """The tree as lines of YAML, with where each value comes from as a comment."""
    for depth, key, node in _nodes(tree, 0):
        line = "  " * depth + (_item(key, node.value) if node else f"{key}:")
        yield f"{line:<{_COMMENT_COLUMN}} # {node}" if node else line


def _nodes(tree: Tree, depth: int) -> Iterator[tuple[int, str, Setting | None]]:
    for key, node in tree.items():
        if isinstance(node, Setting):
            yield depth, key, node
        else:
            yield depth, key, None
            yield from _nodes(node, depth + 1)


def _item(key: str, value: Any) -> str:
    import yaml

    flow = yaml.safe_dump({key: value}, default_flow_style=True, width=10**6, allow_unicode=True)
    return str(flow).strip()[1:-1]
