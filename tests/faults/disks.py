"""Small disks under a project's folders, so that a full or a read-only one can be had."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = "2m"
FILL = ".fill"


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
        for folder in mounted:
            _run("umount", "--lazy", str(folder))


def fill(folder: Path) -> str:
    """The command that leaves no byte free."""
    return f"dd if=/dev/zero of={folder}/{FILL} bs=1k 2>{os.devnull} || true"


def make_read_only(folder: Path) -> str:
    """The command that lets nobody write, not even root."""
    return f"mount -o remount,ro {folder}"


def repair(folder: Path) -> None:
    """Room again, and writable."""
    _run("mount", "-o", "remount,rw", str(folder))
    (folder / FILL).unlink(missing_ok=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)
