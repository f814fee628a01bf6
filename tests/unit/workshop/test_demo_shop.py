"""The parts of the demo shop that need nothing but the standard library."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
from pathlib import Path
from types import ModuleType

import pytest

DEMO = Path(__file__).parents[3] / "demo"
DATABASE = {
    "FREAM_DB_URL": "fream-mysql",
    "FREAM_DB_SCHEME": "fream",
    "FREAM_DB_USERNAME": "shopper",
    "FREAM_DB_PASSWORD": "not to be seen",
}


@pytest.fixture(autouse=True)
def _demo_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DEMO))


@pytest.fixture
def settings() -> ModuleType:
    return importlib.import_module("shop.settings")


def test_an_empty_environment_but_for_the_database_gives_the_defaults(settings: ModuleType) -> None:
    found = settings.from_environment(DATABASE)
    assert (found.port, found.version, found.database.port) == (8080, "0.0.0", 3306)
    assert found.knobs == settings.Knobs()


def test_the_password_is_not_shown(settings: ModuleType) -> None:
    assert "not to be seen" not in repr(settings.from_environment(DATABASE))


def test_without_a_database_nothing_about_it_is_needed(settings: ModuleType) -> None:
    assert settings.from_environment({"DEMO_DB": "off"}).database is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEMO_TYPO", "1"),
        ("DEMO_DB", "maybe"),
        ("DEMO_UNHEALTHY", "200"),
        ("DEMO_BOOT_SECONDS", "soon"),
        ("DEMO_LATENCY_MS", "nan"),
        ("DEMO_SLOW_FIRST", "-1"),
        ("DEMO_FAIL_FROM", "soon"),
        ("DEMO_ON_SIGTERM", "perhaps"),
        ("SERVER_PORT", "0"),
        ("FREAM_DB_URL", ""),
    ],
)
def test_a_bad_variable_is_refused_by_name(settings: ModuleType, name: str, value: str) -> None:
    with pytest.raises(settings.SettingsError, match=name):
        settings.from_environment({**DATABASE, name: value})


@pytest.mark.parametrize("size", [1, 9, 1024])
def test_a_stream_ends_with_the_hash_of_its_bytes(size: int) -> None:
    content = importlib.import_module("shop.content")
    *chunks, last = content.stream_parts(3, size)
    assert [len(chunk) for chunk in chunks] == [size] * 3
    assert last == f"sha256 {hashlib.sha256(b''.join(chunks)).hexdigest()}\n".encode()


@pytest.mark.parametrize(("keyword", "count"), [("운동", 5), ("yoga", 1), ("nothing like it", 0)])
def test_the_constant_store_finds_by_name(keyword: str, count: int) -> None:
    store = importlib.import_module("shop.store").ConstantStore()
    assert len(asyncio.run(store.products(keyword, limit=100))) == count
