"""fream certificates, for people and for programs; and what fream status says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fream_compose import times
from tests.fakes import Stage
from tests.fakes.certificates import note, state
from tests.fakes.commands import Fream

SHOP, WWW = "shop.example.com", "www.example.com"
# Noon, so that no zone has another day.
START = datetime.now(UTC).replace(hour=12) - timedelta(days=1)
GOOD = note(START)
BAD = note(START, source="self-signed", error="the challenge was refused", failures=1)
BAD["hint"] = "open port 80"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A project with HTTPS for two hosts, one of which could not be certified."""
    made = Stage(tmp_path, tls={"hosts": f"{SHOP},{WWW}"})
    made.nginx.certificates.write_text(state(**{SHOP: GOOD, WWW: BAD}))
    made.project.programs["shop-acme"] = ["sh", "-c", "exit 1", "sh"]
    yield made
    made.project.close()


def test_each_host_has_a_row_and_a_failure_its_reason(fream: Fream) -> None:
    result = fream("certificates")

    assert result.exit_code == 0
    head, shop, www, why, zone = result.stdout.splitlines()
    assert " ".join(head.split()) == "HOST HOW ISSUER DAYS LEFT VALID UNTIL LAST TRY"
    until = f"{START + timedelta(days=90):%Y-%m-%d}"
    assert shop.split()[:5] in (
        [SHOP, "acme", "Test", "CA", "88"],
        [SHOP, "acme", "Test", "CA", "89"],
    )
    assert until in shop
    assert shop.endswith("ok")
    assert www.split()[:2] == [WWW, "self-signed"]
    assert why.strip() == "the challenge was refused; open port 80"
    assert zone == f"Times are in {times.zone(START)}"


def test_programs_read_the_same(fream: Fream) -> None:
    told = json.loads(fream("certificates", "-o", "json").stdout)

    shop, www = told["result"]["certificates"]
    assert (shop["host"], shop["verdict"], shop["source"]) == (SHOP, "ok", "acme")
    assert shop["until"] == (START + timedelta(days=90)).isoformat()
    assert (www["verdict"], www["error"]) == ("self-signed", "the challenge was refused")
    assert www["days_left"] in (88, 89)


def test_a_host_without_one_is_shown_without_dates(stage: Stage, fream: Fream) -> None:
    stage.nginx.certificates.unlink()

    result = fream("certificates")

    assert result.stdout.splitlines()[1].split() == [SHOP, "-", "-", "-", "-", "-", "missing"]


def test_without_https_it_says_how_to_turn_it_on(fream: Fream, stage: Stage) -> None:
    switch = stage.settings.switch.model_copy(update={"tls": type(stage.settings.switch.tls)()})
    stage.project.settings = stage.settings.model_copy(update={"switch": switch})

    assert fream("certificates").stdout == "HTTPS is off: TLS_HOSTS in .env names no host\n"
    assert json.loads(fream("certificates", "-o", "json").stdout)["result"] == {"certificates": []}
    assert fream("certificates", "renew").exit_code == 3


@pytest.mark.parametrize("options", [("--force",), ("list", SHOP)])
def test_what_goes_with_renew_only_is_2(fream: Fream, options: tuple[str, ...]) -> None:
    assert fream("certificates", *options).exit_code == 2


def test_a_renewal_that_fails_is_5_and_says_what_to_do(fream: Fream) -> None:
    result = fream("certificates", "renew")

    assert result.exit_code == 5
    assert f"error: No new certificate for {WWW}" in result.stderr
    assert f"why      {WWW}: the challenge was refused" in result.stderr
    assert "next     open port 80" in result.stderr
    told = json.loads(fream("certificates", "renew", "-o", "json").stdout)
    assert (told["ok"], told["error"]["kind"]) == (False, "CertificateError")
    assert [each["host"] for each in told["result"]["certificates"]] == [SHOP, WWW]


def test_a_renewal_that_goes_well_shows_what_there_is_now(stage: Stage, fream: Fream) -> None:
    stage.project.programs["shop-acme"] = ["sh", "-c", 'echo "$*" > asked', "sh"]

    result = fream("certificates", "renew", "--force", SHOP)

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-2].startswith(SHOP)
    asked = stage.settings.compose_directory / "asked"
    assert asked.read_text() == f"renew --force {SHOP}\n"


def test_a_renewal_needs_no_lock(stage: Stage, fream: Fream) -> None:
    """A certificate that is due does not wait for a release, nor a release for it."""
    from fream_compose.project import lock

    stage.project.programs["shop-acme"] = ["true"]
    with lock.hold(stage.settings.state_directory, "fream switch", 0, lambda _: None):
        assert fream("certificates", "renew", SHOP).exit_code == 0


def test_status_tells_each_host_and_what_failed(fream: Fream) -> None:
    lines = fream("status").stdout.splitlines()

    shop, www = (line for line in lines if line.startswith("https"))
    assert f"{SHOP}  Test CA, 8" in shop
    assert shop.endswith(" days left")
    assert www == f"https    {WWW}  SELF-SIGNED; the last try failed: " + (
        "the challenge was refused; open port 80"
    )
    told = json.loads(fream("status", "-o", "json").stdout)["result"]["certificates"]
    assert [(each["host"], each["verdict"]) for each in told] == [
        (SHOP, "ok"),
        (WWW, "self-signed"),
    ]


@pytest.mark.parametrize(
    ("age", "other", "said"),
    [
        (1, {}, "Test CA, 8"),
        (70, {}, "EXPIRES SOON: Test CA, "),
        (95, {}, "EXPIRED "),
        (1, {"error": "no"}, "days left; the last try failed: no"),
    ],
)
def test_status_says_what_is_urgent_first(
    stage: Stage, fream: Fream, age: int, other: dict[str, Any], said: str
) -> None:
    start = datetime.now(UTC) - timedelta(days=age)
    stage.nginx.certificates.write_text(state(**{SHOP: note(start, **other), WWW: GOOD}))

    assert f"{SHOP}  " in (text := fream("status").stdout)
    assert said in text


def test_status_goes_on_where_nobody_says_which_there_are(stage: Stage, fream: Fream) -> None:
    stage.nginx.certificates.write_text("[]")

    text = fream("status").stdout

    assert "notice   nginx does not say which certificates it has" in text
    assert "infra    nginx 1.30.0" in text
