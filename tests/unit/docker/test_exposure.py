"""A secret reaches a container as a file, or its release is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fream_compose.docker.exposure import reject_exposed
from fream_compose.errors import ConfigurationError

SERVICES = '{"services": {"set1": {"environment": {"A": "\'"$PASSWORD"\'"}}, "mysql": {}}}'


def test_what_would_be_a_variable_is_refused_and_stays_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docker").write_text(f"#!/bin/sh\necho '{SERVICES}'\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    reject_exposed(tmp_path, {"ANOTHER": "hunter2"})
    with pytest.raises(ConfigurationError, match=r"a variable of set1$") as caught:
        reject_exposed(tmp_path, {"PASSWORD": "hunter2"})

    assert "hunter2" not in f"{caught.value.why} {caught.value.next_step}"
    assert not os.environ.keys() & {"PASSWORD", "ANOTHER"}
