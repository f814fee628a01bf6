"""HTTPS: for which hosts, and where their certificates come from: what `x-fream.tls` says."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, ValidationInfo, field_validator, model_validator

from fream_compose.project.values import Model, whole
from fream_compose.text import given

HTTP = "http"
_LONGEST = 200  # characters of a name: the folder of its pair says more than the name
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
# The last label is no number: browsers take such a name for an address.
_NAME = re.compile(rf"(?!.*(^|\.)[0-9]+$)(\*\.)?{_LABEL}(\.{_LABEL})*")
_MAIL = re.compile(r"[A-Za-z0-9.!#%&*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_TWO_YEARS = 63_072_000


def _hosts(value: object) -> tuple[str, ...]:
    """Names as certificates have them, each once."""
    listed = [str(v) for v in value] if isinstance(value, list | tuple) else str(value).split(",")
    return tuple(dict.fromkeys(_host(host.strip()) for host in listed if host.strip()))


def _host(text: str) -> str:
    if len(text.split()) > 1:
        raise ValueError(f"{given(text)} has a space in it: write a comma between two hosts")
    name = _ascii(text.removesuffix(".")).lower()
    if _is_address(name.strip("[]")):
        raise ValueError(f"{given(text)} is an address: a certificate is for a name")
    if "_" in name:
        raise ValueError(f"{given(text)} has an underscore, which no certificate may have")
    if ":" in name or "/" in name:
        raise ValueError(f"{given(text)} is more than a name: write the host alone")
    if len(name) > _LONGEST:
        raise ValueError(f"{given(text)} is longer than {_LONGEST} characters")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{given(text)} is not the name of a host, such as shop.example.com")
    return name


def _ascii(text: str) -> str:
    """A name in letters of other languages, as DNS has it."""
    if text.isascii():
        return text
    import idna  # most names need it not

    head, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    try:
        return head + idna.encode(name, uts46=True).decode()
    except UnicodeError:
        return text  # which is no name then


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _email(value: object) -> str:
    text = str(value).strip()
    if text and not _MAIL.fullmatch(text):
        raise ValueError(f"{given(value)} is not an e-mail address")
    return text


def _server(value: object) -> str:
    text = str(value).strip()
    if text and not re.fullmatch(r"https://[A-Za-z0-9.:\[\]-]+(/[!#-&(-~]*)?", text):
        raise ValueError(f"{given(value)} is not the https:// address of an ACME directory")
    return text


def _challenge(value: object) -> str:
    text = str(value)
    if text != HTTP and not re.fullmatch(r"dns-[a-z0-9-]{1,40}", text):
        raise ValueError(f"{given(value)} is neither http nor a plugin's name, such as dns-ovh")
    return text


def _file(value: object) -> Path | None:
    if value in ("", None):
        return None
    text = str(value)
    if not isinstance(value, str | Path) or not text.isprintable() or not text.strip():
        raise ValueError(f"{given(value)} is not the path of a file")
    return Path(text)


def _switched(value: object) -> bool:
    words = {"on": True, "true": True, "off": False, "false": False}
    if (text := str(value).lower()) not in words:
        raise ValueError(f"{given(value)} is neither on nor off")
    return words[text]


class Tls(Model):
    """Names with HTTPS; none without hosts.

    hosts: each has a certificate of its own. email: for the ACME account; may be empty.
    redirect: whether port 80 sends these hosts' users to HTTPS. hsts: seconds for which
    browsers come by HTTPS only; 0 does not say so. challenge: how it is proven that a name
    is ours: http, or the plugin of the ACME client that changes DNS. server: an ACME
    directory; empty for the client's own default. certificate, key: files in PEM on this
    server, for all hosts, in the place of ACME.
    """

    certificate: Annotated[Path | None, BeforeValidator(_file)] = None
    key: Annotated[Path | None, BeforeValidator(_file)] = None
    challenge: Annotated[str, BeforeValidator(_challenge)] = HTTP
    server: Annotated[str, BeforeValidator(_server)] = ""
    hosts: Annotated[tuple[str, ...], BeforeValidator(_hosts)] = ()
    email: Annotated[str, BeforeValidator(_email)] = ""
    redirect: Annotated[bool, BeforeValidator(_switched)] = True
    hsts: Annotated[int, whole(0, _TWO_YEARS)] = 0

    @field_validator("hosts")
    @classmethod
    def _certifiable(cls, hosts: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        told = info.data
        if told.get("certificate"):
            return hosts
        for host in hosts:
            if host.startswith("*.") and told.get("challenge") == HTTP:
                raise ValueError(
                    f"{given(host)} is a wildcard, which is proven by DNS only: set "
                    "TLS_CHALLENGE to a plugin of the ACME client, such as dns-ovh"
                )
            if "." not in host and not told.get("server"):
                raise ValueError(
                    f"{given(host)} is no public name: set ACME_SERVER to a server of your own, "
                    "or TLS_CERTIFICATE and TLS_KEY"
                )
        return hosts

    @model_validator(mode="after")
    def _both_files(self) -> "Tls":
        if bool(self.certificate) != bool(self.key):
            missing = "TLS_KEY" if self.certificate else "TLS_CERTIFICATE"
            raise ValueError(f"a certificate of your own is two files: {missing} is not set")
        return self

    @property
    def source(self) -> Literal["acme", "own"]:
        """Where the certificates come from."""
        return "own" if self.certificate else "acme"
