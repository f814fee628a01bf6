"""Which hosts have HTTPS: names as certificates have them, or what is wrong, and who set it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project.compose_config import parse
from fream_compose.project.tls_settings import Tls
from fream_compose.project.x_fream import read_x_fream
from tests.fakes.stage import compose_config

PUBLIC = {"hosts": "shop.example.com"}
OWN = {"certificate": "tls/shop.pem", "key": "tls/shop.key"}


def tls(**settings: Any) -> Tls:
    return read_x_fream({"tls": settings}, Path("/srv")).tls


def complaint(**settings: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        tls(**settings)
    return caught.value.why


@pytest.mark.parametrize(
    ("hosts", "names"),
    [
        ("", ()),
        (",", ()),
        ([], ()),
        ("shop.example.com", ("shop.example.com",)),
        (" shop.example.com , www.example.com ,", ("shop.example.com", "www.example.com")),
        (["shop.example.com", "www.example.com"], ("shop.example.com", "www.example.com")),
        ("Shop.Example.COM.", ("shop.example.com",)),
        ("shop.example.com,SHOP.example.com,shop.example.com.", ("shop.example.com",)),
        ("bücher.example", ("xn--bcher-kva.example",)),
        ("BÜCHER.example,xn--bcher-kva.example", ("xn--bcher-kva.example",)),
        ("쇼핑.example", ("xn--hp4bo76a.example",)),
        ("1.example", ("1.example",)),
        (f"{'a' * 63}.example", (f"{'a' * 63}.example",)),
    ],
)
def test_hosts_are_names_as_certificates_have_them_each_once(
    hosts: object, names: tuple[str, ...]
) -> None:
    assert tls(hosts=hosts).hosts == names


@pytest.mark.parametrize(
    ("hosts", "why"),
    [
        ("shop.example.com www.example.com", "has a space in it: write a comma between two hosts"),
        ("shop .example.com", "has a space in it"),
        ("shop_1.example.com", "has an underscore, which no certificate may have"),
        ("192.0.2.1", "is an address: a certificate is for a name"),
        ("2001:db8::1", "is an address"),
        ("[2001:db8::1]", "is an address"),
        ("１９２.0.2.1", "is an address"),  # noqa: RUF001  # as some keyboards write it
        ("shop.example.com:443", "is more than a name: write the host alone"),
        ("https://shop.example.com", "is more than a name"),
        ("shop.example.com/", "is more than a name"),
        ("*", "is not the name of a host, such as shop.example.com"),
        ("*.", "is not the name of a host"),
        ("www.*.example.com", "is not the name of a host"),
        ("-shop.example.com", "is not the name of a host"),
        ("shop-.example.com", "is not the name of a host"),
        ("shop..example.com", "is not the name of a host"),
        (".example.com", "is not the name of a host"),
        ("shop.123", "is not the name of a host"),
        ("10.1", "is not the name of a host"),
        (f"{'a' * 64}.example", "is not the name of a host"),
        (".".join(["a" * 60] * 3) + ".shops.example.com1", "is longer than 200 characters"),
        ("shop.example.com;", "is not the name of a host"),
        ("$host", "is not the name of a host"),
        ("../etc", "is more than a name"),
        ("a\u200db.example", "is not the name of a host"),
        ("\u2764\u202e.example", "is not the name of a host"),
        (5, "is not the name of a host"),
        ([["a.example"]], "is not the name of a host"),
    ],
)
def test_what_is_no_name_is_told_with_its_key(hosts: object, why: str) -> None:
    said = complaint(hosts=hosts)

    assert said.startswith("x-fream.tls.hosts")
    assert why in said


def test_a_complaint_names_the_host_that_is_wrong_and_the_line_that_set_it(tmp_path: Path) -> None:
    (tmp_path / "compose").mkdir()
    (tmp_path / "compose" / ".env").write_text("A=1\nTLS_HOSTS=shop.example.com, my_shop.example\n")
    config = compose_config(tmp_path, 18090, tls={"hosts": "shop.example.com, my_shop.example"})

    with pytest.raises(ConfigurationError) as caught:
        parse(
            config,
            tmp_path / "compose",
            lambda: {"x-fream": {"tls": {"hosts": "${TLS_HOSTS:-}"}}},
        )

    assert caught.value.why == (
        'x-fream.tls.hosts: "my_shop.example" has an underscore, which no certificate may have '
        "(set by TLS_HOSTS in compose/.env, line 2)"
    )


def test_a_wildcard_is_proven_by_dns_or_is_of_ones_own() -> None:
    assert "TLS_CHALLENGE to a plugin" in complaint(hosts="shop.example.com,*.example.com")
    assert tls(hosts="*.example.com", challenge="dns-ovh").hosts == ("*.example.com",)
    assert tls(hosts="*.bücher.example", **OWN).hosts == ("*.xn--bcher-kva.example",)


def test_a_name_that_is_not_public_takes_a_server_of_ones_own() -> None:
    assert '"shop" is no public name' in complaint(hosts="shop")
    assert tls(hosts="shop", server="https://ca.internal/directory").hosts == ("shop",)
    assert tls(hosts="shop", **OWN).source == "own"


def test_a_certificate_of_ones_own_is_two_files() -> None:
    assert "TLS_KEY is not set" in complaint(**PUBLIC, certificate="tls/shop.pem")
    assert "TLS_CERTIFICATE is not set" in complaint(**PUBLIC, key="tls/shop.key", certificate="")
    assert (tls(**PUBLIC).source, tls(**PUBLIC, certificate="", key="").source) == ("acme", "acme")
    assert tls(**PUBLIC, **OWN).certificate == Path("tls/shop.pem")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"email": "ops"}, 'email: "ops" is not an e-mail address'),
        ({"email": "ops@@example.com"}, "is not an e-mail address"),
        ({"email": "o p@example.com"}, "is not an e-mail address"),
        ({"email": "ops@example.com\nx"}, "is not an e-mail address"),
        ({"redirect": "maybe"}, 'redirect: "maybe" is neither on nor off'),
        ({"hsts": "-1"}, "hsts"),
        ({"hsts": "1y"}, "is not a whole number from 0 to 63072000"),
        ({"hsts": 63_072_001}, "is not a whole number"),
        ({"challenge": "dns"}, "is neither http nor a plugin's name, such as dns-ovh"),
        ({"challenge": "dns-Ovh; rm"}, "is neither http nor"),
        ({"server": "http://ca.internal"}, "is not the https:// address of an ACME directory"),
        ({"certificate": " "}, 'certificate: " " is not the path of a file'),
        ({"key": 5}, "is not the path of a file"),
        ({"server": "https://ca internal/"}, "is not the https:// address"),
    ],
)
def test_every_other_setting_is_checked(settings: dict[str, Any], why: str) -> None:
    assert why in complaint(**PUBLIC, **settings)


def test_what_is_good_is_taken() -> None:
    found = tls(
        **PUBLIC,
        email=" ops@example.com ",
        redirect="Off",
        hsts="31536000",
        server="https://[2001:db8::1]:14000/dir",
    )

    assert (found.email, found.redirect, found.hsts) == ("ops@example.com", False, 31_536_000)
    assert found.server.endswith("/dir")
    assert tls(redirect="on").redirect
    assert tls(redirect=True) == Tls()


def test_a_project_that_asks_for_none_has_none() -> None:
    assert read_x_fream({}, Path("/srv")).tls == Tls()
    assert Tls().hosts == ()
