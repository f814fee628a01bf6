"""What nginx reads: /tls/live/NAME leads to a pair, and one rename changes both files of it."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wanted import Place, name_of

if TYPE_CHECKING:
    from pairs import Pair

CHAIN, KEY = "fullchain.pem", "key.pem"
# The root of nginx's server: an empty folder, so that no request can ask for the key.
_ROOT = "www"
# Browsers take it: nginx sends users from port 80 to it.
_TRUSTED = "trusted"
_KEPT = 2  # the one in place, and the one before: a worker may just be reading it
_HALF = ".new"


@dataclass(frozen=True)
class Shelf:
    """The pairs of every name. Whatever happens to this process, each link leads to a whole one."""

    place: Place

    @property
    def live(self) -> Path:
        """The folder of the links."""
        return self.place.tls / "live"

    @property
    def _pairs(self) -> Path:
        return self.place.tls / "pairs"

    def prepare(self) -> None:
        """Make the folders, so that nginx's workers get through to them."""
        for path in (self.live, self._pairs, self.place.tls / "challenges"):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
        mode = self.place.tls.stat().st_mode
        if mode & 0o011 != 0o011:
            self.place.tls.chmod(mode | 0o011)

    def in_place(self, host: str) -> Path | None:
        """The folder of what is shown for a host; None without a whole one."""
        try:
            folder = (self.live / name_of(host)).resolve(strict=True).parent
        except OSError:
            return None
        return folder if (folder / CHAIN).is_file() and (folder / KEY).is_file() else None

    def source(self, host: str) -> str:
        """Where what is in place comes from: acme, own, self-signed; empty for nothing."""
        folder = self.in_place(host)
        return folder.name.rpartition("@")[2].partition("-")[2] if folder else ""

    def put(self, host: str, pair: "Pair", source: str) -> None:
        """Show this pair for a host from now on. Raises OSError; then nothing has changed."""
        name = name_of(host)
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        folder = self._pairs / f"{name}@{moment}-{source}"
        self._remove_half(name)
        half = self._pairs / f"{_HALF}-{name}"
        try:
            (half / _ROOT).mkdir(parents=True)
            self._write(half / CHAIN, pair.chain, 0o444)
            self._write(half / KEY, pair.key, 0o400, owner=self.place.nginx_uid)
            if source != "self-signed":
                self._write(half / _TRUSTED, b"", 0o444)
            for path in (half / _ROOT, half):
                path.chmod(0o755)
            sync(half)
            half.rename(folder)
            sync(self._pairs)
            link = self.live / f"{_HALF}-{name}"
            link.symlink_to(Path("..", "pairs", folder.name, _ROOT))
            link.rename(self.live / name)
            sync(self.live)
        finally:
            self._remove_half(name)
        self._remove_older(name)

    def _write(self, path: Path, text: bytes, mode: int, owner: int | None = None) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if owner is not None:
                os.fchown(file.fileno(), owner, -1)
            os.fsync(file.fileno())

    def _remove_half(self, name: str) -> None:
        """What a process left behind that was killed, or whose disk was full."""
        (self.live / f"{_HALF}-{name}").unlink(missing_ok=True)
        shutil.rmtree(self._pairs / f"{_HALF}-{name}", ignore_errors=True)

    def _remove_older(self, name: str) -> None:
        found = sorted(self._pairs.glob(f"{name}@*"))
        kept = (self.live / name).resolve().parent
        for folder in found[:-_KEPT]:
            if folder != kept:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time: the loop, or `renew` beside it.

        Who can open the file can lock it for ever, so only its owner may.
        """
        with (self.place.tls / "lock").open("a") as file:
            os.fchmod(file.fileno(), 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def sync(folder: Path) -> None:
    """What was renamed in a folder is so after a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
