"""The reports that are kept: the last fifty, their owner's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project.reports import Reports


def test_a_report_is_kept_as_json_and_as_a_page_for_its_owner_alone(tmp_path: Path) -> None:
    reports = Reports(tmp_path / ".fream" / "reports")

    reports.write("20260101T000000Z-aaaaaa", '{"schema": 1}', "<!doctype html>")

    assert reports.read("20260101T000000Z-aaaaaa") == '{"schema": 1}'
    assert reports.page("20260101T000000Z-aaaaaa").read_text() == "<!doctype html>"
    modes = [path.stat().st_mode & 0o777 for path in sorted(reports.directory.iterdir())]
    assert modes == [0o600, 0o600]
    assert reports.directory.stat().st_mode & 0o777 == 0o700


def test_the_last_fifty_are_kept_and_the_newest_whatever_its_clock_says(tmp_path: Path) -> None:
    reports = Reports(tmp_path / "reports")
    for number in range(60):
        reports.write(f"202601{number:02}T000000Z-aaaaaa", "{}", "")
    reports.directory.joinpath("mine.txt").write_text("")

    reports.write("19990101T000000Z-aaaaaa", "{}", "")

    kept = sorted(path.name for path in reports.directory.glob("*.json"))
    assert len(kept) == 51
    assert kept[:2] == ["19990101T000000Z-aaaaaa.json", "20260110T000000Z-aaaaaa.json"]
    assert {path.stem for path in reports.directory.glob("*.html")} == {
        name.removesuffix(".json") for name in kept
    }
    assert reports.directory.joinpath("mine.txt").exists()


@pytest.mark.parametrize("identifier", ["", "../history", "a/b", "x" * 100, "none", "\0"])
def test_what_is_no_id_or_not_there_has_no_report(tmp_path: Path, identifier: str) -> None:
    (tmp_path / "history.json").write_text("{}")

    assert Reports(tmp_path / "reports").read(identifier) == ""


def test_a_report_that_is_no_text_is_none(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.json("a").write_bytes(b"\xff\xfe")

    assert reports.read("a") == ""


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")

    with pytest.raises(ConfigurationError):
        Reports(tmp_path / "reports").write("a", "{}", "")
