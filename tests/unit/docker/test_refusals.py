"""Each reason for which an image cannot be had has words of its own, and a next step."""

from __future__ import annotations

import pytest

from fream_compose.docker.refusals import explain
from fream_compose.errors import EngineError

HOST = "registry.example.com:5000"
IMAGE = f"{HOST}/shop/web:2.0"
DAEMON = "Error response from daemon: "


@pytest.mark.parametrize("tag", ["429", "401", "503", "2.0-401"])
@pytest.mark.parametrize("name", ["shop", "shop-401"])
def test_a_version_that_looks_like_an_answer_is_none(name: str, tag: str) -> None:
    image = f"{HOST}/{name}:{tag}"
    unknown = f"{DAEMON}manifest for {image} not found: manifest unknown"

    assert "has no such image" in str(told(unknown, image))
    asked = f'{DAEMON}Head "http://{HOST}/v2/{name}/manifests/{tag}": '
    assert "is down" in str(told(f"{asked}connection refused", image))
    assert "wants a login" in str(told(f"{asked}unexpected status: 401", image))


def told(why: str, image: str = IMAGE, released: tuple[str, ...] = ()) -> EngineError:
    return explain(EngineError(f"{image} could not be pulled", why), image, released)


@pytest.mark.parametrize(
    ("said", "short"),
    [
        # As engines of several versions say it, with and without containerd's store.
        (f"{DAEMON}manifest for {IMAGE} not found: manifest unknown: manifest unknown", "has no"),
        (f"no such manifest: {IMAGE}", "has no such image"),
        (f'failed to resolve reference "{IMAGE}": {IMAGE}: not found', "has no such image"),
        (
            f'{DAEMON}Head "http://{HOST}/v2/web/manifests/2.0": no basic auth credentials',
            "wants a login",
        ),
        (
            f'{DAEMON}Head "https://{HOST}/v2/web/manifests/2.0": unauthorized: authentication '
            "required",
            "wants a login",
        ),
        (f"{DAEMON}denied: requested access to the resource is denied", "wants a login"),
        (
            f"{DAEMON}pull access denied for web, repository does not exist or may require "
            "'docker login': denied: requested access to the resource is denied",
            "has no such image, or wants a login for it",
        ),
        (
            f'{DAEMON}Get "http://{HOST}/v2/": dial tcp 127.0.0.1:5000: connect: connection '
            "refused",
            "is down",
        ),
        (
            f'failed to configure transport: error pinging v2 registry: Get "https://{HOST}/v2/": '
            "dial tcp: lookup registry.example.com on 127.0.0.53:53: no such host",
            "is not known",
        ),
        (
            f'{DAEMON}Get "https://{HOST}/v2/": dial tcp: lookup registry.example.com: Temporary '
            "failure in name resolution",
            "is not known",
        ),
        (
            f'{DAEMON}Get "https://{HOST}/v2/": http: server gave HTTP response to HTTPS client',
            "speaks HTTP, and Docker asks it by HTTPS",
        ),
        (
            f'{DAEMON}Get "https://{HOST}/v2/": tls: failed to verify certificate: x509: '
            "certificate signed by unknown authority",
            "does not trust the certificate of",
        ),
        (f'{DAEMON}Get "https://{HOST}/v2/": net/http: TLS handshake timeout', "does not answer"),
        (
            f'{DAEMON}Get "https://{HOST}/v2/": context deadline exceeded (Client.Timeout '
            "exceeded while awaiting headers)",
            "does not answer",
        ),
        (f'{DAEMON}Get "https://{HOST}/v2/": dial tcp 192.0.2.1:443: i/o timeout', "not answer"),
        (
            f'{DAEMON}Get "https://{HOST}/v2/": proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: '
            "connection refused",
            "the proxy before",
        ),
        (
            "toomanyrequests: You have reached your unauthenticated pull rate limit.",
            "gives this server no more for now",
        ),
        (f"{DAEMON}received unexpected HTTP status: 503 Service Unavailable", "fails"),
        ("failed to register layer: write /usr/lib/x: no space left on device", "no room on"),
    ],
)
def test_each_reason_is_told_in_plain_words(said: str, short: str) -> None:
    error = told(said)

    assert error.what.startswith(f"{IMAGE} could not be pulled: ")
    assert short in error.what
    assert error.next_step
    assert "Error response" not in error.why


def test_a_missing_image_is_told_with_the_tags_that_were_released_here() -> None:
    released = ("1.0", "1.1", "1.2", "1.1", "1.3", "1.4", "1.5")

    error = told("manifest unknown", released=released)

    assert error.why.splitlines() == [
        "The registry answers, and does not have the tag 2.0 of shop/web",
        "Released here, the newest first: 1.5, 1.4, 1.3, 1.1, 1.2",
    ]
    assert error.next_step == f"docker push {IMAGE}, or name a version that is there"


def test_before_the_first_release_no_tag_is_named() -> None:
    assert "Released" not in told("manifest unknown").why


def test_a_registry_that_wants_a_login_is_named_with_the_command() -> None:
    assert told("no basic auth credentials").next_step == (
        f"docker login {HOST}, then the same again"
    )
    hub = told("unauthorized: incorrect username or password", "kim/shop:2.0")
    assert hub.what == "kim/shop:2.0 could not be pulled: Docker Hub wants a login"
    assert hub.next_step == "docker login, then the same again"


def test_what_docker_says_stands_below_our_words() -> None:
    lookup = "dial tcp: lookup registry.example.com: no such host"

    assert told(f"Pulling\n{DAEMON}{lookup}\n").why.splitlines()[-1] == f"Docker says: {lookup}"


def test_a_content_without_a_tag_is_called_so() -> None:
    image = f"{HOST}/web@sha256:{'a' * 64}"

    assert "does not have that content of web" in told("manifest unknown", image).why


def test_what_nobody_knows_stays_as_docker_says_it() -> None:
    error = told("something new")

    assert (error.what, error.why) == (f"{IMAGE} could not be pulled", "something new")
    assert error.next_step == f"docker pull {IMAGE} says the same, and maybe more"
