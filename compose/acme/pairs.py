"""A certificate and its key: whether they are good for a host, and one made by ourselves."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from tempfile import NamedTemporaryFile

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SELF_SIGNED_DAYS = 90


class BadPair(Exception):
    """A pair that must not be put in place; the text says why."""


@dataclass(frozen=True)
class Pair:
    """What is shown to clients: PEM texts, and what the leaf says. Times are in UTC."""

    chain: bytes
    key: bytes
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str


def loaded(chain: bytes, key: bytes) -> Pair:
    """Two PEM texts that fit each other. Raises BadPair."""
    try:
        certificates = x509.load_pem_x509_certificates(chain)
    except ValueError as error:
        raise BadPair("the certificate is no certificate in PEM") from error
    leaf = certificates[0]
    try:
        private = load_pem_private_key(key, password=None)
    except TypeError as error:
        raise BadPair("the key is protected by a password, which nginx does not have") from error
    except ValueError as error:
        raise BadPair("the key is no private key in PEM") from error
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        raise BadPair("the key does not belong to the certificate (the file's first one)")
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise BadPair("the key is neither RSA nor ECDSA, and browsers take no other")
    return Pair(
        # The certificates and nothing else: some files hold the key as well, which all may read.
        b"".join(each.public_bytes(Encoding.PEM) for each in certificates),
        key,
        _issuer(leaf),
        _names(leaf),
        leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
        leaf.fingerprint(hashes.SHA256()).hex(),
    )


def checked(pair: Pair, host: str, now: datetime) -> Pair:
    """The same, when it is good for a host now. Raises BadPair."""
    if not any(_names_it(name, host) for name in pair.names):
        raise BadPair(
            f"the certificate is for {', '.join(pair.names) or 'no host'}, not for {host}"
        )
    if pair.not_before > now:
        raise BadPair(
            f"the certificate begins at {stamp(pair.not_before)}, and this server's clock says "
            f"{stamp(now)}"
        )
    if pair.not_after <= now:
        raise BadPair(f"the certificate expired at {stamp(pair.not_after)}")
    _try_out(pair)
    return pair


def _try_out(pair: Pair) -> None:
    """Have OpenSSL load it as nginx will: a key may be too short for it, a hash too weak."""
    with NamedTemporaryFile() as chain, NamedTemporaryFile() as key:  # made with mode 0600
        for file, text in ((chain, pair.chain), (key, pair.key)):
            file.write(text)
            file.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=2")  # OpenSSL's default, which images may lower
        try:
            context.load_cert_chain(chain.name, key.name)
        except ssl.SSLError as error:
            why = (error.reason or "unknown").replace("_", " ").lower()
            raise BadPair(f"OpenSSL does not take the pair: {why}") from error


def _names_it(name: str, host: str) -> bool:
    """Whether a certificate's name is this host, or a wildcard that holds it."""
    first, _, rest = host.partition(".")
    return name.lower() in (host, f"*.{rest}" if rest and first != "*" else host)


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(found.value.get_values_for_type(x509.DNSName))


def _issuer(leaf: x509.Certificate) -> str:
    kinds = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    found = (attribute for kind in kinds for attribute in leaf.issuer.get_attributes_for_oid(kind))
    return " ".join(str(attribute.value) for attribute in found)


def self_signed(host: str, now: datetime) -> Pair:
    """What nginx can start with, for a host that has no certificate yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fream: self-signed")])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        # A day ago, for clients whose clock is behind.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=SELF_SIGNED_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return loaded(certificate.public_bytes(Encoding.PEM), secret)


def stamp(moment: datetime) -> str:
    """A moment as state.json has it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
