"""Settings from the environment, checked once at boot."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

KNOB_PREFIX = "DEMO_"

T = TypeVar("T")


class SettingsError(Exception):
    """The environment holds something that the shop cannot run with."""


class OnSigterm(StrEnum):
    """What the shop does when it is asked to stop."""

    GRACEFUL = "graceful"
    DIE = "die"
    IGNORE = "ignore"


@dataclass(frozen=True)
class DatabaseSettings:
    """Where MySQL is and who asks."""

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Knobs:
    """Misbehaviour on demand, so that tests can see what a release tool makes of it."""

    boot_seconds: float = 0.0
    crash_at_boot: str = ""
    crash_after_seconds: float = 0.0
    unhealthy: int = 0
    latency_ms: float = 0.0
    on_sigterm: OnSigterm = OnSigterm.GRACEFUL
    slow_first: int = 0
    fail_from: int = 0
    fail_spares: str = ""


@dataclass(frozen=True)
class Settings:
    """Everything the shop reads from its environment; `database` is None with `DEMO_DB=off`."""

    version: str
    port: int
    profile: str
    access_log: bool
    database: DatabaseSettings | None
    knobs: Knobs


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that `environment` describes; raises SettingsError with the variable's name."""
    _reject_unknown_knobs(environment)
    read = _Reader(environment)
    return Settings(
        version=read("DEMO_VERSION", str, "0.0.0"),
        port=read("SERVER_PORT", _port, 8080),
        profile=read("SPRING_PROFILES_ACTIVE", str, "default"),
        access_log=read("DEMO_ACCESS_LOG", _switch, False),
        database=_database(read) if read("DEMO_DB", _switch, True) else None,
        knobs=_knobs(read),
    )


@dataclass(frozen=True)
class _Reader:
    environment: Mapping[str, str]

    def __call__(self, name: str, parse: Callable[[str], T], default: T) -> T:
        text = self.environment.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            raise SettingsError(f"{name}={text}: {error}") from None

    def required(self, name: str) -> str:
        value = self.environment.get(name, "")
        if not value:
            raise SettingsError(f"{name} is not set (or set DEMO_DB=off to run without MySQL)")
        return value


def _database(read: _Reader) -> DatabaseSettings:
    return DatabaseSettings(
        host=read.required("FREAM_DB_URL"),
        port=read("FREAM_DB_PORT", _port, 3306),
        name=read.required("FREAM_DB_SCHEME"),
        user=read.required("FREAM_DB_USERNAME"),
        password=_password(read),
    )


def _password(read: _Reader) -> str:
    """From the variable, or where that is not set from the file, which nothing else shows."""
    file = read("FREAM_DB_PASSWORD_FILE", Path, None)
    if read.environment.get("FREAM_DB_PASSWORD") or file is None:
        return read.required("FREAM_DB_PASSWORD")
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"FREAM_DB_PASSWORD_FILE={file} cannot be read") from None


def _knobs(read: _Reader) -> Knobs:
    return Knobs(
        boot_seconds=read("DEMO_BOOT_SECONDS", _duration, 0.0),
        crash_at_boot=read("DEMO_CRASH_AT_BOOT", str, ""),
        crash_after_seconds=read("DEMO_CRASH_AFTER_SECONDS", _duration, 0.0),
        unhealthy=read("DEMO_UNHEALTHY", _failure_status, 0),
        latency_ms=read("DEMO_LATENCY_MS", _duration, 0.0),
        on_sigterm=read("DEMO_ON_SIGTERM", _on_sigterm, OnSigterm.GRACEFUL),
        slow_first=read("DEMO_SLOW_FIRST", _count, 0),
        fail_from=read("DEMO_FAIL_FROM", _count, 0),
        fail_spares=read("DEMO_FAIL_SPARES", str, ""),
    )


KNOWN_KNOBS = frozenset(
    {
        "DEMO_VERSION",
        "DEMO_ACCESS_LOG",
        "DEMO_DB",
        "DEMO_BOOT_SECONDS",
        "DEMO_CRASH_AT_BOOT",
        "DEMO_CRASH_AFTER_SECONDS",
        "DEMO_UNHEALTHY",
        "DEMO_LATENCY_MS",
        "DEMO_ON_SIGTERM",
        "DEMO_SLOW_FIRST",
        "DEMO_FAIL_FROM",
        "DEMO_FAIL_SPARES",
    }
)


def _reject_unknown_knobs(environment: Mapping[str, str]) -> None:
    unknown = sorted(
        name for name in environment if name.startswith(KNOB_PREFIX) and name not in KNOWN_KNOBS
    )
    if unknown:
        raise SettingsError(
            f"unknown {', '.join(unknown)}; the shop knows {', '.join(sorted(KNOWN_KNOBS))}"
        )


def _port(text: str) -> int:
    return _in_range(text, 1, 65535)


def _failure_status(text: str) -> int:
    return _in_range(text, 400, 599)


def _count(text: str) -> int:
    return _in_range(text, 0, 1_000_000)


def _in_range(text: str, low: int, high: int) -> int:
    if not (text.isdecimal() and low <= int(text) <= high):
        raise ValueError(f"expected a whole number from {low} to {high}")
    return int(text)


def _duration(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError("expected a number that is not negative")
    return value


def _switch(text: str) -> bool:
    known = {"on": True, "1": True, "true": True, "off": False, "0": False, "false": False}
    if text.lower() not in known:
        raise ValueError("expected on or off")
    return known[text.lower()]


def _on_sigterm(text: str) -> OnSigterm:
    try:
        return OnSigterm(text.lower())
    except ValueError:
        raise ValueError(f"expected one of {', '.join(OnSigterm)}") from None
