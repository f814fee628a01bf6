"""README and docs: every link leads somewhere, every line that is shown can be typed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from fream_compose.project.tls_settings import Tls
from fream_compose.project.x_fream import SwitchSettings
from tests.unit.workshop.pages import (
    FOLDER,
    PAGES,
    README,
    ROOT,
    TOLD,
    Page,
    fream_lines,
    shell_lines,
    understand,
    variants,
)

ENV = (ROOT / "compose" / ".env.example").read_text(encoding="utf-8")
SETTING = re.compile(r"([A-Z][A-Z0-9_]*)=(\S*)")
# What a reader types that is neither fream nor a script of ours, and what runs it here.
RUN_BY = {
    "cd ": "the shell",
    "docker exec shop-mysql ": "tests/stories/test_stranger.py",
    "docker exec -i shop-mysql ": "tests/stories/test_stranger.py",
    "install -m 600 /dev/null ~/.fream-slack": "the shell",
    "docker build --label fream.no-way-back=": "tests/stories/test_migrations.py",
    "SCRIPT_NAME=/ping ": "tests/stories/test_php_fpm.py",
    'eval "$(fream completion ': "tests/unit/cli/test_completion.py",
    "sudo ": "tests/stories/test_team.py",
    "git config core.hooksPath script/hooks": "tests/unit/workshop/test_ci.py",
}
# Code in other languages, and what holds it to what is there.
HELD_BY = {
    "python": "test_examples.py",
    "nginx": "tests/stories/test_edge.py",
    "text": "what a command printed",
    "sudoers": "tests/stories/test_team.py",
    "": "a drawing",
}


def links(page: Page) -> list[str]:
    """What a page links to, of our own."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.prose)
    return [link for link in found if not re.match(r"https?:", link)]


def is_dead(page: Page, link: str) -> bool:
    """Whether it leads to no file of ours, or to no heading of a page."""
    path, _, anchor = link.partition("#")
    target = (page.path.parent / path).resolve() if path else page.path
    name = os.path.relpath(target, ROOT)
    if not target.exists():
        return True
    return bool(anchor) and anchor not in Page(name).anchors()


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_no_link_is_dead(page: Page) -> None:
    assert [link for link in links(page) if is_dead(page, link)] == []


def test_a_dead_link_is_found_out() -> None:
    assert is_dead(README, "docs/nothing.md")
    assert is_dead(README, "docs/commands.md#nothing")
    assert not is_dead(README, "docs/commands.md#exit-codes")


def test_the_readme_is_for_newcomers_and_leads_to_every_page() -> None:
    lines = README.text.splitlines()

    assert len(lines) <= 120
    assert {f"docs/{path.name}" for path in FOLDER.glob("*.md")} - set(links(README)) == {
        "docs/parsers.md"  # for who works on it
    }


def test_no_heading_comes_twice_in_a_page() -> None:
    for page in TOLD:
        assert len(set(page.headings())) == len(page.headings()), page.name


@pytest.mark.parametrize("line", sorted({line for page in TOLD for line in fream_lines(page)}))
def test_a_command_line_is_understood(line: str) -> None:
    for words in variants(line):
        try:
            understand(words)
        except Exception as error:
            # Help is shown instead; and a mention may leave out what the command needs.
            if type(error).__name__ not in ("Exit", "MissingParameter", "NoArgsIsHelpError"):
                raise


@pytest.mark.parametrize(
    "line", ["fream swich 1", "fream switch --nothing", "fream status on", "fream up --keep 2"]
)
def test_a_command_line_that_is_none_is_found_out(line: str) -> None:
    (words, *_) = variants(line)

    with pytest.raises(Exception, match=r"no command|No such option|unexpected"):
        understand(words)


def test_the_pages_have_much_to_try() -> None:
    assert len({line for page in TOLD for line in fream_lines(page)}) > 60


@pytest.mark.parametrize("page", TOLD, ids=lambda page: page.name)
def test_what_a_reader_types_is_known(page: Page) -> None:
    unknown = [line for line in shell_lines(page.text) if not _known(line)]

    assert unknown == []


def _known(line: str) -> bool:
    """A command of fream, a script of ours, a variable that there is, or what is run elsewhere."""
    program = line.split()[0]
    if program == "fream" or any(line.startswith(begin) for begin in RUN_BY):
        return True
    if setting := SETTING.fullmatch(line):
        return bool(re.search(rf"^#?{setting[1]}=", ENV, re.MULTILINE))
    if line == "#!/bin/sh":
        return True
    return "/" in program and os.access(ROOT / program, os.X_OK)


def test_each_piece_of_code_is_of_a_kind_that_something_holds() -> None:
    kinds = set().union(*(page.languages() for page in TOLD))

    assert kinds - {"sh", "console", "yaml", "json"} <= set(HELD_BY)
    for place in (*RUN_BY.values(), *HELD_BY.values()):
        if place.endswith(".py"):
            folder = Path(__file__).parent if "/" not in place else ROOT
            assert (folder / place).exists(), place


@pytest.mark.parametrize("block", [block for page in TOLD for block in page.blocks("yaml")])
def test_an_example_of_settings_is_valid(block: str) -> None:
    # As Compose reads it: `on` is a word, where the YAML of before made it true.
    shown: Any = yaml.load(block, yaml.BaseLoader)  # noqa: S506  # ours
    if isinstance(shown, list):
        assert all(rule["alert"] and "fream" in block for rule in shown)
        return  # of Prometheus
    shown = shown.get("x-fream", shown)
    services = shown.get("services", {})
    if any("profiles" in service for service in services.values()):
        assert all(service["image"] and service["profiles"] for service in services.values())
        return  # of a Compose file

    assert SwitchSettings.model_validate(shown) != SwitchSettings()


@pytest.mark.parametrize(
    "block", [block for page in TOLD for block in page.blocks("sh") if "TLS_HOSTS=" in block]
)
def test_an_example_of_https_is_valid(block: str) -> None:
    pairs = dict(re.findall(SETTING, block))
    of_tls: dict[str, Any] = {
        name.removeprefix("TLS_").removeprefix("ACME_").lower(): value
        for name, value in pairs.items()
        if name.startswith("TLS_") or name == "ACME_SERVER"
    }

    assert Tls.model_validate(of_tls).hosts
