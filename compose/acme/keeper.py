"""The keeper of the certificates, process 1 of the service acme.

Without an argument it looks after every wanted host until it is ended. `renew [--force]
[HOST…]` does so once and prints state.json; `put` shows a pair of your own; `check` tells
whether nginx has something to show for every host.
"""

import json
import os
import signal
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import wanted as settings
from shelf import Shelf
from wanted import Place, Wanted

if TYPE_CHECKING:
    from record import Record
    from rounds import Rounds

_LOOK_SECONDS = 1.0
_LONGEST_NAP = 60.0  # so that a clock that was set is noticed


def main(arguments: list[str]) -> int:
    """Do what is asked; the exit code."""
    signal.signal(signal.SIGTERM, _ended)
    os.umask(0o022)
    place = settings.place_of()
    match arguments:
        case []:
            return keep(place)
        case ["check"]:
            return check(place)
        case ["put"]:
            return put(place, sys.stdin.buffer.read())
        case ["renew", *rest]:
            hosts = [word for word in rest if word != "--force"]
            return renew(place, hosts, force="--force" in rest)
    print("keeper.py takes nothing, renew [--force] [HOST…], put, or check", file=sys.stderr)
    return 2


def _ended(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def check(place: Place) -> int:
    """0 when every wanted host has a pair in place. Asked often, so it loads nothing heavy."""
    missing = [h for h in settings.read(place.routes).hosts if not Shelf(place).in_place(h)]
    if missing:
        print("Nothing in place yet for", ", ".join(missing))
    return bool(missing)


def renew(place: Place, hosts: list[str], force: bool) -> int:
    """One round now; 0 when every host has what was asked for."""
    told = settings.read(place.routes)
    if unknown := [host for host in hosts if host not in told.hosts]:
        print(f"Not in TLS_HOSTS: {', '.join(unknown)}", file=sys.stderr)
        return 2
    with redirect_stdout(sys.stderr):  # stdout is for state.json
        rounds = _rounds(place, told)
        rounds.begin()
        for host in hosts or told.hosts:
            rounds.tend(host, force)
    print(rounds.text(), end="")
    return not all(map(rounds.is_good, hosts or told.hosts))


def put(place: Place, text: bytes) -> int:
    """Show a pair of the user's own: JSON with hosts, certificate and key; 1 if it is not good."""
    import pairs
    from complaints import of_system

    asked = json.loads(text)
    try:
        pair = pairs.loaded(asked["certificate"].encode(), asked["key"].encode())
        rounds = _rounds(place, settings.read(place.routes))
        rounds.put_own(asked["hosts"], pair)
    except pairs.BadPair as error:
        reason = str(error)
    except OSError as error:
        reason = of_system(error).error
    else:
        return 0
    print(reason, file=sys.stderr)
    return 1


def keep(place: Place) -> int:
    """Look after all that is wanted, until a signal ends it."""
    told, seen, record = Wanted(), "", None
    while True:
        current = _seen(place.routes)
        changed = current != seen
        if changed:
            seen, told = current, _read(place.routes, told)
        rounds = _rounds(place, told, record)
        record = rounds.record
        if changed:
            rounds.begin()
        for host in told.hosts:
            rounds.tend(host, due=changed and not rounds.must_wait(host))
            if _seen(place.routes) != seen:
                break
        _nap(place.routes, seen, rounds.seconds_to_next())


def _nap(routes: Path, seen: str, seconds: float) -> None:
    """Until something changes, or a host is due."""
    end = time.monotonic() + min(seconds, _LONGEST_NAP)
    while time.monotonic() < end and _seen(routes) == seen:
        time.sleep(_LOOK_SECONDS)


def _seen(routes: Path) -> str:
    try:
        return (routes / "certificates.json").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _read(routes: Path, before: Wanted) -> Wanted:
    try:
        return settings.read(routes)
    except ValueError as error:
        print(f"{error}; what it said before holds", flush=True)
        return before


def _rounds(place: Place, told: Wanted, known: "Record | None" = None) -> "Rounds":
    from client import Client
    from record import Record
    from rounds import Rounds

    Shelf(place).prepare()
    client = Client(place, told)
    client.prepare()
    return Rounds(place, told, client, known or Record(place.tls / "state.json"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
