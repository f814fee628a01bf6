"""The Compose files with their variables not filled in, where one is in a file's own name."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fream_compose.docker import reads


@pytest.mark.parametrize("own", [[], ["compose.override.yaml"]])
def test_the_file_that_https_adds_is_read_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: list[str]
) -> None:
    text = 'include: [{path: [infra.yaml, "tls${TLS_HOSTS:+-on}.yaml"]}]\n'
    (tmp_path / "compose.yaml").write_text(text)
    for name in own:
        (tmp_path / name).write_text("{}")
    told: list[str] = []

    def begin(arguments: list[str], _directory: Path | None) -> subprocess.Popen[str]:
        files = [b for a, b in pairwise(arguments) if a == "--file"]
        told.extend([Path(files[0]).read_text(), *files[1:]])
        return subprocess.Popen(["echo", "{}"], stdout=subprocess.PIPE, text=True)

    monkeypatch.setattr(reads, "begin", begin)

    found: dict[str, Any] = reads.template(tmp_path)

    assert found == {}
    assert told == ['include: [{path: [infra.yaml, "tls-on.yaml"]}]\n', *own]
