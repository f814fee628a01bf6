"""What the kernel of this server knows of a container's processes."""

import os
import time
from pathlib import Path

_ESTABLISHED = "01"  # in /proc/net/tcp, see proc_net_tcp in the kernel's documentation


def started(pid: int) -> float | None:
    """When a process was started, in seconds since 1970; None if unknown."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - age


def connections(pid: int, port: int) -> int:
    """How many connections to a port are open in a process's network.

    Raises OSError where this user may not know, or the process is gone.
    """
    tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == _ESTABLISHED for row in rows)
