"""What MySQL is asked with, as the shell of its container reads it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fream_compose.operations.passwords import _QUESTION

SECRET = "p$a ss'\"wörd"
MYSQL = '#!/bin/sh\necho "$MYSQL_PWD" > {folder}/password-of-$3\necho "$@" >> {folder}/told\n'


@pytest.mark.parametrize("in_a_file", [False, True])
def test_mysql_is_asked_with_the_passwords_of_env_and_none_is_an_argument(
    tmp_path: Path, in_a_file: bool
) -> None:
    tool = tmp_path / "mysql"
    tool.write_text(MYSQL.replace("{folder}", str(tmp_path)))
    tool.chmod(0o755)
    (tmp_path / "secret").write_text(SECRET)
    given = {"MYSQL_PASSWORD": SECRET, "MYSQL_ROOT_PASSWORD": f"root {SECRET}"}
    if in_a_file:
        given |= {"MYSQL_PASSWORD": "", "MYSQL_PASSWORD_FILE": str(tmp_path / "secret")}
    place = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "MYSQL_USER": "app", "MYSQL_DATABASE": "d"}

    subprocess.run(["sh", "-c", f"HOST='db'{_QUESTION}"], env=place | given, check=True)

    assert (tmp_path / "password-of---user=app").read_text() == f"{SECRET}\n"
    assert (tmp_path / "password-of---user=root").read_text() == f"root {SECRET}\n"
    assert SECRET not in (tmp_path / "told").read_text()
