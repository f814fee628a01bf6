"""Where fream's time goes, from the stopwatch of traced switches."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

_CUT_OVER = "Proxy.serve"
Row = dict[str, Any]


def breakdown(traces: Sequence[Mapping[str, Any]]) -> dict[str, list[Row]]:
    """Own seconds and calls by function, before and after the confirmed cut-over."""
    parts = [_parts(trace) for trace in traces]
    return {phase: _merge([part[phase] for part in parts]) for phase in ("before", "after")}


def _parts(trace: Mapping[str, Any]) -> dict[str, dict[str, tuple[float, int]]]:
    spans: list[Mapping[str, Any]] = trace["spans"]
    cut_over = next(s["at"] + s["seconds"] for s in spans if s["name"] == _CUT_OVER)
    before = _sums([s for s in spans if s["at"] < cut_over and s["name"] != "Switch.run"])
    after = _sums([s for s in spans if s["at"] >= cut_over])
    # What another thread did beside the main one took no time of the switch.
    before["the rest"] = (cut_over - _total(before), 1)
    after["the rest"] = (trace["ended"] - cut_over - _total(after), 1)
    return {"before": before, "after": after}


def _sums(spans: list[Mapping[str, Any]]) -> dict[str, tuple[float, int]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for span in spans:
        found[span["name"]].append(span["own"])
    return {name: (sum(owns), len(owns)) for name, owns in found.items()}


def _total(sums: Mapping[str, tuple[float, int]]) -> float:
    return sum(seconds for name, (seconds, _) in sums.items() if not name.endswith("(beside)"))


def _merge(parts: Sequence[Mapping[str, tuple[float, int]]]) -> list[Row]:
    names = dict.fromkeys(name for part in parts for name in part)
    rows = []
    for name in names:
        found = [part.get(name, (0.0, 0)) for part in parts]
        seconds, calls = (median(column) for column in zip(*found, strict=True))
        rows.append({"what": name, "seconds": round(seconds, 4), "calls": calls})
    return rows
