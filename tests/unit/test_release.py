"""What counts as a version, and what can never reach a shell, Compose or nginx."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fream_compose.errors import UsageError
from fream_compose.release import LiveRelease, SetName, Version, new_switch_id
from tests.fakes.stage import DIGEST


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.0.1", Version("1.0.1")),
        ("latest", Version("latest")),
        ("v1", Version("v1")),
        ("_x", Version("_x")),
        ("1.0-rc.1_b", Version("1.0-rc.1_b")),
        ("a" * 128, Version("a" * 128)),
        (DIGEST, Version("sha256-abababababab", DIGEST)),
        (f"1.0.1@{DIGEST}", Version("1.0.1", DIGEST)),
    ],
)
def test_a_version_is_a_tag_a_digest_or_both(text: str, version: Version) -> None:
    assert Version.parse(text) == version


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1.0 ",
        " 1.0",
        "1.0\n",
        "1.0;rm -rf /",
        "1.0;rm",
        "$(id)",
        "`id`",
        "${IMAGE}",
        "1.0'",
        '1.0"',
        "1.0\\",
        "1.0\x00",
        "-1.0",
        ".1",
        "--help",
        "a" * 129,
        "é",
        "\u0661",
        "fream:1.0",
        "registry/fream:1.0",
        "@",
        "1.0@",
        f"@{DIGEST}",
        f"1.0@{DIGEST}@",
        f"{DIGEST}@",
        f"{DIGEST}@{DIGEST}",
        DIGEST.upper(),
        DIGEST.replace("a", "A"),
        DIGEST[:-1],
        DIGEST + "0",
        f"1.0@{DIGEST[:-1]}",
        "1.0@sha512:" + "ab" * 64,
        f"1.0@{DIGEST}\n",
    ],
)
def test_anything_else_is_refused_with_what_a_version_is(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Version.parse(text)

    assert caught.value.exit_code == 2
    assert "image tag" in caught.value.why


@pytest.mark.parametrize("text", ["1.0.1", f"1.0.1@{DIGEST}", DIGEST])
def test_a_version_survives_being_written_and_read(text: str) -> None:
    version = Version.parse(text)

    assert Version.parse(str(version)) == version


def test_people_read_a_short_form() -> None:
    assert Version("1.0").short == "1.0"
    assert Version("1.0", DIGEST).short == "1.0 (abababababab)"


def test_each_set_is_the_other_of_the_other() -> None:
    assert SetName.SET1.other is SetName.SET2
    assert SetName.SET2.other is SetName.SET1


def test_a_switch_id_tells_when_the_switch_began_and_is_unique() -> None:
    now = datetime(2026, 11, 23, 16, 4, 11, tzinfo=UTC)
    one, two = new_switch_id(now), new_switch_id(now)

    assert one != two
    assert LiveRelease(SetName.SET1, Version("1"), one).since == now
    assert LiveRelease(SetName.SET1, Version("1"), "by hand").since is None
