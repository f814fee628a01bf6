"""The commented lines of protection.conf do what they say once the # is gone."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.stories.project import Project

HEADERS = (
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Content-Security-Policy",
    "Strict-Transport-Security",
)
FILES = ("http.d/protection.conf", "site.d/protection.conf")


@pytest.fixture
def protected(released: Project) -> Iterator[Project]:
    """A project whose operator took away every # that stands before a directive."""
    paths = [released.folder / "nginx" / name for name in FILES]
    before = {path: path.read_text(encoding="utf-8") for path in paths}
    for path, text in before.items():
        assert all(line.startswith("#") for line in text.splitlines() if line), path
        path.write_text(re.sub(r"^#(?=\S)", "", text, flags=re.M), encoding="utf-8")
    try:
        released.succeed("reload")
        yield released
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")
        released.succeed("maintenance", "off")
        released.succeed("reload")


def has_all_headers(answer: requests.Response) -> bool:
    """Whether each of them is there, and once."""
    return all("," not in answer.headers.get(name, ",") for name in HEADERS)


def test_who_asks_too_often_or_too_much_at_once_gets_429_and_the_headers(
    protected: Project,
) -> None:
    with ThreadPoolExecutor(100) as pool:
        quick = list(pool.map(lambda _: protected.get("/version"), range(300)))
        counts = Counter(answer.status_code for answer in quick)
        assert set(counts) == {200, 429}, counts
        assert counts[200] >= 40
        assert all(has_all_headers(answer) for answer in quick)


def test_every_page_has_the_headers(protected: Project) -> None:
    missing = protected.get("/nowhere")
    protected.succeed("maintenance", "on")
    closed = protected.get("/products")

    assert (missing.status_code, closed.status_code) == (404, 503)
    assert closed.headers["Retry-After"] == "60"
    assert closed.headers["Cache-Control"] == "no-store"
    assert has_all_headers(missing)
    assert has_all_headers(closed)
    with socket.create_connection(("127.0.0.1", protected.http_port), 10) as garbage:
        garbage.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = garbage.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 400 ")
    assert all(name in answer for name in HEADERS)


def test_connections_beyond_the_limit_get_429(protected: Project) -> None:
    site = protected.folder / "nginx/site.d/protection.conf"
    text = site.read_text(encoding="utf-8")
    site.write_text(re.sub(r"(?m)^limit_req.*\n", "", text), encoding="utf-8")
    protected.succeed("reload")

    with ThreadPoolExecutor(80) as pool:
        answers = list(pool.map(lambda _: protected.get("/slow", seconds="2"), range(80)))

    counts = Counter(answer.status_code for answer in answers)
    assert set(counts) == {200, 429}, counts
    assert counts[200] >= 50
    assert all(has_all_headers(answer) for answer in answers)


def test_a_release_goes_on_under_limits_and_its_checks_are_not_limited(
    protected: Project,
) -> None:
    released = protected.live_set
    protected.succeed("switch", "--version", protected.version())
    assert protected.live_set != released
