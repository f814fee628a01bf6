"""A worker, a scheduler or an importer of a release; run inside a container.

What it does it writes to /log/events, a line each. How it misbehaves is in its release's tag.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

LOG = Path("/log")
ROLE, PLACE, RELEASE = sys.argv[1], sys.argv[2], os.environ["DEMO_VERSION"]
told = False


def say(event: str) -> None:
    """Write down what happens, and when."""
    with (LOG / "events").open("a", encoding="utf-8") as events:
        events.write(f"{time.time():.3f} {PLACE} {ROLE} {RELEASE} {event}\n")
    print(ROLE, event, flush=True)


def heed(*_: object) -> None:
    """No more work after what is under way."""
    global told
    told = True


def until_done() -> None:
    """Wait for a file that says so."""
    while not (LOG / "done").exists():
        time.sleep(0.05)


def job(number: int) -> None:
    """Some work; a long one lasts until a file says that it is done."""
    say(f"took job {number}")
    if "long" in RELEASE:
        until_done()
    time.sleep(0.2)
    say(f"finished job {number}")


def main() -> int:
    """Work until told to stop."""
    signal.signal(signal.SIGTERM, heed)
    say("began")
    if f"{ROLE}-crashes" in RELEASE:
        time.sleep(1.0)
        print(f"{ROLE} lost its way", flush=True)
        return 3
    number = 0
    while not told or f"{ROLE}-stubborn" in RELEASE:
        number += 1
        if ROLE == "worker":
            job(number)
        else:
            time.sleep(0.1)
    if f"{ROLE}-slow" in RELEASE:
        until_done()
    say("ended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
