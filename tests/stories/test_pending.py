"""What is set and not in force is told on every way that people try, and what is broken, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stories import web
from tests.stories.project import Project
from tests.stories.releases import GOOD


@contextmanager
def edited(path: Path, text: str) -> Iterator[None]:
    """Another text of a file, or one more file, for the length of a block."""
    before = path.read_bytes() if path.exists() else None
    path.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        path.unlink()
        if before is not None:
            path.write_bytes(before)


def test_an_edited_file_of_nginx_is_told_by_whatever_is_typed(released: Project) -> None:
    path = released.folder / "nginx" / "site.d" / "pending.conf"
    with edited(path, "add_header X-Pending yes;\n"):
        assert "site.d/pending.conf" in released.succeed("up", "infra").out
        switched = released.switch(GOOD)
        assert "Not in force: nginx/site.d/pending.conf" in switched.out
        released.compose("up", "-d")
        assert "drift    nginx/site.d/pending.conf" in released.succeed("status").out

        path.write_text("nonsense on;\n", encoding="utf-8")
        refused = released.succeed("up")
        assert "site.d/pending.conf:1" in refused.out
        assert 'unknown directive "nonsense"' in refused.out
        assert released.fream("reload").code == 7
    released.succeed("reload")
    assert "not in force" not in released.succeed("up", "infra").text


def test_a_port_that_was_edited_is_announced_when_it_serves(released: Project) -> None:
    with released.changed_env(HTTP_ALT_PORT=f"127.0.0.1:{released.alt_port + 5}"):
        told = released.succeed("up", "infra").out
        ready = told.splitlines()[-1]
        assert f"http://127.0.0.1:{released.alt_port}" in ready
        assert str(released.alt_port + 5) not in ready
        assert "ports of nginx" in told
        assert "fream up infra --recreate" in told

        ready = released.succeed("up", "infra", "--recreate").out.splitlines()[-1]
        url = f"http://127.0.0.1:{released.alt_port + 5}"
        assert url in ready
        assert web.get(f"{url}/products").status_code == 200
    released.succeed("up", "infra", "--recreate")


def test_what_compose_cut_out_of_a_value_is_told_without_it(released: Project) -> None:
    assert "Compose" not in released.succeed("status").out
    path = released.env_path.parent / "app.env"
    with edited(path, "SMTP_PASSWORD=abc$Secret1\nQUOTED='abc$Secret2'\n"):
        for told in (released.succeed("status").text, released.succeed("recover").text):
            assert told.count("SMTP_PASSWORD has a $") == 1
            assert "QUOTED" not in told
            assert "Secret" not in told
    assert "SMTP_PASSWORD" not in released.succeed("status").out


def test_a_file_that_compose_cannot_parse_is_named_and_stops_no_look(released: Project) -> None:
    released.succeed("recover")
    path = released.env_path.parent / "app.yaml"
    with edited(path, path.read_text(encoding="utf-8") + "  broken: [\n"):
        status = released.fream("status")
        assert status.code == 3
        assert f"live     {released.live_set}" in status.out
        assert "healthy: /products HTTP 200" in status.out
        assert f"{path}: yaml: line" in status.err

        for command in (["history"], ["logs", released.live_set], ["maintenance", "on"]):
            released.succeed(*command)
        assert released.get("/products").status_code == 503
        released.succeed("maintenance", "off")
        assert released.get("/products").status_code == 200
        assert f"{path}: yaml: line" in released.fream("doctor").text
        assert released.fream("switch", GOOD).code == 3
    released.succeed("status")
