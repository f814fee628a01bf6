"""What the doctor says of the project's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fream_compose.doctor import folder_checks
from fream_compose.doctor.finding import Verdict
from fream_compose.doctor.folder import FolderFacts, folder_facts
from tests.unit.doctor.facts import verdicts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".env.example").write_text("# help\nA=1\nB=\nC=\n#D=default\n")
    (tmp_path / ".env").write_text("A=1\nB='p w'\nC=x # why\n")
    (tmp_path / ".env").chmod(0o600)
    return tmp_path


def test_files_that_are_well_have_nothing_to_mend(folder: Path) -> None:
    findings = folder_checks.folder_findings(folder_facts(folder), settings_read=True)

    assert set(verdicts(findings).values()) == {"ok"}


@pytest.mark.parametrize(
    "text", ["A=1\nB=2\n", "A=1\nB=2\nC=\n", "A=1\nB=2\nC=''\n", "A=1\nB=2\nC= # x\n"]
)
def test_a_variable_that_the_example_sets_must_be_set(folder: Path, text: str) -> None:
    (folder / ".env").write_text(text)

    assert folder_facts(folder).unset == ("C",)


@pytest.mark.parametrize(("line", "unset"), [("", ()), ("C=\n", ("C",))])
def test_a_variable_that_a_command_gives_needs_no_line_but_is_not_to_be_empty(
    folder: Path, line: str, unset: tuple[str, ...]
) -> None:
    (folder / ".env").write_text(f"A=1\nB=2\n{line}")

    assert folder_facts(folder, elsewhere=frozenset({"C"})).unset == unset


def test_an_empty_variable_fails_where_the_project_cannot_be_read_for_it() -> None:
    facts = FolderFacts(Path("/p"), unset=("C",))

    assert folder_checks.complete(facts, settings_read=False).verdict is Verdict.FAILS
    assert folder_checks.complete(facts, settings_read=True).verdict is Verdict.WARNING
    assert "C" in folder_checks.complete(facts, settings_read=True).text


def test_a_project_without_env_is_told_how_to_make_one(folder: Path) -> None:
    (folder / ".env").unlink()

    finding = folder_checks.complete(folder_facts(folder), settings_read=False)

    assert finding.verdict is Verdict.FAILS
    assert ".env.example" in finding.remedy


def test_an_env_that_is_no_text_does_not_pass(folder: Path) -> None:
    (folder / ".env").write_bytes(b"\xff\xfe\x00")

    finding = folder_checks.complete(folder_facts(folder), settings_read=False)

    assert finding.verdict is Verdict.FAILS
    assert "empty" in finding.text


def test_without_an_example_every_env_is_complete(folder: Path) -> None:
    (folder / ".env.example").unlink()

    assert folder_facts(folder).unset == ()


@pytest.mark.parametrize(
    ("mode", "verdict"), [(0o600, "ok"), (0o640, "warning"), (0o644, "warning")]
)
@pytest.mark.parametrize("name", [".env", "app.env"])
def test_passwords_that_others_may_read_are_a_warning(
    folder: Path, name: str, mode: int, verdict: str
) -> None:
    (folder / name).touch()
    (folder / name).chmod(mode)

    finding = folder_checks.secrets(folder_facts(folder))

    assert finding.verdict == verdict
    assert (str(folder / name) in finding.remedy) is (verdict == "warning")


@pytest.mark.parametrize(
    ("way_in", "remedy"),
    [("sudo -u ann fream", "sudo -u ann fream"), ("", "ls -ld /p/.fream")],
)
def test_a_folder_that_cannot_be_written_to_fails(way_in: str, remedy: str) -> None:
    facts = FolderFacts(Path("/p"), unwritable=(Path("/p/.fream"),), way_in=way_in)
    finding = folder_checks.permissions(facts)

    assert finding.verdict is Verdict.FAILS
    assert finding.remedy == remedy


def test_who_may_not_write_is_told_how_to_get_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _mode: path != folder)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)

    facts = folder_facts(folder)

    assert facts.unwritable == (folder,)
    assert facts.way_in.startswith("Run fream as ")


OWN = "# location /x { proxy_pass http://$service_url; }\nlocation /api/ {\n%s}\n"
PASS = "proxy_pass http://$service_url;\n"
NET = "include net.inc;\n"
GRPC = "grpc_pass grpc://fream_$live_set;\n"  # the net speaks HTTP/1.1
STREAM = PASS + "proxy_request_buffering off;\n"
LIMIT = "limit_conn mine 5;\n"


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        (PASS, "No other set answers where the app does not: nginx/site.d/own.conf:2"),
        (PASS + "# include net.inc;\n", "nginx/site.d/own.conf:2"),
        (PASS + NET + LIMIT, "A release does not wait for requests of nginx/site.d/own.conf:2"),
    ],
)
def test_a_location_that_lacks_what_the_apps_own_has_is_told(
    folder: Path, inside: str, told: str
) -> None:
    own = folder / "nginx" / "site.d"
    own.mkdir(parents=True)
    (own / "own.conf").write_text(OWN % inside)

    finding = folder_checks.own_locations(folder_facts(folder, folder / "nginx"))

    assert (finding.verdict, told in finding.text) == (Verdict.WARNING, True)
    assert finding.remedy


@pytest.mark.parametrize(
    "inside",
    [
        PASS + NET,
        PASS + NET + LIMIT + "limit_conn fream_busy 65535;\n",
        "return 200;\n",
        LIMIT,
        GRPC,
        STREAM,
    ],
)
def test_a_location_that_is_like_the_apps_own_or_passes_nothing_is_well(
    folder: Path, inside: str
) -> None:
    own = folder / "nginx" / "http.d"
    own.mkdir(parents=True)
    (own / "own.conf").write_text(OWN % inside)

    assert folder_checks.own_locations(folder_facts(folder, folder / "nginx")).verdict is Verdict.OK


def test_a_variable_that_is_nearly_one_of_ours_is_told_with_the_right_name(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text("HTTP_PORT=80\n#HEALTH_CHECK_POINT=/products\n")
    (tmp_path / ".env").write_text("HTTP_PORT=80\nHEALTH_CHEK_POINT=/up\nMY_OWN=1\n")

    finding = folder_checks.complete(folder_facts(tmp_path), settings_read=True)

    assert finding.verdict is Verdict.WARNING
    assert finding.text == "HEALTH_CHEK_POINT is no setting, but HEALTH_CHECK_POINT is"
