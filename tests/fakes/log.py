"""Lines as nginx writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any


def access_line(ended: float, name: str = "set1", status: int = 200, **more: Any) -> str:
    """A line of the access log. ended: Unix seconds; the clock in the container shows UTC."""
    fields = {
        "time": datetime.fromtimestamp(ended, UTC).isoformat(timespec="seconds"),
        "msec": ended,
        "method": "GET",
        "set": name,
        "status": status,
        "bytes": 100,
        "seconds": 0.01,
        "completion": "OK",
        "upstream_header_seconds": "0.010",
        "upstream_status": str(status) if name in ("set1", "set2") else "",
        "worker": 9,
        "connection": 1,
    }
    return json.dumps(fields | more) + "\n"


def error_line(at: float, what: str, worker: int = 9, connection: int = 1, uri: str = "/") -> str:
    """A line of the error log: what happened while nginx read an answer of the app."""
    return (
        f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d %H:%M:%S} [error] {worker}#{worker}: "
        f"*{connection} {what} while reading upstream, client: 172.18.0.1, server: _, "
        f'request: "GET {uri} HTTP/1.1"\n'
    )
