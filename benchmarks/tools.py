"""What must be installed before anything is measured."""

import shutil
from collections.abc import Iterable

_PACKAGES = {"docker": "docker.io", "curl": "curl", "wrk": "wrk", "nsenter": "util-linux"}
_NEEDED = {
    "switch": ("docker", "curl"),
    "dropped": ("docker", "curl"),
    "http2": ("docker",),
    "killed": ("docker",),
    "warm-up": ("docker",),
    "throughput": ("docker", "curl", "wrk", "nsenter"),
    "routing": ("docker", "wrk", "nsenter"),
    "slow": ("docker", "nsenter"),
    "commands": ("docker",),
}
PARTS = tuple(_NEEDED)


def reject_missing(parts: Iterable[str]) -> None:
    """Raises FileNotFoundError with what to install."""
    wanted = dict.fromkeys(tool for part in parts for tool in _NEEDED[part])
    missing = [tool for tool in wanted if shutil.which(tool) is None]
    if missing:
        packages = " ".join(_PACKAGES[tool] for tool in missing)
        raise FileNotFoundError(
            f"{' and '.join(missing)} cannot be found: apt-get install {packages}"
        )
