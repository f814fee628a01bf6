"""What the keeper of the certificates would note."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any


def note(start: datetime, life: int = 90, **other: Any) -> dict[str, Any]:
    """A certificate from a moment on. life: its days. other: what is noted otherwise."""
    return {
        "source": "acme",
        "issuer": "Test CA",
        "names": ["shop.example.com"],
        "not_before": start.isoformat(),
        "not_after": (start + timedelta(days=life)).isoformat(),
        "sha256": "ab" * 32,
        "tried": start.isoformat(),
        "failures": 0,
        "error": "",
        "hint": "",
        "next": None,
        **other,
    }


def state(**hosts: dict[str, Any]) -> str:
    """The whole of it."""
    return json.dumps({"schema": 1, "server": "https://ca.example/dir", "hosts": hosts})
