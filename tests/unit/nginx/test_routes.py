"""nginx/routes/: what the settings say of services, paths, hosts and assets, as nginx reads it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.nginx import route_files, routes
from fream_compose.nginx.routes import PLAIN, Routes, routes_of
from fream_compose.project.compose_config import parse
from fream_compose.release import SetName
from tests.checkout import copy_templates
from tests.fakes.stage import ROOT, compose_config

UI = {"app": {"path": "/api"}, "ui": {"path": "/", "port": 3000}}


def rendered(services: dict[str, Any], *members: str, **x_fream: Any) -> Routes:
    """The routes of a project whose sets have these members too."""
    config = compose_config(Path("/nginx"), 18090, services=services, **x_fream)
    for member in members:
        for name in SetName:
            service = {"profiles": [str(name)], "image": "shop/more:1"}
            config["services"][f"{name}-{member}"] = service
    return routes_of(parse(config, Path("/compose")))


def locations(text: str) -> dict[str, str]:
    """What stands in each location."""
    return dict(re.findall(r"^location (.*?) \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """nginx's folder with the three files that read the routes."""
    for name in ("nginx.conf", "app.conf", "control.conf"):
        (tmp_path / name).write_text((ROOT / "nginx" / name).read_text())
    return tmp_path


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / routes.FOLDER).iterdir()}


def test_a_project_of_the_app_only_has_the_file_that_it_was_set_up_with(tmp_path: Path) -> None:
    assert rendered({}) == rendered({"app": {"path": "/"}}) == PLAIN
    copy_templates(tmp_path, "nginx")
    assert written(tmp_path / "nginx") == PLAIN.files


def test_the_longest_path_leads_and_one_that_only_begins_alike_does_not() -> None:
    found = locations(rendered(UI, "ui").files["app.conf"])

    assert set(found) == {"/", "= /api", "/api/"}
    assert "proxy_pass http://$service_url;" in found["/api/"]
    assert found["/api/"] == found["= /api"]
    assert "proxy_pass http://$service_url$service;" in found["/"]
    assert all("include net.inc;" in text for text in found.values())


def test_a_release_that_lacks_a_service_is_asked_as_if_there_were_the_app_only() -> None:
    ui = locations(rendered(UI, "ui").files["app.conf"])["/"]

    assert "set $service _ui;" in ui
    assert 'if (!-f /etc/nginx/live/has-ui) { set $service ""; }' in ui


def test_each_set_has_an_upstream_for_each_service_beside_the_app() -> None:
    found = rendered(UI, "ui").files["http.conf"]

    for name in SetName:
        assert f"upstream fream_{name}_ui {{" in found
        assert f"server {name}-ui:3000 resolve" in found
    assert found.count("upstream fream_") == 2


def test_a_host_is_a_server_with_all_that_the_app_has() -> None:
    services = {"admin": {"host": "Admin.example.com", "port": 9000}}

    found = rendered(services, "admin").files

    assert "server_name admin.example.com;" in found["http.conf"]
    for part in (
        "live.inc",
        "site.d/*.conf",
        "unavailable.inc",
        "routes/host-admin.example.com.inc",
    ):
        assert f"include {part};" in found["http.conf"]
    assert "set $service _admin;" in locations(found["host-admin.example.com.inc"])["/"]
    assert found["app.conf"] == PLAIN.files["app.conf"]


def test_a_host_too_long_for_nginxs_tables_is_found_all_the_same() -> None:
    long = f"{'a' * 50}.example.com"
    services = {"admin": {"host": long, "port": 3000}}

    http = rendered(services, "admin").files["http.conf"]

    assert f'server_name "~^{"a" * 50}\\.example\\.com$";' in http


def test_a_service_of_a_named_set_is_reached_with_the_key_only() -> None:
    found = locations(rendered(UI, "ui").files["control.conf"])

    assert set(found) == {f"/service/{s}/{name}/" for s in ("app", "ui") for name in SetName}
    for place, text in found.items():
        assert "if (!-f /etc/nginx/.key/$control_key) { return 403; }" in text, place
        assert 'proxy_set_header X-Fream-Key "";' in text, place
    assert "proxy_pass http://fream_set2_ui/;" in found["/service/ui/set2/"]
    assert "proxy_pass http://fream_set1/;" in found["/service/app/set1/"]


def test_a_file_of_a_page_is_asked_of_the_service_whose_path_holds_it() -> None:
    assets = {"paths": ["/static", "/api/files/"]}

    found = rendered(UI, "ui", assets=assets)

    ways = locations(found.files["app.conf"])
    assert "set $service _ui;" in ways["/static/"]
    assert "$service_url;" in ways["/api/files/"]
    for place in ("/static/", "/api/files/"):
        assert "include routes/asset.inc;" in ways[place]
    assert "error_page 404 = @other_set;" in found.files["asset.inc"]
    assert "keep.inc" not in found.files


def test_nginx_keeps_files_where_the_user_wants_it() -> None:
    found = rendered({}, assets={"paths": ["/static"], "keep_days": "30"}).files

    assert "inactive=30d" in found["http.conf"]
    assert "proxy_cache_use_stale http_404;" in found["keep.inc"]


def test_what_is_kept_is_of_the_host_that_was_asked() -> None:
    kept = rendered({}, assets={"paths": ["/static"], "keep_days": 7}).files["keep.inc"]
    assert "proxy_cache_key $scheme$http_host$service$request_uri;" in kept


def test_what_is_renewed_beside_an_edited_nginx_conf_needs_nothing_new_of_it() -> None:
    # Which stays as an earlier fream wrote it, until its owner has merged the new text.
    renewed = (ROOT / "nginx" / "unavailable.inc").read_text()
    defined = re.findall(r"^map .* \$(\w+) {", (ROOT / "nginx" / "control.conf").read_text(), re.M)

    assert {"told_retry_after", "bare_status"} <= {*re.findall(r"\$(\w+)", renewed)}
    assert {"told_retry_after", "bare_status"} <= {*defined}


def test_assets_below_no_path_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="No service is asked for /static"):
        rendered({"app": {"path": "/api"}}, assets={"paths": ["/static"]})


def test_the_mark_changes_with_what_is_set() -> None:
    marks = {
        rendered({}).mark,
        rendered({"app": {"path": "/api"}}).mark,
        rendered(UI, "ui").mark,
        rendered({**UI, "ui": {"path": "/", "port": 3001}}, "ui").mark,
        rendered(UI, "ui", assets={"paths": ["/static"]}).mark,
        rendered(UI, "ui", assets={"paths": ["/static"], "keep_days": "3"}).mark,
    }

    assert len(marks) == 6
    assert "" in marks
    assert (
        f"add_header X-Routes {rendered(UI, 'ui').mark} always;"
        in (rendered(UI, "ui").files["control.conf"])
    )


def test_what_is_put_is_what_is_there_and_nothing_else(folder: Path) -> None:
    many = rendered(UI, "ui", assets={"paths": ["/static"], "keep_days": "3"})
    assert route_files.differ(folder, many)

    route_files.put(folder, many)
    assert written(folder) == many.files
    assert not route_files.differ(folder, many)

    route_files.put(folder, PLAIN)
    assert written(folder) == PLAIN.files


@pytest.mark.parametrize("name", ["nginx.conf", "app.conf", "control.conf"])
def test_files_of_nginx_that_do_not_read_the_routes_are_named(folder: Path, name: str) -> None:
    text = (folder / name).read_text()
    (folder / name).write_text(re.sub(r"include routes/.*;", "", text))

    with pytest.raises(ConfigurationError) as caught:
        route_files.put(folder, rendered(UI, "ui"))

    assert name in caught.value.what
    assert "fream init --upgrade" in caught.value.next_step
    assert not (folder / routes.FOLDER).exists()


def test_a_project_of_an_earlier_fream_that_has_the_app_only_is_left_alone(folder: Path) -> None:
    (folder / "app.conf").write_text("server { location / { } }\n")

    assert not route_files.differ(folder, PLAIN)
    assert not (folder / routes.FOLDER).exists()


def test_a_folder_that_cannot_be_written_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)

    with pytest.raises(ConfigurationError, match="routes cannot be written"):
        route_files.put(folder, PLAIN)
