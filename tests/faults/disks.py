"""Small disks under a project's folders, so that a full or a read-only one can be had."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = "2m"


def mounts_allowed() -> bool:
    """Whether this user may mount."""
    return os.geteuid() == 0


@contextmanager
def small_disks(*folders: Path) -> Iterator[None]:
    """Each folder, with what it holds, on a disk of its own."""
    mounted: list[Path] = []
    try:
        for folder in folders if mounts_allowed() else ():
            aside = folder.with_name(f"{folder.name}.aside")
            folder.rename(aside)
            folder.mkdir(mode=aside.stat().st_mode & 0o777)
            _run("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0755", "tmpfs", str(folder))
            mounted.append(folder)
            shutil.copytree(aside, folder, dirs_exist_ok=True)
            shutil.rmtree(aside)
        yield
    finally:
        for folder in reversed(mounted):
            _run("umount", "--lazy", str(folder))


@dataclass(frozen=True)
class Harm:
    """The commands that make a folder fail, and that mend it."""

    do: str
    undo: str

    def __call__(self, folder: Path) -> Harm:
        """The same for one folder."""
        return Harm(self.do.format(folder), self.undo.format(folder))


FULL = Harm("dd if=/dev/zero of={0}/.fill bs=1k 2>/dev/null || true", "rm -f {0}/.fill")
# A bind mount, because a disk on which a file is open for writing cannot be made read-only.
READ_ONLY = Harm("mount --rbind {0} {0} && mount -o remount,bind,ro {0}", "umount --recursive {0}")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)
