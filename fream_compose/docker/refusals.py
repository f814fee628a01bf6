"""Why an image cannot be had, in an operator's words, by what the engine says of it. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fream_compose.errors import EngineError
from fream_compose.image_reference import ImageReference

_HUB = "Docker Hub"
_SHOWN = 5  # releases, the newest first


@dataclass(frozen=True)
class _Refusal:
    """said: by which the engine's text is known. short, why, next_step: for people."""

    said: re.Pattern[str]
    short: str
    why: str
    next_step: str


def _when(said: str, short: str, why: str, next_step: str) -> _Refusal:
    return _Refusal(re.compile(said, re.IGNORECASE), short, why, next_step)


_NOT_THERE = _when(
    r"manifest unknown|manifest for .* not found|no such manifest|no such image|name unknown"
    r"|repository .* not found|: not found$",
    "{host} has no such image",
    "The registry answers, and does not have {asked} of {repository}",
    "docker push {reference}, or name a version that is there",
)
# What comes first decides: an answer may say several of these.
_REFUSALS = (
    _when(
        r"no space left on device",
        "there is no room on the disk",
        "Docker's disk is full",
        "fream prune; docker system df",
    ),
    _when(
        r"proxyconnect",
        "the proxy before {host} does not answer",
        "Docker asks registries through a proxy",
        "docker info names it (HTTP Proxy); correct it, and restart Docker",
    ),
    _when(
        r"toomanyrequests|rate limit|\b429\b",
        "{host} gives this server no more for now",
        "Its limit for pulls is used up",
        "{login}, which raises the limit, or wait",
    ),
    _when(
        r"pull access denied",
        "{host} has no such image, or wants a login for it",
        "It does not say which of the two",
        "Correct the image's name in .env, or: {login}",
    ),
    _when(
        r"no basic auth credentials|authentication required|authorization (failed|required)"
        r"|\bunauthorized\b|\b401\b|access .*denied|\bdenied:|insufficient_scope|\b403\b",
        "{host} wants a login",
        "This user is not logged in there, or may not pull {repository}",
        "{login}, then the same again",
    ),
    _when(
        r"no such host|server misbehaving|name resolution|no servers could be reached",
        "{host} is not known",
        "No DNS server that this server asks has an address for it",
        "Correct the registry's name in .env, or this server's DNS",
    ),
    _when(
        r"server gave HTTP response to HTTPS client",
        "{host} speaks HTTP, and Docker asks it by HTTPS",
        "Docker takes plain HTTP from registries that it is told of only",
        'Name it under "insecure-registries" in /etc/docker/daemon.json, and restart Docker',
    ),
    _when(
        r"x509:|tls: |certificate",
        "Docker does not trust the certificate of {host}",
        "It is not signed by an authority that this server knows, or not made for this name",
        "Put its authority's certificate into /etc/docker/certs.d/{host}/ca.crt",
    ),
    _when(
        r"connection refused",
        "{host} is down",
        "Connection refused: nothing listens there",
        "Start the registry, or correct its name in .env",
    ),
    _when(
        r"timeout|timed out|deadline exceeded|no route to host|network is unreachable"
        r"|connection reset|\bEOF\b",
        "{host} does not answer",
        "It cannot be reached from this server, or is too slow",
        "Is it up, and does the firewall let this server through to {host}?",
    ),
    _when(
        r"unexpected HTTP status|received unexpected|\b50[0-9]\b|internal server error",
        "{host} fails",
        "The registry answers with an error of its own",
        "Look at the registry's log, then try again",
    ),
    _NOT_THERE,
)


def explain(error: EngineError, reference: str, released: Iterable[str] = ()) -> EngineError:
    """An error in an operator's words, where its reason is known; else as it is, and next.

    reference: the image's name. released: the tags that were released here, the newest last.
    """
    parsed = ImageReference.parse(reference)
    said = _without(error.why, parsed)
    found = next((each for each in _REFUSALS if each.said.search(said)), None)
    host = parsed.registry or _HUB
    if not found:
        next_step = error.next_step or f"docker pull {reference} says the same, and maybe more"
        return EngineError(error.what, error.why, next_step=next_step)
    words = {
        "host": host,
        "reference": reference,
        "repository": parsed.repository,
        "asked": f"the tag {parsed.tag}" if parsed.tag else "that content",
        "login": "docker login" if host == _HUB else f"docker login {host}",
    }
    why = found.why.format(**words)
    if found is _NOT_THERE:
        tags = list(dict.fromkeys(reversed([*released])))
        why += f"\nReleased here, the newest first: {', '.join(tags[:_SHOWN])}" if tags else ""
    else:
        why += f"\nDocker says: {_said(error.why)}"
    short, next_step = found.short.format(**words), found.next_step.format(**words)
    return EngineError(f"{error.what}: {short}", why, next_step=next_step)


def _without(text: str, asked: ImageReference) -> str:
    """What Docker printed without the image's name: a version 429 is no answer of a registry."""
    tag = rf"[:/]{re.escape(asked.tag)}(?![\w.-])" if asked.tag else "(?!)"
    return re.sub(tag, "", text.replace(asked.repository, ""))


def _said(text: str) -> str:
    """The last line of what Docker printed, without its own headings."""
    lines = [line for line in text.splitlines() if line.strip()]
    return re.sub(r"^(unknown: )?Error( response from daemon)?: ", "", lines[-1]) if lines else ""
