"""Looks at a page as a browser does: Chromium, without a window."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

SECONDS = 90
# Neither its sandbox nor a graphics card is there in a container and as root.
_ALONE = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
    "--enable-logging=stderr",
)
# A page in a frame as wide as a phone, and how wide what is in it gets.
_FRAME = """<!doctype html><meta charset="utf-8">
<iframe src="{page}" width="{width}" height="800" style="border:0"></iframe>
<script>addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument.documentElement;
  document.body.dataset.wide = page.scrollWidth + " of " + page.clientWidth;
  document.body.dataset.styled = getComputedStyle(page.querySelector("h1")).fontWeight;
}});</script>
"""


def seen(page: Path, width: int) -> tuple[int, int, str]:
    """How wide a page gets in a frame of this width, the frame's width, and how bold its h1 is.

    The browser must not have complained of it.
    """
    frame = page.with_name("frame.html")
    frame.write_text(_FRAME.format(page=page.name, width=width), encoding="utf-8")
    shown = chromium("--allow-file-access-from-files", "--dump-dom", frame.as_uri())
    wide, room = re.findall(r'data-wide="(\d+) of (\d+)"', shown)[0]
    (bold,) = re.findall(r'data-styled="(\d+)"', shown)
    return int(wide), int(room), bold


def chromium(*arguments: str) -> str:
    """Run it to its end; returns what it prints."""
    done = subprocess.run(
        ["chromium", *_ALONE, *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert "Content Security Policy" not in done.stderr, done.stderr
    return done.stdout
