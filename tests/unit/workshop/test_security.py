"""SECURITY.md names mechanisms that are there, and figures that are nginx's."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SECURITY = (ROOT / "SECURITY.md").read_text()
NGINX = (ROOT / "nginx/nginx.conf").read_text()


def test_what_it_names_is_there() -> None:
    named = re.findall(r"`(nginx/[^`]*)`", SECURITY) + re.findall(r"\]\(([^)]+)\)", SECURITY)

    assert len(named) > 4
    assert [path for path in named if not (ROOT / path.partition("#")[0]).exists()] == []


def test_every_promise_has_a_mechanism() -> None:
    rows = re.findall(r"^\| (.*?) \| (.*) \|$", SECURITY, re.MULTILINE)

    assert len(rows) > 10
    assert all(promise and mechanism for promise, mechanism in rows)


def test_the_connections_that_it_and_the_readme_tell_are_those_of_nginx() -> None:
    connections = re.findall(r"worker_connections (\d+);", NGINX)
    told = f"{int(connections[0]):,} connections"

    assert told in SECURITY
    assert told in (ROOT / "README.md").read_text()


def test_who_finds_a_weakness_is_told_where_to_go() -> None:
    assert "private security advisory" in SECURITY
    assert "@" not in re.sub(r"`[^`]*`", "", SECURITY)
