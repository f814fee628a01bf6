"""nginx's own answer and its files: what they say, or nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fream_compose.errors import ProxyError, UsageError
from fream_compose.http import Answer
from fream_compose.nginx import certificates, include, maintenance
from fream_compose.nginx.control import ProxyState, ask
from fream_compose.nginx.maintenance import Maintenance
from fream_compose.operations.maintenance import wanted
from fream_compose.release import LiveRelease, SetName, Version
from tests.fakes.certificates import note, state
from tests.properties.fixtures import in_zone
from tests.properties.parsers import Parser
from tests.properties.strategies import (
    ANY_TEXT,
    DIGITS,
    ODD,
    PLAIN,
    SWITCHES,
    VERSIONS,
    ZONES,
    documents,
    raw,
    texts,
)

CONTROL = Parser(
    "nginx's answer on the control port",
    ("nginx/control.py",),
    "an answer that is nested too deep was an unexpected error; an id that was no text stayed one",
)
CERTIFICATES = Parser("what the keeper of the certificates noted", ("nginx/certificates.py",))
INCLUDE = Parser("the include behind the link `nginx/live`", ("nginx/include.py",))
MAINTENANCE = Parser(
    "the page's and the allow list's maintenance",
    ("nginx/maintenance.py",),
    "a number of more than 4,300 digits in the message, or JSON that is nested too deep, ended "
    "`fream status`",
)
ALLOW = Parser("`--allow` and `--message`", ("operations/maintenance.py",))

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIVE = st.builds(LiveRelease, st.sampled_from(SetName), VERSIONS.map(Version.parse), SWITCHES)
ANSWER = {"set": "set1", "version": "1.0", "switch": "20260101T000000Z-abc"}
OLD_ANSWER = {**ANSWER, "nginx": "1.30", "maintenance": ""}
HEADERS = ("x-nginx", "x-maintenance", "x-maintenance-page", "x-live-set", "x-worker")
HEADER = st.sampled_from(["set1", "set2", "1.30", maintenance.CLOSED + "/page.html"]) | ODD
INC = include.render(LiveRelease(SetName.SET1, Version("1.0"), "20260101T000000Z-abc"))
LISTED = maintenance.render(Maintenance("20260101T000000Z-abc", "Back <soon>", ("10.0.0.0/8",)))


@CONTROL.holds
@given(
    answer=documents(ANSWER) | documents(OLD_ANSWER),
    page=documents({"id": "1", "message": ""}),
    headers=st.dictionaries(st.sampled_from(HEADERS), HEADER),
)
@example("[" * 60_000, "", {})
@example(json.dumps(ANSWER), "[" * 60_000, {"x-nginx": "1", "x-maintenance-page": ".closed/page"})
@example(json.dumps({**OLD_ANSWER, "maintenance": [1]}), "", {})
def test_it_says_what_is_live_or_it_is_nonsense(
    answer: str, page: str, headers: dict[str, str]
) -> None:
    def get(url: str, _timeout: float, _headers: object) -> Answer:
        return Answer(200, page if url.endswith("/maintenance") else answer, 0.0, headers)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fream_compose.http.get", get)
        try:
            state = ask("http://127.0.0.1:1")
        except ProxyError:
            return
    assert state.live is None or isinstance(state.live, LiveRelease)
    others = (each.name for each in fields(ProxyState) if each.name not in ("live", "looks"))
    assert all(isinstance(getattr(state, name), str) for name in others)


@CERTIFICATES.holds
@given(told=documents(json.loads(state(**{"shop.example.com": note(NOW, error="no")}))))
@example(told="[" * 60_000)
def test_it_is_a_note_of_certificates_or_none(told: str) -> None:
    try:
        kept = certificates.read(told)
    except ValueError:
        return
    for host, found in kept.hosts.items():
        assert kept.verdict(host, NOW) is found.verdict(NOW)
        assert isinstance(found.days_left(NOW), int)
        assert json.dumps(asdict(found), default=str)


@INCLUDE.holds
@given(live=st.none() | LIVE)
def test_what_was_put_is_read_back(folder: Path, live: LiveRelease | None) -> None:
    include.put(folder, live)

    assert include.read(folder) == live


@INCLUDE.holds
@given(text=texts(*INC[include.FILE].splitlines()) | ODD)
def test_an_include_names_a_release_or_nothing(text: str) -> None:
    live = include.parse_include(text)

    assert live is None or include.parse_include(include.render(live)[include.FILE]) == live


@INCLUDE.holds
@given(text=raw(texts(*INC[include.FILE].splitlines())))
def test_any_file_in_its_place_is_read_or_names_nothing(folder: Path, text: bytes) -> None:
    include.put(folder, None)
    (folder / include.LINK / include.FILE).write_bytes(text)

    assert include.read(folder) is None or isinstance(include.read(folder), LiveRelease)


NETWORKS = st.ip_addresses().map(str) | st.sampled_from(["10.0.0.0/8", "2001:db8::/32"])


@MAINTENANCE.holds
@given(
    message=PLAIN.filter(str.isprintable),
    allow=st.lists(NETWORKS, max_size=3),
    listed=st.booleans(),
)
def test_what_closes_the_app_is_read_back(
    folder: Path, message: str, allow: list[str], listed: bool
) -> None:
    put = wanted("20260101T000000Z-abc", message, allow if listed else [])
    maintenance.put_page(folder, None)
    maintenance.put_list(folder, None)
    (maintenance.put_list if listed else maintenance.put_page)(folder, put)

    assert maintenance.read(folder) == put


@MAINTENANCE.holds
@given(
    zone=ZONES,
    inc=texts(*LISTED[maintenance.FILE].splitlines()),
    allow=texts(*LISTED[maintenance.ALLOW_FILE].splitlines()),
    told=documents({"id": "20260101T000000Z-abc", "message": "Back soon", "allow": []}),
    page=st.booleans(),
)
@example("UTC", f'set $maintenance "1";\nset $maintenance_message "&#{DIGITS};";', "", "", False)
@example("UTC", "", "", "[" * 100_000, True)
@example("America/Los_Angeles", 'set $maintenance "00010101T000000Z";', "", "", False)
def test_any_file_is_a_maintenance_or_none(
    folder: Path, zone: str, inc: str, allow: str, told: str, page: bool
) -> None:
    (folder / maintenance.CLOSED).mkdir(exist_ok=True)
    (folder / maintenance.PAGE).unlink(missing_ok=True)
    files = {maintenance.FILE: inc, maintenance.ALLOW_FILE: allow}
    files |= {f"{maintenance.CLOSED}/maintenance.json": told}
    files |= {str(maintenance.PAGE): ""} if page else {}
    for name, content in files.items():
        (folder / name).write_bytes(content.encode("utf-8", "surrogatepass"))

    found = maintenance.read(folder)

    assert (found is not None) or not page
    with in_zone(zone):
        assert maintenance.summary(found)
        assert json.dumps(maintenance.to_json(found))


@ALLOW.holds
@given(entry=NETWORKS | st.builds(str.__add__, NETWORKS, ODD) | ODD, message=ODD | ANY_TEXT)
def test_it_is_a_network_and_one_line_or_refused(entry: str, message: str) -> None:
    try:
        made: Any = wanted("1", message, [entry])
    except UsageError:
        return
    assert len(made.message) <= 500
    assert made.message.isprintable()
    assert maintenance.parse(maintenance.render(made)) == made
