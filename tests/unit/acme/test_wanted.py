"""What fream says in certificates.json, and what the environment does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import wanted
from wanted import LETS_ENCRYPT, Wanted


def test_what_fream_writes_is_read(tmp_path: Path) -> None:
    text = {
        "hosts": ["shop.example.com", "*.example.com"],
        "email": "ops@example.com",
        "server": "https://ca.example.com/dir",
        "challenge": "dns-ovh",
        "source": "acme",
    }
    (tmp_path / "certificates.json").write_text(json.dumps(text))

    assert wanted.read(tmp_path) == Wanted(
        ("shop.example.com", "*.example.com"),
        "ops@example.com",
        "https://ca.example.com/dir",
        "dns-ovh",
        "acme",
    )


def test_what_is_empty_has_a_default(tmp_path: Path) -> None:
    text = {"hosts": ["localhost"], "email": "", "server": "", "challenge": "http"}
    (tmp_path / "certificates.json").write_text(json.dumps(text))

    assert wanted.read(tmp_path) == Wanted(("localhost",), "", LETS_ENCRYPT, "http", "acme")


def test_before_fream_has_written_nothing_is_wanted(tmp_path: Path) -> None:
    assert wanted.read(tmp_path).hosts == ()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"hosts": [1]}', '{"hosts": ["../../etc"]}', '{"hosts": ["a/b"]}',
     '{"hosts": ["a@b"]}', '{"hosts": [""]}', '{"hosts": ["a..b"]}', '{"hosts": [".."]}'],
)  # fmt: skip
def test_nonsense_is_refused_and_no_name_is_a_path(text: str, tmp_path: Path) -> None:
    (tmp_path / "certificates.json").write_text(text)

    with pytest.raises(ValueError, match=r"certificates|Expecting"):
        wanted.read(tmp_path)


def test_the_environment_says_the_rest() -> None:
    place = wanted.place_of(
        {"NGINX_UID": "33", "NGINX_HOST": "shop-nginx", "ACME_EAB_KID": "k", "KEEPER_SECONDS": "9"}
    )

    assert (place.nginx_uid, place.nginx, place.eab_kid, place.period) == (33, "shop-nginx", "k", 9)
    empty = wanted.place_of({"NGINX_UID": "", "KEEPER_SECONDS": ""})
    assert (empty.nginx_uid, empty.period, empty.dns_seconds) == (101, 43_200, "")


def test_a_wildcard_has_a_name_that_a_file_may_have() -> None:
    assert wanted.name_of("*.example.com") == "_.example.com"
    assert wanted.name_of("shop.example.com") == "shop.example.com"
