"""MySQL connections: how to open one, and a pool that opens them as they are needed."""

from __future__ import annotations

import logging
import queue
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from shop.settings import DatabaseSettings

CONNECT_TIMEOUT = 5
READ_TIMEOUT = 10
POOL_SIZE = 10
POOL_WAIT = 30.0
TRUSTED_IDLE_SECONDS = 0.5
RETRY_SECONDS = 0.2
RETRIED_CODES = frozenset({2003, 2013})

MySqlConnection: TypeAlias = "Connection[Cursor]"

logger = logging.getLogger("shop.database")


class DatabaseError(Exception):
    """MySQL did not do what it was asked; the message never holds the password."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's errors into ours."""
    try:
        yield
    except (pymysql.MySQLError, OSError) as error:
        raise DatabaseError(f"{type(error).__name__}: {error}") from error


def _transport_security() -> ssl.SSLContext:
    # Encryption without verification: the server's certificate is self-made, and the driver
    # needs TLS (or one more package) for MySQL's default authentication.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connect(settings: DatabaseSettings, read_timeout: int | None) -> MySqlConnection:
    """A new connection that commits each statement; None waits for answers without limit."""
    return pymysql.connect(
        host=settings.host,
        port=settings.port,
        database=settings.name,
        user=settings.user,
        password=settings.password,
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=read_timeout,
        ssl=_transport_security(),
    )


def connect_patiently(settings: DatabaseSettings, patience: float) -> MySqlConnection:
    """A connection for long statements, from a MySQL that may take `patience` to start."""
    deadline = time.monotonic() + patience
    waiting = False
    while True:
        try:
            return connect(settings, read_timeout=None)
        except pymysql.err.OperationalError as error:
            if error.args[0] not in RETRIED_CODES or time.monotonic() > deadline:
                raise
        if not waiting:
            logger.info("waiting for MySQL at %s:%d", settings.host, settings.port)
            waiting = True
        time.sleep(RETRY_SECONDS)


@dataclass
class _Slot:
    connection: MySqlConnection | None = None
    last_used: float = 0.0

    def ready(self, settings: DatabaseSettings) -> MySqlConnection:
        if self.connection is None:
            self.connection = connect(settings, READ_TIMEOUT)
        elif time.monotonic() - self.last_used > TRUSTED_IDLE_SECONDS:
            self.connection.ping(reconnect=True)
        return self.connection

    def discard(self) -> None:
        if self.connection is not None:
            with suppress(pymysql.MySQLError, OSError):
                self.connection.close()
        self.connection = None


class Pool:
    """At most `size` connections, opened when first needed and reused last in, first out."""

    def __init__(self, settings: DatabaseSettings, size: int = POOL_SIZE) -> None:
        self._settings = settings
        self._slots: queue.LifoQueue[_Slot] = queue.LifoQueue()
        for _ in range(size):
            self._slots.put(_Slot())

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """A cursor on a connection of this caller's own; a connection that failed is dropped."""
        slot = self._take()
        try:
            with translated_errors(), slot.ready(self._settings).cursor() as cursor:
                yield cursor
        except BaseException:
            slot.discard()
            raise
        finally:
            slot.last_used = time.monotonic()
            self._slots.put(slot)

    def close(self) -> None:
        """Close the connections that are not in use."""
        with suppress(queue.Empty):
            while True:
                self._slots.get_nowait().discard()

    def _take(self) -> _Slot:
        try:
            return self._slots.get(timeout=POOL_WAIT)
        except queue.Empty:
            raise DatabaseError(f"no free connection for {POOL_WAIT:.0f} s") from None
