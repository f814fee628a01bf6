"""What commands and checks read beside: command lines, versions, registries, other programs."""

from __future__ import annotations

import re
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fream_compose import http
from fream_compose.cli import lookups, shortcut, words
from fream_compose.docker import engine
from fream_compose.docker.facts import Condition
from fream_compose.doctor import folder as doctor_folder
from fream_compose.doctor import project as doctor_project
from fream_compose.doctor import registry, server_checks
from fream_compose.errors import ConfigurationError
from fream_compose.operations import drift, infra, passwords, removal, versions
from fream_compose.operations.records import named_in_env
from fream_compose.release import SetName
from tests.properties.parsers import Parser
from tests.properties.strategies import ANY_TEXT, DIGITS, LINE, ODD, documents, lines, raw, texts

ZONE = Parser(
    "a container's time zone",
    ("doctor/project.py",),
    "TZ=America, a folder of zones, ended `fream doctor`",
)
REGISTRY = Parser(
    "a registry's tags, and Docker's `config.json`",
    ("operations/versions.py", "doctor/registry.py", "docker/engine.py"),
    "JSON that is nested too deep, logins that are no mapping, and an address range of the "
    "engine's that is none, were unexpected errors",
)
REMARKS = Parser(
    "what nginx and MySQL say",
    (
        "operations/infra.py",
        "operations/drift.py",
        "operations/passwords.py",
        "doctor/server_checks.py",
    ),
    "a version of more than 4,300 digits was an unexpected error",
)
FOLDER = Parser(
    "nginx's files and the examples, for `fream doctor`",
    ("doctor/folder.py",),
    "a name in the manifest that is longer than one of a file ended it",
)
WITNESS = Parser(
    "what `.env` and the age of a container say",
    ("operations/records.py", "operations/removal.py"),
)
WORDS = Parser(
    "words of a command line",
    ("cli/words.py", "cli/lookups.py", "cli/shortcut.py"),
    "`--tail` with more than 4,300 digits, and a place before the first word, ended it",
)
TAGS = {"name": "shop", "tags": ["1.0", "1.1"]}
LOGINS = {"auths": {"registry.example.com": {}}, "credHelpers": {"x": "y"}, "currentContext": "a"}
RANGES = st.lists(lines("127.0.0.0/8", "::1/128", "registry.example.com:5000"), max_size=3)


@ZONE.holds
@given(name=lines("America", "Asia/Seoul", "UTC", "posix", "../zoneinfo/UTC") | ODD, offset=ODD)
@example("America", "+0900")
def test_a_zone_is_known_or_is_not(name: str, offset: str) -> None:
    zone = doctor_project.zone_of(name, offset)

    assert zone is None or (zone.name, zone.offset) == (name, offset)


@REGISTRY.holds
@given(told=documents(TAGS), image=lines("127.0.0.1:5000/shop", "shop", "r.example.com/a/shop"))
@example("[" * 60_000, "127.0.0.1:5000/shop")
def test_tags_are_offered_or_none(told: str, image: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "get", lambda *_: http.Answer(200, told, 0.0))

        assert all(isinstance(tag, str) for tag in versions._offered(image))


@REGISTRY.holds
@given(told=raw(documents(LOGINS)), host=lines("docker.io", "127.0.0.1:5000", "::1"), given=RANGES)
@example(b'{"auths": 5}', "docker.io", [])
@example(b"[" * 100_000, "docker.io", [])
@example(b"", "127.0.0.1:5000", ["no/range"])
def test_a_login_is_known_or_none_and_no_range_ends_it(
    folder: Path, told: bytes, host: str, given: list[str]
) -> None:
    (folder / "config.json").write_bytes(told)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(folder))
        assert registry.logged_in(host, registry._docker_config()) in (True, False)
        assert isinstance(engine._chosen_context(), str)
    assert registry.url_of(host, tuple(given)).endswith("/v2/")
    assert registry.host_of(f"{host}/shop:1.0")


@REMARKS.holds
@given(
    version=lines("nginx version: nginx/1.30.0", f"nginx/{DIGITS}.1.1"),
    refusal=lines("nginx: [emerg] unknown directive in /etc/nginx/http.d/a.conf:12"),
    mysql=texts("ERROR 1045 (28000): Access denied for user 'shop'@'x'", "ok"),
)
@example(f"nginx/{DIGITS}.1.1", "", "")
def test_a_remark_is_understood_or_let_pass(version: str, refusal: str, mysql: str) -> None:
    try:
        infra.reject_old_nginx(version, "nginx")
    except ConfigurationError as error:
        assert "/1." in version or "/0" in version or error.next_step
    assert len(server_checks.number(version)) <= version.count(".") + 1
    assert drift.place(refusal, Path("/srv/nginx")).startswith("nginx/")
    found = passwords._REFUSED.search(mysql)
    assert found is None or found[0].startswith("ERROR 1")


CONF = (
    "location / {",
    "    proxy_pass http://$live_set$is_args;",
    "    include net.inc;",
    "}",
    "# x",
)


@FOLDER.holds
@given(
    conf=raw(texts(*CONF, *CONF)),
    example_=raw(texts("#HTTP_PORT=80", "# MYSQL_PORT=", "IMAGE_NAME=a")),
    env=raw(texts("HTP_PORT=80", "IMAGE_NAME=''", "A=1 # b")),
    told=raw(documents({"version": "1", "app": {}, "files": {"compose/compose.yaml": "0"}})),
)
@example(b"", b"", b"", b'{"version": "1", "app": {}, "files": {"%s": ""}}' % (b"a" * 5_000))
def test_any_files_are_looked_at(
    folder: Path, conf: bytes, example_: bytes, env: bytes, told: bytes
) -> None:
    compose, own = folder / "compose", folder / "nginx" / "site.d"
    for made in (compose, own):
        made.mkdir(parents=True, exist_ok=True)
    (own / "a.conf").write_bytes(conf)
    (compose / ".env.example").write_bytes(example_)
    (compose / ".env").write_bytes(env)
    (compose / ".fream-files.json").write_bytes(told)

    found = doctor_folder.folder_facts(compose, folder / "nginx")

    assert not found.env_error
    assert len(found.outside_net) <= conf.count(b"location")
    assert all(name.isidentifier() for name in (*found.unset, *(n for n, _ in found.misspelt)))


@WITNESS.holds
@given(profiles=lines("infra,set1", "'infra, set2' # a"), version=lines("1.0", "1.0@sha256:0"))
def test_env_names_a_release_or_none(profiles: str, version: str) -> None:
    empty: dict[SetName, Any] = dict.fromkeys(SetName)
    found = named_in_env(profiles, dict.fromkeys(SetName, version), empty, None)

    assert found is None or found.set in profiles


@WITNESS.holds
@given(started=lines("2026-01-01T00:00:00.123456789Z", "0001-01-01T00:00:00Z"))
def test_a_container_has_an_age_or_none(started: str) -> None:
    class Seen:
        conditions = (Condition("running", name="app", started=started),)

    seen: Any = Seen()
    assert isinstance(removal._age(seen, "app"), float)
    assert removal._age(seen, "another") == 0


ROW = {
    "id": "20261123T160411Z-3f9a1c",
    "version": "1.0.0",
    "started": "2026-11-23T16:04:11+00:00",
    "services": {"worker": {}},
    "switch": {"tls": {"hosts": ["shop.example.com"]}},
}
LINE_WORDS = lines("logs", "exec", "switch", "-n", "--since", "10m", "100", "live", "--tail", "--")


@WORDS.holds
@given(typed=st.lists(LINE_WORDS | ANY_TEXT, min_size=1, max_size=6))
def test_what_is_offered_begins_as_the_word_that_is_typed(typed: list[str]) -> None:
    found = words.complete(typed)

    assert found[:1] in ([("/", "")], [(".", "")]) or all(
        word.startswith(typed[-1]) for word, _ in found
    )


@WORDS.holds
@given(line=LINE | st.lists(LINE_WORDS).map(" ".join))
def test_a_line_is_words(line: str) -> None:
    found = words.split(line)

    assert all(found[:-1])
    assert words.split(line + "'") != [] != words.split(line + "\\")


@WORDS.holds
@given(note=documents(ROW), tags=documents(["1.0", "2.0-rc.1"]))
@example("[" * 100_000, '{"1": 2}')
def test_only_plain_names_are_offered_of_a_project(folder: Path, note: str, tags: str) -> None:
    (folder / ".fream").mkdir(exist_ok=True)
    for name, text in (("history.jsonl", note), ("settings.json", note), ("tags.json", tags)):
        (folder / ".fream" / name).write_bytes(text.encode("utf-8", "replace"))
    place = lookups.Place("", str(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookups, "_ask", lambda _: [])
        patch.setattr(lookups, "_YOUNG", inf)
        for look in (lookups.ids, lookups.versions, lookups.services, lookups.hosts):
            for word, means in look(place, ""):
                assert re.fullmatch(r"[A-Za-z0-9_.-]+", word)
                assert means.isprintable()


@WORDS.holds
@given(typed=st.lists(LINE_WORDS | LINE, max_size=5))
@example(["-n", DIGITS])
def test_a_command_line_becomes_dockers_or_is_left_to_typer(typed: list[str]) -> None:
    """No container is found here, so that nothing is become."""
    with pytest.MonkeyPatch.context() as patch:
        asked: list[str] = []
        patch.setattr(shortcut, "_container", lambda name: asked.append(name))
        shortcut._logs(typed)
        shortcut._exec(typed)

    assert set(asked) <= set(shortcut._KNOWN)
