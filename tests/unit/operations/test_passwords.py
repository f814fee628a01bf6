"""What MySQL is asked with, as the shell of its container reads it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fream_compose.operations.passwords import _of_app, _of_root

SECRET = "p$a ss'\"wörd"
MYSQL = '#!/bin/sh\necho "$MYSQL_PWD" >> {folder}/passwords\necho "$@" >> {folder}/told\n'


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

    for question in (_of_app("db"), _of_root()):
        subprocess.run(question, env=place | given, check=True)

    assert (tmp_path / "passwords").read_text() == f"{SECRET}\nroot {SECRET}\n"
    told = (tmp_path / "told").read_text()
    assert told.splitlines() == [
        "--host=db --connect-timeout=5 --user=app -e DO 0 d",
        "--connect-timeout=5 --user=root -e DO 0",
    ]
