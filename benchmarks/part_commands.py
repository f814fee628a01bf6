"""What an operator waits for: help, status, and the memory of a switch."""

from typing import Any

from benchmarks import fream, images
from benchmarks.fream import call
from benchmarks.shell import VENV
from benchmarks.spread import summary
from benchmarks.stand import IMAGE, PORT, Stand


def measure(stand: Stand, quick: bool) -> dict[str, Any]:
    """Seconds of each command; MiB of fream itself, and of the largest process it starts."""
    images.build_at_once(IMAGE)
    fream.switch(stand.compose, "a", PORT)
    count = 5 if quick else 21
    run = (VENV / "fream", "-C", stand.compose)
    helps = [call([VENV / "fream", "--help"]).seconds for _ in range(count)]
    looks = [call([*run, "status"]).seconds for _ in range(count)]
    traced = fream.traced_switch(stand.compose, "b", PORT)
    plain = fream.switch(stand.compose, "a", PORT)
    return {
        "help": summary(helps),
        "status": summary(looks),
        "switch_peak_mib": round(traced.trace["peak_kib"] / 1024, 1),
        "largest_process_mib": round(plain.peak_kib / 1024, 1),
    }
