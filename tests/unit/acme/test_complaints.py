"""What certbot printed in each case, and the words for it."""

from __future__ import annotations

import errno
import re
from datetime import UTC, datetime
from pathlib import Path

import complaints
import pytest
from client import Ended
from wanted import Wanted

from tests.unit.acme.world import HOST

OUTPUTS = Path(__file__).parent / "outputs"
HTTP = Wanted((HOST,), server="https://ca.example.com:14000/dir")
DNS_ONLY = {"plugin", "credentials", "no-credentials", "dns-down"}
DNS = Wanted((HOST,), server="https://ca.example.com/dir", challenge="dns-ovh")


def said_of(name: str, kind: str = "", wanted: Wanted = HTTP) -> complaints.Complaint:
    """What is said of an output that was captured from certbot 5.5."""
    return complaints.of_run(
        Ended(1, (OUTPUTS / f"{name}.txt").read_text(), kind=kind), HOST, wanted
    )


@pytest.mark.parametrize(
    ("name", "error", "hint"),
    [
        ("name", "is not found in DNS from this server", "ACME_SERVER"),
        ("refused", "does not answer$", "ACME_SERVER"),
        ("hang", "does not answer$", "ACME_SERVER"),
        ("plaintext", "does not answer as an ACME server does", "directory"),
        ("nonsense", "does not answer as an ACME server does", "directory"),
        ("json", "does not answer as an ACME server does", "directory"),
        ("502", "does not answer as an ACME server does", "by itself"),
        ("untrusted", "is not trusted", "ACME_CA_FILE"),
        ("eabmissing", "wants an account of its own", "ACME_EAB_KID"),
        ("eabwrong", "does not know the account", "ACME_EAB_KEY_FILE"),
        ("eabkey", "does not know the account", "ACME_EAB_KEY_FILE"),
        ("eabform", "does not know the account", "ACME_EAB_KEY_FILE"),
        ("429", "rate limit.*too many certificates", "do not force"),
        ("503", "rate limit.*Service busy", "do not force"),
        ("404", "got another answer from shop.example.com.*returned 404", "records lead here"),
        ("dnswrong", "does not reach shop.example.com on port 80.*refused", "firewall"),
        ("noname", "does not find shop.example.com in DNS", "A and AAAA"),
        ("plugin", "has no plugin dns-ovh", "certbot/dns-ovh:v"),
        ("full", "disk with TLS_DIR is full", "Free"),
        ("credentials", "DNS provider did not take the record", "ACME_DNS_CREDENTIALS"),
        ("no-credentials", "DNS provider did not take the record", "ACME_DNS_CREDENTIALS"),
        ("dns-down", "DNS provider did not take the record", "ACME_DNS_CREDENTIALS"),
    ],
)
def test_what_certbot_prints_becomes_an_operators_words(name: str, error: str, hint: str) -> None:
    said = said_of(name, wanted=DNS if name in DNS_ONLY else HTTP)

    assert re.search(error, said.error), said.error
    assert hint in said.hint
    assert "\n" not in said.error + said.hint
    assert not re.search(r"requests\.|acme\.|Error:|Traceback|HTTPSConnection|\{", said.error)


@pytest.mark.parametrize(
    ("name", "kind", "error"),
    [
        ("500", "serverInternal", "a fault of its own: Error creating new order"),
        ("caa", "caa", "DNS forbids .* CAA"),
        ("blocked", "rejectedIdentifier", "does not certify shop.example.com.*forbidden"),
        ("429", "rateLimited", "rate limit"),
        ("500", "somethingNew", "refused: Error creating new order"),
        ("500", "", "client failed: Error creating new order"),
    ],
)
def test_the_servers_own_word_decides_where_there_is_one(name: str, kind: str, error: str) -> None:
    assert re.search(error, said_of(name, kind).error)


def test_a_rate_limit_says_until_when() -> None:
    assert said_of("429").not_before == datetime(2026, 11, 28, 10, 11, 12, tzinfo=UTC)
    assert said_of("404").not_before is None


def test_a_moment_that_is_none_is_no_moment() -> None:
    output = "too many, retry after 2026-99-99 10:11:12 UTC"

    assert complaints.of_run(Ended(1, output), HOST, HTTP).not_before is None


def test_a_dns_challenge_that_fails_is_about_records() -> None:
    output = "  Type:   unauthorized\n  Detail: No TXT record found at _acme-challenge\n"

    said = complaints.of_run(Ended(1, output), HOST, DNS)

    assert "did not see the record" in said.error
    assert "ACME_DNS_SECONDS" in said.hint


@pytest.mark.parametrize("words", ["is not yet valid", "has expired"])
def test_a_clock_that_is_wrong_is_named(words: str) -> None:
    output = (
        f"SSLError([SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate {words}"
    )

    assert "clock" in complaints.of_run(Ended(1, output), HOST, HTTP).error


def test_what_nobody_foresaw_is_one_line_without_python() -> None:
    traceback = (
        "Traceback:\n  File x\nacme.errors.StrangeError: the {moon} is wrong\nAsk for help\n"
    )

    said = complaints.of_run(Ended(1, traceback), HOST, HTTP)

    assert said.error == "The ACME client failed: the (moon) is wrong"
    assert complaints.of_run(Ended(1, ""), HOST, HTTP).error.endswith("no reason given")
    assert len(complaints.of_run(Ended(1, "x" * 9999), HOST, HTTP).error) < 400


def test_a_run_without_an_end_and_one_without_a_certificate() -> None:
    late = complaints.of_run(Ended(-1, "", late=True), HOST, HTTP)
    empty = complaints.of_run(Ended(0, "Certificate is saved"), HOST, HTTP)

    assert "come to an end" in late.error
    assert "left no certificate" in empty.error


def test_a_disk_says_what_is_wrong_with_it() -> None:
    full = complaints.of_system(OSError(errno.ENOSPC, "No space left on device"))
    closed = complaints.of_system(OSError(errno.EROFS, "Read-only file system"))

    assert full.error == "The disk with TLS_DIR is full"
    assert closed.error.endswith("Read-only file system")


@pytest.mark.parametrize(
    "output",
    [
        "live directory exists for shop.example.com",
        "archive directory exists for shop.example.com",
        "The renewal configuration file /a/b.conf is broken",
        "renewal config file {} is missing a required file reference",
        "expected /x/cert.pem to be a symlink",
    ],
)
def test_files_that_certbot_cannot_use_are_known(output: str) -> None:
    assert complaints.is_about_files(output)
    assert not complaints.is_about_files((OUTPUTS / "404.txt").read_text())


@pytest.mark.parametrize("option", ["credentials /run/secrets/acme_dns", "propagation-seconds 90"])
def test_an_image_without_the_plugin_is_named_whatever_it_was_given(option: str) -> None:
    text = f"usage:\n  certbot\ncertbot: error: unrecognized arguments: --dns-ovh-{option}"

    said = complaints.of_run(Ended(2, text), HOST, DNS)

    assert said.error == "The ACME client has no plugin dns-ovh"
