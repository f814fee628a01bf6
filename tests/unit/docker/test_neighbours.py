"""A copy of a project must share neither its names in a network nor MySQL's data."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fream_compose.docker.neighbours import Clash, clashes
from fream_compose.project.release_services import Route
from fream_compose.project.settings import Settings
from fream_compose.release import SetName
from tests.fakes import Stage


@pytest.fixture
def settings(stage: Stage) -> Settings:
    found: dict[str, Any] = {"networks": ("shop", "edge"), "data": "/srv/mysql"}
    return stage.settings.model_copy(update={**found, "aliases": frozenset({"fream-mysql"})})


def container(name: str, *aliases: str) -> dict[str, Any]:
    networks = {"edge": {"Aliases": list(aliases)}, "other": {"Aliases": None}}
    return {"Name": f"/{name}", "NetworkSettings": {"Networks": networks}}


Look = Callable[..., tuple[Clash, ...]]


@pytest.fixture
def look(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """What is found where Docker tells this of the network `edge` and of the data."""
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")

    def found(edge: str = "", data: str = "", *containers: dict[str, Any]) -> tuple[Clash, ...]:
        (tmp_path / "containers.json").write_text(json.dumps(containers))
        script = f"""#!/bin/sh
case "$*" in
  *network=edge*) printf '{edge}';;
  *volume=/srv/mysql*) printf '{data}';;
  "container inspect 1") cat {tmp_path}/containers.json;;
esac
"""
        (tools / "docker").write_text(script)
        (tools / "docker").chmod(stat.S_IRWXU)
        return clashes(settings)

    return found


def test_a_project_alone_has_no_clash(look: Look) -> None:
    ours = "1\\tshop-mysql\\tshop\\n"

    assert look(ours, ours, container("shop-mysql", "fream-mysql")) == ()


@pytest.mark.parametrize("project", ["staging", ""])
@pytest.mark.parametrize("other", [("a", "fream-mysql"), ("fream-mysql", "a")])
def test_a_namesake_in_a_network_is_named(look: Look, other: tuple[str, str], project: str) -> None:
    name, alias = other

    (clash,) = look(f"1\\t{name}\\t{project}\\n", "", container(name, alias, "b"))

    assert clash.what == f"{name} answers to fream-mysql in this project's network"
    assert "FREAM_NETWORK_NAME" in clash.next_step


def test_a_public_service_is_asked_for_by_a_name_that_nobody_else_may_have(
    look: Look, settings: Settings
) -> None:
    set1 = settings.sets[SetName.SET1]
    set1.members.update(ui="set1-ui", worker="set1-worker")
    settings.sets[SetName.SET2].members.update(ui="set2-ui")
    settings.__dict__["routes"] = (*settings.routes, Route("ui", "", "/ui", 3000))
    theirs = container("staging-ui", "set1-ui", "set1-worker", "set1")

    (clash,) = look("1\\tstaging-ui\\tstaging\\n", "", theirs)

    assert clash.what == "staging-ui answers to set1-ui in this project's network"


def test_a_container_with_names_of_its_own_may_be_in_the_network(look: Look) -> None:
    assert look("1\\tproxy\\ttraefik\\n", "", container("proxy", "traefik")) == ()


def test_who_uses_the_same_data_is_named(look: Look) -> None:
    (clash,) = look("", "1\\tstaging-mysql\\tstaging\\n")

    assert clash.what == "staging-mysql uses MySQL's data of this project"
    assert "MYSQL_DATA_DIR" in clash.next_step
