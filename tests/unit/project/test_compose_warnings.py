"""What Compose warns of, told once, with its place and without a secret."""

from __future__ import annotations

from pathlib import Path

from fream_compose import secrecy
from fream_compose.project.compose_warnings import warnings_of, without_warnings


def unset(name: str) -> str:
    text = f'The \\"{name}\\" variable is not set. Defaulting to a blank string.'
    return f'time="2026-01-01T00:00:00Z" level=warning msg="{text}"\n'


def told(folder: Path, *names: str) -> list[str]:
    return [str(each) for each in warnings_of("".join(map(unset, names)), folder)]


def test_a_project_without_warnings_has_none(tmp_path: Path) -> None:
    assert warnings_of("", tmp_path) == ()
    assert warnings_of("some progress\n", tmp_path) == ()


def test_a_dollar_in_a_value_is_told_once_with_its_place_and_the_way_out(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nMYSQL_PASSWORD=abc$Secret1\nB='x$Secret1'\n")

    (found,) = told(tmp_path, *["Secret1"] * 9)

    assert found.startswith(".env: MYSQL_PASSWORD has a $, which Compose cuts out")
    assert "MYSQL_PASSWORD='…'" in found
    assert "Secret1" not in found


def test_every_value_with_the_same_word_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=a${word}b\n# $word\nOTHER=$words\n")
    (tmp_path / "app.env").write_text('B="x$word"\n')

    found = told(tmp_path, "word")

    assert [line.partition(" has ")[0] for line in found] == [".env: A", "app.env: B"]


def test_a_variable_of_the_compose_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("environment: {A: $NOT_SET}\n")
    (tmp_path / "infra.yaml").write_text("environment: {A: '${NOT_SET_EITHER:-1}'}\n")

    (found,) = told(tmp_path, "NOT_SET")

    assert found.startswith("app.yaml: NOT_SET is not set, and Compose takes it for empty: set it")


def test_what_is_in_another_file_is_told_without_its_words(tmp_path: Path) -> None:
    (found,) = told(tmp_path, "Secret1")

    assert "env_file" in found
    assert "Secret1" not in found


def test_whatever_else_compose_warns_of_is_passed_on_without_secrets(tmp_path: Path) -> None:
    secrecy.add(["hunter22"])

    (found,) = warnings_of('level=warning msg="hunter22 \\"x\\" is obsolete"\n' * 3, tmp_path)

    assert found.text == 'Compose warns: *** "x" is obsolete'


def test_folders_and_foreign_bytes_in_place_of_the_files_hinder_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.env").mkdir()
    (tmp_path / "x.yaml").mkdir()
    (tmp_path / "y.yml").write_bytes(b"\xff ${word}")

    (found,) = told(tmp_path, "word")

    assert found.startswith("y.yml: word is not set")


def test_a_failure_is_told_without_what_was_only_warned_of() -> None:
    assert without_warnings(unset("a") + "yaml: line 3: no\n") == "yaml: line 3: no"
