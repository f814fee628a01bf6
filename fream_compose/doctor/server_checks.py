"""Checks of the server: Docker, Compose, room, clock. Pure."""

import re
from collections.abc import Iterator

from rich.filesize import decimal

from fream_compose.doctor.finding import Finding, fails, ok, warning
from fream_compose.doctor.server import Disk, ServerFacts

OLDEST_ENGINE, OLDEST_COMPOSE = (20, 10), (2, 24)
_BOOTSTRAP = "script/bootstrap installs it, or see https://docs.docker.com/engine/install"
_RESERVE = 1_000_000_000  # bytes that logs, the database and other programs may need
_FEW_INODES = 50_000  # an image of a language's runtime has some 20,000 files
_SKEW_SECONDS = 2.0


def server_findings(facts: ServerFacts, image_bytes: int = 0) -> tuple[Finding, ...]:
    """Every check that needs no project. image_bytes: the size to expect of the next image."""
    return tuple(_findings(facts, image_bytes))


def _findings(facts: ServerFacts, image_bytes: int) -> Iterator[Finding]:
    yield engine(facts)
    if not facts.installed:
        return
    yield compose(facts)
    if facts.engine:
        yield disk(facts.disk, image_bytes)
        yield clock(facts.skew)
    if facts.engine and facts.disk and facts.disk.inodes:
        yield inodes(facts.disk)


def engine(facts: ServerFacts) -> Finding:
    """Docker is installed, runs, lets this user in, and is not too old."""
    if not facts.installed:
        return fails("engine", "Docker is not installed: no `docker` on PATH", _BOOTSTRAP)
    if not facts.engine:
        return _silent(facts)
    if number(facts.engine.version) < OLDEST_ENGINE:
        return fails("engine", f"Docker Engine {facts.engine.version} is too old", _BOOTSTRAP)
    return ok("engine", f"Docker Engine {facts.engine.version}")


def _silent(facts: ServerFacts) -> Finding:
    why = f"Docker does not answer: {facts.engine_error}"
    if facts.socket and not facts.socket_exists:
        return fails("engine", why, "sudo systemctl start docker")
    if facts.socket and not facts.socket_open:
        remedy = "sudo usermod --append --groups docker $USER, then log in again"
        return fails("engine", f"This user may not use {facts.socket}", remedy)
    return fails("engine", why, "docker info; sudo systemctl status docker")


def compose(facts: ServerFacts) -> Finding:
    """Compose is there as Docker's plugin, and reads what the Compose files use."""
    needed = ".".join(map(str, OLDEST_COMPOSE))
    if not facts.compose:
        text = f"Docker has no Compose plugin that answers: {facts.compose_error}"
        return fails("compose", text, f"script/bootstrap installs it; {needed} or later is needed")
    if number(facts.compose) < OLDEST_COMPOSE:
        text = f"Docker Compose {facts.compose} is older than {needed}"
        return fails("compose", text, "script/bootstrap installs a newer plugin")
    return ok("compose", f"Docker Compose {facts.compose}, as Docker's plugin")


def disk(found: Disk | None, image_bytes: int) -> Finding:
    """The next image fits, twice: packed as it comes, and unpacked."""
    if found is None:
        remedy = "Run fream where the engine runs"
        return warning("disk", "Docker's disk cannot be seen from here", remedy)
    room = f"{decimal(found.free)} of {decimal(found.total)} free"
    needed = f"; the next image may need {decimal(2 * image_bytes)}" if image_bytes else ""
    if found.free < 2 * image_bytes + _RESERVE / 10:
        return fails("disk", room + needed, "fream prune; docker system df")
    if found.free < 2 * image_bytes + _RESERVE:
        return warning("disk", room + needed, "fream prune; docker system df")
    return ok("disk", room + needed)


def inodes(found: Disk) -> Finding:
    """The next image's files fit."""
    room = f"{found.inodes_free:,} of {found.inodes:,} free"
    if found.inodes_free < _FEW_INODES // 10:
        return fails("inodes", room, "fream prune; docker system prune")
    if found.inodes_free < _FEW_INODES:
        return warning("inodes", room, "fream prune; docker system prune")
    return ok("inodes", room)


def clock(skew: float) -> Finding:
    """The engine's clock is this one's, so that --since and deadlines mean the same."""
    if skew > _SKEW_SECONDS:
        text = f"The engine's clock differs from this one by {skew:.0f} s"
        return warning("clock", text, "timedatectl set-ntp true, on both")
    return ok("clock", "The engine's clock agrees with this one")


def number(version: str) -> tuple[int, ...]:
    """The numbers at the beginning of a version, such as (20, 10, 24); empty without any."""
    found = re.match(r"\D*(\d{1,9}(?:\.\d{1,9})*)", version)
    return tuple(map(int, found[1].split("."))) if found else ()
