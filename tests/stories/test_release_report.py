"""The morning after: what a release leaves to read, and to send to a teammate."""

from __future__ import annotations

from pathlib import Path

from load import Load, Mix
from tests import schema
from tests.stories.browser import seen
from tests.stories.project import Project, Result
from tests.stories.releases import GOOD, Releases
from tests.stories.test_release_day import setting

PHONE = 360  # pixels


def told(project: Project, moment: str, *arguments: str) -> tuple[Result, dict[str, str]]:
    """A run of fream, and what its hook at the end found."""
    kept = project.folder / f"found.{moment}"
    hook = f"{moment}:\n      - {{run: [sh, -c, 'env -0 > {kept}']}}"
    with setting(project, f"{moment}: []", hook):
        result = project.fream(*arguments, FREAM_NOTE="<b>Prices</b> `x`")
    rows = kept.read_text(encoding="utf-8").rstrip("\0").split("\0")
    return result, {name: value for name, _, value in (row.partition("=") for row in rows)}


def test_a_release_under_load_leaves_a_page_that_fits_a_phone(
    released: Project, releases: Releases, tmp_path: Path
) -> None:
    released.switch(GOOD)
    version = releases.push("1.6.0")
    with Load(released.http_port, Mix.only(new=2, keepalive=4, post=1)) as load:
        load.wait_for(200)
        result, found = told(released, "after_release", "switch", version)

    assert result.code == 0, result
    assert (found["FREAM_RESULT"], found["FREAM_EXIT_CODE"]) == ("done", "0")
    assert found["FREAM_VERSION"] == version
    assert (found["FREAM_PREVIOUS_VERSION"], found["FREAM_FAILED"]) == (GOOD, "0")
    assert found["FREAM_NOTE"] == "<b>Prices</b> `x`"
    assert int(found["FREAM_SERVED"]) > 100
    report = schema.holds_report(Path(found["FREAM_REPORT"]).read_text(encoding="utf-8"))
    series = report["series"]
    assert series["edges"][0] < 0 < series["cut_over"] < report["run"]["seconds"]
    assert set(series["by_set"]) == {"set1", "set2"}
    cut = series["edges"].index(series["cut_over"])
    new = series["by_set"][report["run"]["set"]]["requests"]
    assert sum(new[:cut]) == 0, "no request went to the new set before its cut-over"
    assert sum(new[cut:]) > 0

    page = tmp_path / "report.html"
    released.succeed("history", "show", found["FREAM_SWITCH"], "--output", "html", str(page))
    assert seen(page, PHONE)[:2] == (PHONE, PHONE)
    assert seen(page, 1000)[2] == "650", "the style is not taken"
    markdown = released.succeed("history", "show", found["FREAM_SWITCH"], "-o", "markdown").out
    assert f"{version} is live* (done)" in markdown
    assert "none failed" in markdown


def test_a_release_that_is_never_healthy_leaves_its_log_and_who_was_served(
    released: Project, releases: Releases, tmp_path: Path
) -> None:
    version = releases.push("1.6.1", UNHEALTHY="500")
    with (
        released.changed_env(HEALTH_CHECK_TIMEOUT="4s"),
        Load(released.http_port, Mix.only(new=1, keepalive=2)) as load,
    ):
        load.wait_for(50)
        result, found = told(released, "after_failure", "switch", version)

    assert result.code == 6, result
    assert (found["FREAM_RESULT"], found["FREAM_EXIT_CODE"]) == ("failed", "6")
    assert found["FREAM_FAILED_STEP"] == "health"
    assert "500" in found["FREAM_WHY"]
    assert int(found["FREAM_SERVED"]) > 0
    assert found["FREAM_FAILED"] == "0"
    page = tmp_path / "report.html"
    page.write_bytes(Path(found["FREAM_REPORT_PAGE"]).read_bytes())
    assert "The last lines of its log" in page.read_text(encoding="utf-8")
    assert seen(page, PHONE)[:2] == (PHONE, PHONE)
