"""`fream init` and its upgrade: an app that the files can hold, or a word that is wrong."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from fream_compose.errors import ConfigurationError, UsageError
from fream_compose.setup import project_files, text_edits, unmarked
from fream_compose.setup.app import App, project_name, split_image
from tests.properties.parsers import Parser
from tests.properties.strategies import DIGITS, LINE, ODD, lines, raw, texts

APP = Parser(
    "what `fream init` is told of an app",
    ("setup/app.py",),
    "a name such as 2001-99-99, to YAML a date that cannot be, was an unexpected error",
)
EDITS = Parser(
    "fream's own files, edited for an app",
    ("setup/template_edits.py", "setup/text_edits.py"),
    "an image with `fream-` in its name was written down as another one",
)
UNMARKED = Parser(
    "the files of a project that an early fream wrote",
    ("setup/unmarked.py",),
    "a port of more than 4,300 digits was an unexpected error; a name that cannot be was told as "
    "one of the command line",
)
SMALL = string.ascii_lowercase + string.digits
APP_NAMES = st.builds(str.__add__, st.sampled_from(SMALL), st.text(SMALL + "_-", max_size=20))
TEXTS = project_files.upgradable(None, project_files.template())
EXAMPLE = TEXTS[Path("compose/.env.example")]


def app_of(name: str, **more: Any) -> App | None:
    """An app, if it can be."""
    try:
        return App(name, more.pop("registry", ""), more.pop("repository", "shop"), **more)
    except UsageError:
        return None


APPS = st.builds(
    app_of,
    APP_NAMES,
    registry=st.sampled_from(["", "127.0.0.1:5000", "registry.example.com"]),
    repository=APP_NAMES | st.sampled_from(["fream-shop", "fream-mysql", "my-fream"]),
    port=st.integers(0, 65_535),
    health_path=st.text(string.ascii_letters + "/._~%?=&-", max_size=20).map("/{}".format),
    mysql=st.booleans(),
    http_port=st.integers(1, 65_535).map(str),
)


@APP.holds
@given(name=APP_NAMES | ODD | lines("2001-01-01", "0x1", "1e5"), port=ODD | st.just("80"), path=ODD)
@example("2001-99-99", "80", "")
@example("0x_", "80", "")
def test_an_app_is_one_or_a_wrong_word(name: str, port: str, path: str) -> None:
    app = app_of(name, http_port=port, health_path=f"/{path}")

    assert app is None or yaml.safe_load(f"name: {app.name}") == {"name": name}
    assert app is None or app.health_path.isprintable()


@APP.holds
@given(image=lines("127.0.0.1:5000/shop/app", "shop", "registry.example.com/shop") | ODD)
def test_an_image_is_a_registry_and_a_name_or_a_wrong_word(image: str) -> None:
    try:
        registry, repository = split_image(image)
    except UsageError:
        return
    assert image in (
        f"{registry}/{repository}",
        repository,
        *(
            f"{hub}{part}{repository}"
            for hub in ("docker.io/", "index.docker.io/", "")
            for part in ("library/", "")
        ),
    )
    assert repository.isascii()


@APP.holds
@given(name=APP_NAMES | ODD | st.just("2001-99-99"))
def test_every_folder_has_a_name_for_its_project(name: str) -> None:
    part = name.replace("/", "").replace("\0", "")

    assert app_of(project_name(Path("/srv", part)))


@EDITS.holds
@given(app=APPS)
@example(App("shop", "", "fream-mysql", mysql=True))
def test_the_files_hold_what_was_told_of_the_app(app: App | None) -> None:
    if app is None:
        return
    edited = {path.name: edit(TEXTS[path], app) for path, edit in project_files.EDITS.items()}

    compose, sets = (yaml.safe_load(edited[name]) for name in ("compose.yaml", "app.yaml"))
    assert compose["name"] == app.name
    image = sets["services"]["set1"]["image"].replace("${IMAGE_NAME:-", "")
    assert image.endswith(f"{app.repository}}}:${{SET1_VERSION:-none}}")
    assert ("mysql" in yaml.safe_load(edited["infra.yaml"])["services"]) == app.mysql
    lines_of = edited[".env.example"].splitlines()
    assert {f"HEALTH_CHECK_POINT={app.health_path}", f"IMAGE_NAME={app.repository}"} <= {*lines_of}
    assert (f"IMAGE_REGISTRY={app.registry}" in lines_of) == bool(app.registry)


@EDITS.holds
@given(value=LINE, name=st.sampled_from(["HTTP_PORT", "IMAGE_NAME", "NGINX_IMAGE"]))
def test_a_variable_is_set_and_no_other_line_changes(value: str, name: str) -> None:
    old, new = EXAMPLE.split("\n"), text_edits.with_variable(EXAMPLE, name, value).split("\n")
    changed = [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]

    assert all(line == f"{name}={value}" for _, line in changed)
    assert len(changed) <= 1


@EDITS.holds
@given(text=texts(*EXAMPLE.splitlines()[:40], "  key:", "    inner: 1", "  # of key"), word=LINE)
def test_an_edit_takes_lines_away_or_is_of_another_text(text: str, word: str) -> None:
    for edit, argument in (
        (text_edits.without_block, f"  {word}"),
        (text_edits.without_block, "  key:"),
        (text_edits.without_lines, word),
        (text_edits.without_section, "MySQL"),
        (text_edits.without_variables, "IMAGE_"),
    ):
        try:
            edited = edit(text, argument)
        except LookupError:
            continue
        left = iter(text.split("\n"))
        assert all(line in left for line in edited.rstrip("\n").split("\n") if line)


WROTE: tuple[str, ...] = (
    "name: shop",
    "    image: ${IMAGE_REGISTRY:-127.0.0.1:5000}/${IMAGE_NAME:-shop}:1",
)
WROTE += ('  SERVER_PORT: "8000"', "HEALTH_CHECK_POINT=/health", "  mysql:", "${HTTP_ALT_PORT")


@UNMARKED.holds
@given(files=st.lists(raw(texts(*WROTE, *WROTE)), min_size=4, max_size=4))
@example([b"name: 2001-99-99", WROTE[1].encode(), b"", b""])
@example([b"name: shop", f"{WROTE[1]}\n{WROTE[2].replace('8000', DIGITS)}".encode(), b"", b""])
def test_the_files_tell_of_an_app_or_of_none(folder: Path, files: list[bytes]) -> None:
    (folder / "compose").mkdir(exist_ok=True)
    names = ("compose.yaml", "app.yaml", "infra.yaml", ".env.example")
    for name, content in zip(names, files, strict=True):
        (folder / "compose" / name).write_bytes(content)
    try:
        found = unmarked._app_of(folder)
    except ConfigurationError as error:
        assert error.next_step
        return
    assert found is None or App.read(found.described()) == replace(found)
