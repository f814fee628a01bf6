"""A project for another app: what is written, and that it is what fream reads."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fream_compose.errors import UsageError
from fream_compose.project.compose_config import parse
from fream_compose.project.envfile import EnvFile
from fream_compose.project.settings import Settings
from fream_compose.setup import project_files, text_edits
from fream_compose.setup.app import App, project_name, split_image
from tests.checkout import copy_templates

ROOT = Path(__file__).parents[3]
SHOP = App("shop", "registry.example.com", "team/shop")
BOOKS = App("books", "", "acme/books", port=9090, health_path="/up", mysql=True, http_port="81")


def written(app: App, folder: Path) -> Path:
    """A project for an app."""
    earlier = project_files.earlier_ports(folder)
    project_files.write(folder, project_files.render(app, project_files.template(), earlier))
    return folder


def text_of(folder: Path) -> str:
    """Every file of a project."""
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*")) if path.is_file())


def settings_of(folder: Path) -> Settings:
    """What fream reads from a project, through the real Compose."""
    command = ["docker", "compose", "--profile", "*", "config", "--format", "json"]
    compose = folder / "compose"
    done = subprocess.run(command, cwd=compose, capture_output=True, text=True, check=True)
    return parse(json.loads(done.stdout), compose)


@pytest.mark.e2e
@pytest.mark.parametrize("app", [SHOP, BOOKS], ids=["without MySQL", "with MySQL"])
def test_fream_reads_what_was_written(app: App, tmp_path: Path) -> None:
    settings = settings_of(written(app, tmp_path))

    assert settings.project == app.name
    assert settings.image == app.image
    assert settings.switch.health.path == app.health_path
    assert settings.infra == (("mysql", "nginx") if app.mysql else ("nginx",))
    assert settings.nginx_directory == tmp_path / "nginx"
    assert settings.http_urls[0].endswith(f":{app.http_port}")


@pytest.mark.e2e
@pytest.mark.parametrize(("app", "inner"), [(SHOP, (8081, 8082)), (BOOKS, (9090, 9090))])
def test_the_app_its_port_and_nginx_agree(app: App, inner: tuple[int, int], tmp_path: Path) -> None:
    settings = settings_of(written(app, tmp_path))
    nginx = (tmp_path / "nginx" / "nginx.conf").read_text()
    services = yaml.safe_load((tmp_path / "compose" / "app.yaml").read_text())["services"]

    assert tuple(spec.inner_port for spec in settings.sets.values()) == inner
    for (name, service), port in zip(services.items(), inner, strict=True):
        assert service["environment"]["SERVER_PORT"] == str(port)
        assert f"server {app.name}-app-{name}:{port} resolve" in nginx
        assert service["networks"]["default"]["aliases"] == [f"{app.name}-app-{name}"]


def test_without_mysql_nothing_speaks_of_it(tmp_path: Path) -> None:
    text = text_of(written(SHOP, tmp_path))

    assert "mysql" not in text.lower()
    assert "FREAM_DB" not in text
    assert not (tmp_path / "compose" / "mysql").exists()


def test_with_mysql_both_passwords_are_new_and_long(tmp_path: Path) -> None:
    found = [
        re.findall(r"^MYSQL_\w*PASSWORD=(.+)$", text_of(written(BOOKS, tmp_path / name)), re.M)
        for name in ("one", "two")
    ]

    assert len({*found[0], *found[1]}) == 4
    assert min(map(len, found[0])) >= 32


def test_nothing_of_the_shop_that_the_files_come_from_is_left(tmp_path: Path) -> None:
    text = text_of(written(SHOP, tmp_path))

    assert "/products" not in text
    assert "SPRING" not in text
    assert "Asia/Seoul" not in text
    assert "127.0.0.1:5000" not in text
    assert not re.findall(r"fream-(?!compose)\w+", text)


def test_comments_stay(tmp_path: Path) -> None:
    written(BOOKS, tmp_path)

    for name in ("compose/compose.yaml", "compose/infra.yaml", "nginx/nginx.conf"):
        ours = re.findall(r"^\s*#.*$", (ROOT / name).read_text(), re.M)
        assert re.findall(r"^\s*#.*$", (tmp_path / name).read_text(), re.M) == ours


def test_only_the_owner_reads_the_passwords_and_everybody_the_rest(tmp_path: Path) -> None:
    written(BOOKS, tmp_path)

    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes.pop(tmp_path / "compose" / ".env") == 0o600
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o644}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o755}


@pytest.mark.e2e
@pytest.mark.parametrize("app", [SHOP, BOOKS], ids=["without MySQL", "with MySQL"])
def test_no_port_is_fixed_but_that_of_the_users(app: App, tmp_path: Path) -> None:
    settings = settings_of(written(app, tmp_path))

    assert [spec.port for spec in settings.sets.values()] == [0, 0]
    assert settings.control_port == 0
    addresses = [address for of in settings.addresses.values() for address in of]
    assert [a.port for a in addresses if a.port] == [int(app.http_port)]
    assert {a.host for a in addresses if not a.port} == {"127.0.0.1"}
    assert len(settings.http_urls) == 1


@pytest.mark.e2e
def test_a_port_that_was_asked_for_is_fixed(tmp_path: Path) -> None:
    given = {"SET1_PORT": "8083", "CONTROL_PORT": "18091", "HTTP_ALT_PORT": "127.0.0.1:18080"}

    settings = settings_of(written(App("shop", "", "shop", variables=given), tmp_path))

    assert [spec.port for spec in settings.sets.values()] == [8083, 0]
    assert settings.control_port == 18091
    assert settings.http_urls == ("http://127.0.0.1:80", "http://127.0.0.1:18080")


@pytest.mark.e2e
def test_freams_own_project_keeps_the_ports_of_the_old_scripts(tmp_path: Path) -> None:
    copy_templates(tmp_path, *project_files.FOLDERS)
    shutil.copy(ROOT / "compose/.env.example", tmp_path / "compose/.env")
    passwords = {"MYSQL_PASSWORD": "a", "MYSQL_ROOT_PASSWORD": "b"}
    EnvFile(tmp_path / "compose/.env").update(passwords)

    settings = settings_of(tmp_path)

    assert [spec.port for spec in settings.sets.values()] == [8081, 8082]
    assert settings.http_urls == ("http://127.0.0.1:80", "http://127.0.0.1:18080")
    assert settings.control_port == 18090
    assert settings.networks == ("fream-data", "fream")


def test_a_variable_that_env_does_not_have_is_refused() -> None:
    app = App("shop", "", "shop", variables={"PASWORD": "secret"})

    with pytest.raises(UsageError) as caught:
        project_files.render(app, project_files.template(), {})

    assert "PASWORD" in caught.value.what
    assert "secret" not in f"{caught.value.what} {caught.value.why}"


def test_setting_up_again_keeps_the_passwords_and_what_is_live(tmp_path: Path) -> None:
    written(BOOKS, tmp_path)
    env = tmp_path / "compose" / ".env"
    env.write_text(env.read_text().replace("SET1_VERSION=none", "SET1_VERSION=1.0.1"))
    before = env.read_text()

    written(BOOKS, tmp_path)

    assert env.read_text() == before
    aside = [path for path in env.parent.glob(".env.*") if path.name != ".env.example"]
    assert [path.read_text() for path in aside] == [before]
    assert stat.S_IMODE(env.stat().st_mode) == 0o600


@pytest.mark.e2e
def test_setting_up_again_keeps_the_ports_that_were_fixed(tmp_path: Path) -> None:
    env = written(BOOKS, tmp_path) / "compose" / ".env"
    env.write_text(env.read_text().replace("#SET1_PORT=", "SET1_PORT=8085"))

    settings = settings_of(written(BOOKS, tmp_path))

    assert [spec.port for spec in settings.sets.values()] == [8085, 0]
    assert settings.control_port == 0


@pytest.mark.e2e
@pytest.mark.parametrize("app", [SHOP, BOOKS], ids=["without MySQL", "with MySQL"])
def test_a_copy_under_another_name_has_a_network_of_its_own(app: App, tmp_path: Path) -> None:
    env = EnvFile(written(app, tmp_path) / "compose" / ".env")
    env.update({"COMPOSE_PROJECT_NAME": "staging"})

    settings = settings_of(tmp_path)

    assert settings.project == "staging"
    assert set(settings.networks) == {"staging"} | ({"staging-data"} if app.mysql else set())
    assert settings.nginx_container == "staging-nginx"


def test_what_fream_writes_is_neither_copied_nor_versioned(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for folder in project_files.FOLDERS:
        shutil.copytree(ROOT / folder, source / folder)
    for name in ("compose/.env", "compose/app.env", "nginx/service-url.inc"):
        (source / name).write_text("mine\n")

    rendered = project_files.render(SHOP, source, {})

    assert "mine\n" not in rendered.values()
    lines = (ROOT / ".gitignore").read_text().split()
    for folder, name in (line.split("/", 1) for line in lines if line.startswith(("co", "ng"))):
        ignored = rendered[Path(folder, ".gitignore")].split("\n")
        assert name in ignored or f"{name}*" in ignored


@pytest.mark.parametrize(
    ("image", "registry", "repository"),
    [
        ("127.0.0.1:5000/shop", "127.0.0.1:5000", "shop"),
        ("localhost/shop", "localhost", "shop"),
        ("registry.example.com/acme/shop", "registry.example.com", "acme/shop"),
        ("prom/prometheus", "", "prom/prometheus"),
        ("docker.io/prom/prometheus", "", "prom/prometheus"),
        ("docker.io/library/nginx", "", "nginx"),
        ("nginx", "", "nginx"),
    ],
)
def test_an_image_is_split_as_docker_does(image: str, registry: str, repository: str) -> None:
    assert split_image(image) == (registry, repository)


@pytest.mark.parametrize(
    "image", ["shop:1.0", "Shop", "", "a/b@sha256:1", "registry.example.com/", "a b", "$x"]
)
def test_what_is_no_image_is_refused(image: str) -> None:
    with pytest.raises(UsageError, match="--image"):
        split_image(image)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "My Shop"},
        {"name": ""},
        {"health_path": "up"},
        {"health_path": "/$HOME"},
        {"http_port": "http"},
        {"http_port": "80\n81"},
        {"variables": {"TZ": "UTC\nA=b"}},
        {"variables": {"TZ": "UTC\x1b[2J"}},
        {"variables": {"TZ": "UTC\x00"}},
        {"name": "2026"},
        {"name": "true"},
        {"name": "null"},
        {"name": "1e5"},
        {"name": "2026-11-25"},
        {"name": "2001-99-99"},
        {"http_port": "65536"},
        {"http_port": "127.0.0.1:99999"},
        {"http_port": "\uff18\uff10"},
        {"port": 65_536},
    ],
)
def test_a_value_that_the_files_cannot_hold_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is not valid"):
        App(**{"name": "shop", "registry": "", "repository": "shop", **wrong})


@pytest.mark.parametrize(
    ("folder", "name"),
    [("My Shop", "myshop"), ("_shop.v2", "shopv2"), ("상점", "app"), ("2026", "app-2026")],
)
def test_the_project_takes_the_folders_name(folder: str, name: str, tmp_path: Path) -> None:
    assert project_name(tmp_path / folder) == name


def test_an_edit_that_finds_nothing_is_a_bug_and_loud() -> None:
    changes: list[Callable[[], str]] = [
        lambda: text_edits.replaced("a", "b", "c"),
        lambda: text_edits.without_block("a:\n", "  a:"),
        lambda: text_edits.with_variable("A=1\n", "B", "2"),
    ]
    for change in changes:
        with pytest.raises(LookupError):
            change()


def test_a_block_goes_with_its_comment_and_all_that_is_under_it() -> None:
    text = "top:\n  # kept\n  one: 1\n  # of two\n  two:\n    # deep\n    three: 3\n\n  four: 4\n"

    assert text_edits.without_block(text, "  two:") == "top:\n  # kept\n  one: 1\n  four: 4\n"
