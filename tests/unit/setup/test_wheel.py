"""What is installed from the wheel sets projects up and renews them as the source tree does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.unit.setup.test_commands import ROOT, fream


def test_the_wheel_holds_every_file_that_a_project_needs(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*build, "--wheel-dir", tmp_path, ROOT], check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "site")

    where = [
        sys.executable,
        "-c",
        "from fream_compose.setup import project_files as p; print(p.template())",
    ]
    site = {**os.environ, "PYTHONPATH": "site"}
    told = subprocess.run(where, cwd=tmp_path, env=site, capture_output=True, text=True, check=True)
    assert told.stdout.strip().endswith("site/fream_compose/template")

    done = fream("init", "new", "--image", "s", "--mysql", cwd=tmp_path, PYTHONPATH="site")
    assert fream("init", "old", "--image", "s", "--mysql", cwd=tmp_path).returncode == 0

    assert done.returncode == 0, done.stderr
    installed, source = (
        {str(path.relative_to(tmp_path / name)) for path in (tmp_path / name).rglob("*")}
        for name in ("new", "old")
    )
    assert installed == source
    assert not list((tmp_path / "site").rglob(".env"))

    # What is known of projects from before the manifest comes along.
    earlier = ROOT / "fream_compose/setup/unmarked/nginx/app.conf"
    (tmp_path / "new/compose/.fream-files.json").unlink()
    (tmp_path / "new/nginx/app.conf").write_text(earlier.read_text())
    renew = ["-C", "new", "init", "--upgrade", "--output", "json"]
    done = fream(*renew, cwd=tmp_path, PYTHONPATH="site")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]["renewed"] == ["nginx/app.conf"]
