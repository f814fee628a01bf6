"""A `.env` that is lost: what its lines said, as far as containers that run were made with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from fream_compose.docker.made_with import MadeWith, made_with
from fream_compose.docker.reads import template
from fream_compose.errors import ConfigurationError, EngineError, FreamError
from fream_compose.operations.outline import Outline, outline
from fream_compose.project.remembered import recall
from fream_compose.release import SetName
from fream_compose.secrecy import hidden, is_secret

_VARIABLE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)(?::?[-?+]([^{}]*))?\}")
_FIT = re.compile(r"[\w./:@,+-]+")  # what means itself in `.env`
_PROFILES = "COMPOSE_PROFILES"


def reject_lost(directory: Path) -> None:
    """Raise ConfigurationError where containers of a folder run, and its `.env` is gone."""
    path = directory / ".env"
    if path.exists():
        return
    with suppress(EngineError):
        seen = outline(directory)
        if seen.containers:
            raise _lost(path, seen)


def _lost(path: Path, seen: Outline) -> ConfigurationError:
    found, asked = dict[str, str](), dict[str, Any]()
    with suppress(FreamError):
        asked = template(path.parent)
        found = lines_of(asked, made_with([c.id for c in seen.containers]))
        found |= _remembered(asked, path.parent)
    found |= {_PROFILES: ",".join(_profiles(asked, seen))}
    secret = sorted(_secrets(asked))
    error = ConfigurationError(
        f"{path} is lost",
        "What runs was made with it, and runs on without it",
        next_step="\n".join(
            [
                f"cp {path}.example {path}",
                f"chmod 600 {path}",
                "and set in it what it said:",
                *(f"{name}={value}" for name, value in sorted(found.items())),
                *([f"and as they were: {', '.join(secret)}"] if secret else []),
                "then: fream up",
            ]
        ),
    )
    error.serving = f"{seen.live} serves as before" if seen.live else ""
    return error


def lines_of(asked: Mapping[str, Any], made: Sequence[MadeWith]) -> dict[str, str]:
    """The variables that must have been set, and no secret one, for containers to be as they are.

    asked: the Compose files, their variables not filled in. What is by default is left out. Pure.
    """
    found: dict[str, str] = {}
    for one in made:
        spec = (asked.get("services") or {}).get(one.service) or {}
        for pattern, value in _pairs(spec, one):
            found |= _matched(str(pattern), value)
    return found


def _pairs(spec: Mapping[str, Any], one: MadeWith) -> Iterator[tuple[Any, str]]:
    yield spec.get("image"), one.image
    yield spec.get("container_name"), one.name
    for name, pattern in (spec.get("environment") or {}).items():
        if name in one.environment:
            yield pattern, one.environment[name]
    ports = {inner: iter(places) for inner, places in one.ports.items()}
    for port in spec.get("ports") or ():
        outer, _, inner = str(port).rpartition(":")
        if place := next(ports.get(inner.removesuffix("/tcp"), iter(())), ""):
            yield outer, place


def _matched(pattern: str, value: str) -> dict[str, str]:
    """What a pattern's variables were, where they are not what they are by default."""
    known = _VARIABLE.findall(pattern)
    if not known or "$" in _VARIABLE.sub("", pattern) or any(is_secret(name) for name, _ in known):
        return {}
    form, at = "", 0
    for part in _VARIABLE.finditer(pattern):
        again = f"(?P<{part[1]}>" in form
        named = f"(?P={part[1]})" if again else f"(?P<{part[1]}>.*?)"
        form, at = form + re.escape(pattern[at : part.start()]) + named, part.end()
    match, default = re.fullmatch(form + re.escape(pattern[at:]), value), dict(known)
    found = match.groupdict() if match else {}
    return {n: v for n, v in found.items() if v != default[n] and _FIT.fullmatch(v) and _shown(v)}


def _shown(value: str) -> bool:
    return hidden(value) == value


def _remembered(asked: Mapping[str, Any], directory: Path) -> dict[str, str]:
    """The health path of the last run, where a variable names it."""
    settings, health = recall(directory), (asked.get("x-fream") or {}).get("health") or {}
    return _matched(str(health.get("path")), settings.switch.health.path) if settings else {}


def _profiles(asked: Mapping[str, Any], seen: Outline) -> Iterator[str]:
    """infra, the user's own that run, and of the sets the live one."""
    services = asked.get("services") or {}
    running = [services.get(c.service) or {} for c in seen.containers if c.state == "running"]
    named = dict.fromkeys(p for spec in running for p in spec.get("profiles") or ())
    yield from (str(name) for name in {"infra": None, **named} if name not in set(SetName))
    sets = [name for name in SetName if name in named]
    yield from [str(seen.live.set)] if seen.live else map(str, sets)


def _secrets(asked: Mapping[str, Any]) -> set[str]:
    """The secret variables of the Compose files."""
    named = {name for name, _ in _VARIABLE.findall(str(asked))}
    given = {(each or {}).get("environment") for each in (asked.get("secrets") or {}).values()}
    return {str(name) for name in named | given if name and is_secret(str(name))}
