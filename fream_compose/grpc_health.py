"""The standard health check of gRPC, grpc.health.v1; the only importer of grpc.

Its messages have one field each, so they are written here, and protobuf is not needed.
"""

import importlib
import importlib.util
import os
import re
from collections.abc import Callable
from typing import Any

from fream_compose.http import Unreachable

INSTALL = "pip install 'fream-compose[grpc]'"
_METHOD = "/grpc.health.v1.Health/Check"
_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_SLICE_SECONDS = 0.05  # in which a signal is heeded
# Each check is a connection of its own, whatever became of the one before, and past any proxy.
_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", 65_536),
)


def installed() -> bool:
    """Whether the library is there, without importing it, which takes a while."""
    return importlib.util.find_spec("grpc") is not None


def status(
    host: str, port: int, service: str, timeout: float, check: Callable[[], None] = lambda: None
) -> str:
    """What a server says of a service, or of itself where that is empty: `SERVING` is good.

    timeout: seconds for all of it. check: called many times a second meanwhile; what it raises
    is raised. Raises Unreachable.
    """
    if not installed():
        raise Unreachable(f"the library grpcio is not installed: {INSTALL}")
    if port == 0:
        raise Unreachable("it listens on no port of this server")
    grpc = _library()
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    with grpc.insecure_channel(target, options=_OPTIONS) as channel:
        # Without serializers the messages are bytes.
        call = channel.unary_unary(_METHOD).future(request(service), timeout=timeout)
        try:
            return read(_result(grpc, call, check))
        except grpc.RpcError as error:
            fault = _fault(error.code().name, error.details() or "", service, timeout)
            raise Unreachable(fault) from error


def request(service: str) -> bytes:
    """A HealthCheckRequest: its first field is the service."""
    name = service.encode()
    return b"\n" + _length(len(name)) + name if name else b""


def read(answer: bytes) -> str:
    """The status in a HealthCheckResponse, its first field. Raises Unreachable for what is none."""
    if not re.fullmatch(rb"(\x08[\x00-\x03])?", answer, re.DOTALL):
        raise Unreachable(f"what answers is no HealthCheckResponse: {answer[:20]!r}")
    return _STATUSES[answer[1] if answer else 0]


def _length(number: int) -> bytes:
    """A number as protobuf writes it: seven bits a byte, the lowest first."""
    more, low = number >> 7, number & 0x7F
    return bytes([low | 0x80]) + _length(more) if more else bytes([low])


def _library() -> Any:
    # Its handlers of fork() write on the terminal when another thread starts a command.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    return importlib.import_module("grpc")


def _result(grpc: Any, call: Any, check: Callable[[], None]) -> bytes:
    try:
        while True:
            check()
            try:
                found: bytes = call.result(timeout=_SLICE_SECONDS)
            except grpc.FutureTimeoutError:
                continue
            return found
    finally:
        call.cancel()


def _fault(code: str, details: str, service: str, timeout: float) -> str:
    """Why there is no status, in plain words."""
    if code == "DEADLINE_EXCEEDED":
        return f"no answer within {timeout:g} s"
    if code == "UNIMPLEMENTED":
        return "the server has no service grpc.health.v1.Health"
    if code == "NOT_FOUND":
        return f"the server knows no service {service!r}"
    if "connection refused" in details.lower():
        return "connection refused"
    return f"{code}: {details[-200:]}" if details else code
