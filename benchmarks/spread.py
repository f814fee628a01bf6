"""Median, least and most of a row of samples."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Spread:
    """A row of samples, summarised."""

    median: float
    min: float
    max: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> "Spread":
        """Summarise at least one sample."""
        return cls(
            round(median(samples), 4), round(min(samples), 4), round(max(samples), 4), len(samples)
        )

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def summary(samples: Sequence[float]) -> dict[str, Any]:
    """Median, min, max and count as plain values; empty when nothing was measured."""
    return Spread.of(samples).to_json() if samples else {}
