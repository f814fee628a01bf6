"""Latency as one kind of client saw it."""

from collections.abc import Sequence
from statistics import median

from load import Latency

# Asks for one quick page after the other. What is slow by itself would hide the switch.
CLIENT = "keepalive"


def middle(rows: Sequence[Latency]) -> dict[str, float]:
    """Median of the p50 and of the p99, in milliseconds."""
    return {
        "p50": round(median(row.p50 for row in rows) * 1000, 1),
        "p99": round(median(row.p99 for row in rows) * 1000, 1),
    }
