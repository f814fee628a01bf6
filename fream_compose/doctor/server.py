"""What there is to know of the server, project or not."""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fream_compose.docker import engine as docker
from fream_compose.docker.engine import Engine
from fream_compose.errors import FreamError


@dataclass(frozen=True)
class Disk:
    """The file system where Docker stores images: bytes and inodes, free and in all.

    inodes: zero where the file system sets no limit.
    """

    free: int
    total: int
    inodes_free: int
    inodes: int


@dataclass(frozen=True)
class ServerFacts:
    """Docker on this server.

    installed: the command is on PATH. engine: None when it does not answer, for the
    reason engine_error. socket: the engine's socket, None when it is not on this server.
    socket_exists, socket_open: whether it is there, and this user may use it.
    skew: seconds by which the engine's clock differs from this one. compose: the
    plugin's version, or empty for the reason compose_error. disk: None when it cannot be
    seen from here.
    """

    installed: bool
    engine: Engine | None = None
    engine_error: str = ""
    socket: Path | None = None
    socket_exists: bool = False
    socket_open: bool = False
    skew: float = 0.0
    compose: str = ""
    compose_error: str = ""
    disk: Disk | None = None


def server_facts() -> ServerFacts:
    """Ask Docker, and look at its disk."""
    if not shutil.which("docker"):
        return ServerFacts(installed=False)
    engine, engine_error, skew = _engine()
    compose, compose_error = _compose()
    socket = _socket()
    return ServerFacts(
        installed=True,
        engine=engine,
        engine_error=engine_error,
        socket=socket,
        socket_exists=bool(socket and _exists(socket)),
        socket_open=bool(socket and os.access(socket, os.R_OK | os.W_OK)),
        skew=skew,
        compose=compose,
        compose_error=compose_error,
        disk=disk_of(engine.root) if engine else None,
    )


def _engine() -> tuple[Engine | None, str, float]:
    before = datetime.now(UTC)
    try:
        engine = docker.engine()
    except FreamError as error:
        return None, _first_line(error), 0.0
    return engine, "", skew(engine.time, before, datetime.now(UTC))


def skew(engine_time: datetime, before: datetime, after: datetime) -> float:
    """Seconds by which a clock that was asked between two moments is outside of them."""
    early, late = (before - engine_time).total_seconds(), (engine_time - after).total_seconds()
    return max(0.0, early, late)


def _compose() -> tuple[str, str]:
    try:
        return docker.compose_version(), ""
    except FreamError as error:
        return "", _first_line(error)


def _first_line(error: FreamError) -> str:
    """The first line of a reason; what follows it is Docker's usage."""
    return (error.why or error.what).splitlines()[0]


def _socket() -> Path | None:
    try:
        scheme, _, path = docker.endpoint().partition("://")
    except FreamError:
        return None
    return Path(path) if scheme == "unix" else None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def disk_of(folder: Path) -> Disk | None:
    """The file system of a folder; None when this user or this server cannot see it."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    size = found.f_frsize
    return Disk(found.f_bavail * size, found.f_blocks * size, found.f_favail, found.f_files)
