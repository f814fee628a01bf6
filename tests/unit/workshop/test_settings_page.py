"""docs/settings.md has every variable and every key, with the defaults that count."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from fream_compose.nginx.certificates import Verdict
from fream_compose.operations import certificate_hook, ending, left_hook
from fream_compose.operations.certificates import HostCertificate
from fream_compose.operations.hooks import variables
from fream_compose.project.entry import Kind
from fream_compose.project.release_services import ReleaseService
from fream_compose.project.x_fream import Hook, Hooks, SwitchSettings
from fream_compose.release import LiveRelease, SetName, Version
from tests.fakes import Stage
from tests.unit.release_report import examples
from tests.unit.workshop.pages import PAGES, ROOT, code, rows

PAGE, HTTPS, APPS = (PAGES[f"docs/{name}.md"] for name in ("settings", "https", "apps"))
COMPOSE = ROOT / "compose"
EXAMPLE = (COMPOSE / ".env.example").read_text(encoding="utf-8")
KEPT_BY_FREAM = {"COMPOSE_PROFILES", "SET1_VERSION", "SET2_VERSION"}
FILES = [(COMPOSE / f"{name}.yaml").read_text() for name in ("compose", "infra", "tls-on", "app")]


def listed() -> dict[str, str]:
    """The variables of the example, and their values or defaults."""
    return dict(re.findall(r"^#?([A-Z0-9_]+)=(.*)$", EXAMPLE, re.MULTILINE))


def table(heading: str) -> dict[str, list[str]]:
    """The cells of a table of this page, by what its first one names."""
    return {code(row[0])[0]: row[1:] for row in rows(PAGE.section(heading))}


def default_of(cell: str) -> str:
    return (code(cell) or [""])[0]


def shown_settings() -> dict[str, Any]:
    """The annotated `x-fream` block."""
    shown: dict[str, Any] = yaml.safe_load(FILES[0])["x-fream"]
    return shown


def keys(model: type[BaseModel], before: str = "") -> set[str]:
    """Every key of a model and of those inside it, as a path."""
    found = set()
    for name, field in model.model_fields.items():
        inner, path = field.annotation, f"{before}{field.alias or name}"
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= keys(inner, f"{path}.")
        else:
            found.add(path)
    return found


def nested(paths: dict[str, Any]) -> dict[str, Any]:
    """The same values as a tree."""
    tree: dict[str, Any] = {}
    for path, value in paths.items():
        *folders, name = path.split(".")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value
    return tree


def test_every_variable_of_the_example_is_told_and_no_other() -> None:
    told = table("## Variables of .env")

    assert set(told) == set(listed()) - KEPT_BY_FREAM
    assert set(re.findall(r"`(\w+)`", PAGE.text)) >= KEPT_BY_FREAM


def test_the_defaults_of_the_variables_are_those_of_the_example() -> None:
    told = {name: default_of(cells[0]) for name, cells in table("## Variables of .env").items()}

    assert {name: listed()[name] for name in told} == told


def test_the_example_shows_the_defaults_of_the_compose_files() -> None:
    used = re.findall(r"\$\{([A-Z0-9_]+):-([^${}]*)\}", "".join(FILES))
    commented = set(re.findall(r"^#([A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))
    own = {name: value for name, value in used if name in commented}

    assert len(own) > 25
    assert {name: listed()[name] for name in own} == own


def test_every_variable_of_the_example_is_used_and_none_is_missing() -> None:
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", "".join(FILES))) - {"COMPOSE_PROJECT_NAME"}

    assert used == set(listed()) - {"COMPOSE_PROFILES"}


def test_the_table_of_https_says_the_same() -> None:
    told = {
        name: default_of(row[1])
        for row in rows(HTTPS.section("## Settings"))
        for name in code(row[0])
    }
    of_https = re.compile(r"TLS_\w+|ACME_\w+|HTTPS_PORT|NGINX_UID")
    defaults = {name: value for name, value in listed().items() if of_https.fullmatch(name)}
    in_words = {"TLS_DIR": "", **{name: "" for name in defaults if defaults[name] == "/dev/null"}}

    assert told == {**defaults, **in_words}


def test_every_key_is_told_and_no_other() -> None:
    assert set(table("## Keys of x-fream")) == keys(SwitchSettings) | keys(ReleaseService) | keys(
        Hook
    )


def test_the_defaults_of_the_keys_are_those_of_the_model() -> None:
    told = {
        path: yaml.safe_load(default_of(cells[0]))
        for path, cells in _top("## Keys of x-fream").items()
        if default_of(cells[0])
    }

    assert len(told) > 25
    assert SwitchSettings.model_validate(nested(told)) == SwitchSettings()
    for path, value in told.items():
        assert SwitchSettings.model_validate(nested({path: value})) == SwitchSettings(), path


def _top(heading: str) -> dict[str, list[str]]:
    text = PAGE.section(heading).partition("\n### ")[0]
    return {code(row[0])[0]: row[1:] for row in rows(text)}


def test_the_defaults_of_services_and_hooks_are_those_of_their_models() -> None:
    # `with: release` says what is so anyway.
    said = {
        name: default_of(cells[0]) for name, cells in table("### Services of a release").items()
    }
    assert said.pop("with") == "release"
    hook = {name: default_of(cells[0]) for name, cells in table("### A hook").items()}
    given = {name: value for name, value in hook.items() if value}

    assert ReleaseService.model_validate({n: v for n, v in said.items() if v}) == ReleaseService()
    assert Hook.model_validate({"run": "x", **given}) == Hook.model_validate({"run": "x"})


def test_a_key_names_the_variable_that_sets_it() -> None:
    told = {path: default_of(cells[1]) for path, cells in _top("## Keys of x-fream").items()}
    shown = {
        path: name
        for path, value in _leaves(shown_settings()).items()
        for name in re.findall(r"\$\{([A-Z_0-9]+):-", str(value))
    }

    assert {path: name for path, name in told.items() if name} == shown


def _leaves(tree: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tree.items():
        inside = isinstance(value, dict) and value
        found |= _leaves(value, f"{before}{name}.") if inside else {f"{before}{name}": value}
    return found


def test_the_annotated_compose_file_shows_every_setting() -> None:
    shown = set(_leaves({**shown_settings(), "required": None}))

    assert shown == keys(SwitchSettings)


def test_each_moment_of_a_hook_is_shown_and_each_of_its_words_told() -> None:
    text = APPS.section("## Your own commands: hooks")
    example = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0]
    # As Compose reads it: `on` is a word, where the YAML of before made it true.
    found = Hooks.model_validate(yaml.load(example, yaml.BaseLoader)["hooks"])  # noqa: S506  # ours

    assert all(getattr(found, moment) for moment in Hooks.model_fields)
    assert {name for name in keys(Hook) if not re.search(rf"\b{name}\b", text)} == set()


def test_every_variable_of_a_hook_is_told(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    release = LiveRelease(SetName.SET1, Version("1.0.0"), "20261123T160000Z-000001")
    found = variables("before_start", stage.project, release, None, Kind.SWITCH)
    found |= ending.variables(examples.good())
    found |= certificate_hook.variables(HostCertificate("shop.example.com", Verdict.MISSING))
    stage.project.close()

    told = set(re.findall(r"`(FREAM_\w+)`", APPS.section("## Your own commands: hooks")))

    assert told == set(found) - {left_hook.MARK}


def test_each_kind_of_health_check_is_told() -> None:
    annotation = SwitchSettings.model_fields["health"].annotation
    assert annotation is not None
    told = [code(row[0])[0] for row in rows(APPS.section("## Health checks"))]

    assert told == list(get_args(annotation.model_fields["by"].annotation))
