"""Which pair may be put in place, and what is said of one that may not."""

from __future__ import annotations

from datetime import timedelta

import pairs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from pairs import BadPair

from tests.unit.acme.world import HOST, issued, real_now


def test_a_good_pair_says_what_it_is() -> None:
    pair = pairs.checked(pairs.loaded(*issued(HOST, "www.example.com")), HOST, real_now())

    assert pair.issuer == "Test R1"
    assert pair.names == (HOST, "www.example.com")
    assert pair.not_after - pair.not_before == timedelta(days=45)
    assert len(pair.sha256) == 64


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (("*.example.com",), HOST),
        (("*.example.com",), "*.example.com"),
        (("SHOP.example.com",), HOST),
        (("localhost",), "localhost"),
    ],
)
def test_a_certificate_is_for_its_names_and_those_under_its_wildcard(
    names: tuple[str, ...], host: str
) -> None:
    assert pairs.checked(pairs.loaded(*issued(*names)), host, real_now())


def test_a_key_beside_the_certificate_is_not_shown_with_it() -> None:
    chain, key = issued(HOST)
    between, _ = issued()

    assert pairs.loaded(key + chain + b"words\n" + between + key, key).chain == chain + between


def test_a_pair_that_nginx_would_not_take_is_refused() -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505

    with pytest.raises(BadPair, match=r"OpenSSL does not take the pair: .*key too small"):
        pairs.checked(pairs.loaded(*issued(HOST, key=short)), HOST, real_now())


def test_only_keys_that_browsers_take_are_taken() -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        assert pairs.checked(pairs.loaded(*issued(HOST, key=key)), HOST, real_now())
    with pytest.raises(BadPair, match="neither RSA nor ECDSA"):
        pairs.loaded(*issued(HOST, key=ed25519.Ed25519PrivateKey.generate()))


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (("www.example.com",), HOST),
        (("*.example.com",), "example.com"),
        (("*.example.com",), "a.shop.example.com"),
        ((HOST,), "*.example.com"),
        (("*.com",), "*.example.com"),
        ((), HOST),
    ],
)
def test_a_certificate_for_others_is_refused(names: tuple[str, ...], host: str) -> None:
    with pytest.raises(BadPair, match="not for"):
        pairs.checked(pairs.loaded(*issued(*names)), host, real_now())


def test_a_certificate_of_another_time_is_refused() -> None:
    for begins, said in ((timedelta(minutes=1), "clock"), (timedelta(days=-46), "expired")):
        with pytest.raises(BadPair, match=said):
            pairs.checked(pairs.loaded(*issued(HOST, begins=begins)), HOST, real_now())


def test_a_key_of_another_certificate_is_refused() -> None:
    with pytest.raises(BadPair, match="does not belong"):
        pairs.loaded(issued(HOST)[0], issued(HOST)[1])


def test_what_is_no_pem_is_refused() -> None:
    chain, key = issued(HOST)

    for half in (b"", chain[:100], key):
        with pytest.raises(BadPair, match="no certificate"):
            pairs.loaded(half, key)
    for half in (b"", key[:100], chain):
        with pytest.raises(BadPair, match="no private key"):
            pairs.loaded(chain, half)


def test_a_key_with_a_password_is_refused() -> None:
    key = rsa.generate_private_key(65537, 2048)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))

    with pytest.raises(BadPair, match="password"):
        pairs.loaded(issued(HOST)[0], secret)


def test_the_first_certificate_of_a_chain_is_the_one_that_counts() -> None:
    (leaf, key), (other, _) = issued(HOST), issued("ca.example.com")

    assert pairs.loaded(leaf + other, key).names == (HOST,)
    with pytest.raises(BadPair, match="first"):
        pairs.loaded(other + leaf, key)


@pytest.mark.parametrize("host", [HOST, "*.example.com", f"{'a' * 63}.{'b' * 63}.example.com"])
def test_what_we_sign_ourselves_is_good_for_a_while(host: str) -> None:
    pair = pairs.checked(pairs.self_signed(host, real_now()), host, real_now())

    assert pair.issuer == "fream: self-signed"
    assert timedelta(days=7) < pair.not_after - real_now() <= timedelta(days=90)
    basic = x509.load_pem_x509_certificate(pair.chain).extensions.get_extension_for_class(
        x509.BasicConstraints
    )
    assert not basic.value.ca
