"""What Docker prints, of whatever shape: values of ours, or one kind of error."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from math import isfinite
from pathlib import Path
from typing import Any, get_origin

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fream_compose import AGENT
from fream_compose.docker import engine, image_facts, listing
from fream_compose.docker.ends import last_end
from fream_compose.docker.excerpt import Own, excerpt, own_request
from fream_compose.docker.facts import Condition
from fream_compose.docker.project import Project, open_project, project_of
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.project.compose_config import parse
from fream_compose.project.setting_sources import as_json, as_yaml, effective
from fream_compose.project.settings import Settings
from fream_compose.release import SetName
from tests.fakes.stage import compose_config
from tests.properties.fixtures import Docker
from tests.properties.parsers import Parser
from tests.properties.strategies import LINE, ODD, documents, dumps, mutated, raw, texts
from tests.unit.docker.test_calls import FACTS, IMAGE, INFO

_JSON_OF = ("containers", "engine", "facts", "image_facts", "local_images", "neighbours", "reads")
INSPECT = Parser(
    "JSON that Docker prints of containers, images and itself",
    tuple(f"docker/{name}.py" for name in _JSON_OF),
    "JSON of another shape, such as a list for an object, was an unexpected error",
)
LISTS = Parser(
    "lists, ports and processes that Docker prints",
    ("docker/listing.py", "docker/containers.py", "docker/ends.py"),
    "a TAB or a line separator in a folder's or a process's name, and a port that is no number, "
    "were unexpected errors",
)
_CONFIG_OF = (
    "project/compose_config",
    "project/release_services",
    "project/layout",
    "docker/project",
    "project/setting_sources",
)
CONFIG = Parser(
    "what Compose makes of the project",
    tuple(f"{name}.py" for name in _CONFIG_OF),
    "JSON of another shape was an unexpected error; so was a port beyond 65535, or a grace beyond "
    "all numbers",
)
EXCERPT = Parser(
    "an app's log, for an excerpt",
    ("docker/excerpt.py",),
)
CHECKS = Own(frozenset({"/up"}), frozenset({"172.18.0.1"}))
COMBINED = f'172.18.0.1 - - [27/Nov/2026:11:09:35 +0000] "GET /up HTTP/1.1" 200 2 "-" "{AGENT}"'
UVICORN = 'INFO:     172.18.0.1:52314 - "GET /up HTTP/1.1" 200 OK'
STAMP = "2026-11-27T11:09:35.000000001Z "
PORT = {"HostIp": "127.0.0.1", "HostPort": "8081"}
CHECK = {"ExitCode": 1, "Start": "2026-01-01T00:00:01.123456789Z", "Output": "refused"}
THING: dict[str, Any] = {
    **FACTS,
    "State": {**FACTS["State"], "Health": {"Status": "healthy", "Log": [CHECK]}},  # type: ignore[dict-item]
    "Config": {"Image": IMAGE, "Labels": {"com.docker.compose.service": "set1"}},
    "HostConfig": {
        "RestartPolicy": {"Name": "always"},
        "PortBindings": {"8081/tcp": [PORT]},
    },
    "NetworkSettings": {
        "Ports": {"8081/tcp": [PORT], "9/udp": None},
        "Networks": {"shop": {"Aliases": ["set1", "app"]}},
    },
    "Name": "/other",
}
MOUNTS = [{"Type": "bind", "Source": "/a", "Destination": "/b"}, {"Type": "volume"}]
LAYERS = {"layers": [{"size": 12}]}
REGISTRY = {"IndexConfigs": {"docker.io": {"Secure": True}}, "InsecureRegistryCIDRs": ["::1/128"]}
ABOUT = {**INFO, "RegistryConfig": REGISTRY, "HttpProxy": ""}
Ask = Callable[[Project], Any]
ASKED: dict[str, tuple[Ask, Any]] = {
    "condition": (lambda p: p.containers.condition("app"), [THING]),
    "conditions": (lambda p: p.containers.conditions(["a", "b"]), [THING, THING]),
    "health": (lambda p: p.containers.last_health_check("app"), THING["State"]),
    "mounts": (lambda p: p.containers.mounts("app"), MOUNTS),
    "clashes": (lambda p: p.containers.clashes(), [THING]),
    "image": (lambda _: image_facts.facts(IMAGE), [THING]),
    "images": (lambda p: p.images.local_images([IMAGE]), [THING, THING]),
    "bytes": (lambda _: image_facts.bytes_to_pull(IMAGE, IMAGE), LAYERS),
    "engine": (lambda _: engine.engine(), ABOUT),
}
WITH_JSON = ("inspect", "info")
NAMES = LINE.filter(lambda text: not set(text) & set("\t\r")).map("n{}".format)


@pytest.fixture(scope="module")
def config(folder: Path) -> Any:
    return compose_config(folder / "nginx", 18090, health={"path": "/health"})


@pytest.fixture(scope="module")
def project(folder: Path, config: Any) -> Project:
    return project_of(parse(config, folder))


@pytest.fixture(scope="module")
def environment() -> Iterator[None]:
    """A project is opened for good: it takes its variables out of the environment."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def is_typed(value: Any) -> bool:
    """Whether each part of a dataclass is of its type."""
    return all(
        isinstance(getattr(value, each.name), get_origin(each.type) or each.type)  # type: ignore[arg-type]
        for each in fields(value)
    )


@st.composite
def answers(draw: st.DrawFn) -> tuple[str, str]:
    asked = draw(st.sampled_from(sorted(ASKED)))
    return asked, draw(documents(ASKED[asked][1]))


@INSPECT.holds
@given(answer=answers())
@example(("conditions", "{}"))
@example(("condition", "[]"))
@example(("images", '["one"]'))
@example(("engine", "[" * 100_000))
@example(("health", "null"))
def test_json_of_any_shape_is_a_value_or_an_engines_error(
    docker: Docker, project: Project, answer: tuple[str, str]
) -> None:
    asked, told = answer
    lists, text = b"app\tother\telse\n", told.encode("utf-8", "surrogatepass")
    docker.says = lambda words: text if set(words) & set(WITH_JSON) else lists
    try:
        found = ASKED[asked][0](project)
    except EngineError as error:
        assert error.why or asked == "engine"
        assert len(error.why) < 3_000
        return
    assert isinstance(found, int | str | None) or all(
        map(is_typed, found if isinstance(found, tuple) else [found])
    )


@INSPECT.holds
@given(facts=mutated(THING))
def test_what_was_read_can_be_compared(docker: Docker, project: Project, facts: Any) -> None:
    docker.says = lambda _: dumps([facts]).encode()
    try:
        found = project.containers.condition("app")
    except EngineError:
        return
    assert isinstance(found, Condition)
    assert found.crashed in (True, False)
    assert isinstance(hash(found), int)
    assert all(len(port.rsplit(":", 2)) == 3 for port in found.published)


ROWS = (
    "id\tname\tset1\trunning\tUp 2 hours\tnginx:1.30",
    "id\tname\tset1\t/srv\t/srv/a,/srv/b\t/data",
    "name\trunning\tset1\tshop\t/srv/a",
    *("0.0.0.0:8081", "[::]:8081", "PID COMMAND", "12 sh -c true"),
)


@LISTS.holds
@given(printed=raw(texts(*ROWS)))
@example(b"name\trunning\tset1\tshop\t/srv/a\tb/compose.yaml\n")
@example(b"127.0.0.1:none")
@example("PID COMMAND\n1 a\u2028b".encode())
@example(b"PID COMMAND\n1 sh\nno number")
def test_any_list_is_rows_or_an_engines_error(
    docker: Docker, project: Project, printed: bytes
) -> None:
    docker.says = lambda _: printed
    rows = len(printed.splitlines()) + 1
    for ask in (
        project.containers.all,
        project.containers.origins,
        lambda: listing.placed_in(Path("/srv")),
        lambda: project.containers.processes("app"),
    ):
        try:
            assert len(ask()) <= rows
        except EngineError as error:
            assert error.next_step
    assert isinstance(listing.published("app", 8081), int)
    assert all(isinstance(line, str) for line in project.containers.logs("app", 5))


@LISTS.holds
@given(rows=st.lists(st.lists(NAMES, min_size=6, max_size=6), max_size=4))
def test_what_is_listed_is_read_as_it_is(
    docker: Docker, project: Project, rows: list[list[str]]
) -> None:
    docker.says = lambda _: "".join("\t".join(row) + "\n" for row in rows).encode()

    found = project.containers.all()

    assert [[c.id, c.name, c.service, c.state, c.status, c.image] for c in found] == rows


@LISTS.holds
@given(names=st.dictionaries(st.integers(1, 4_000_000), NAMES, max_size=4))
def test_a_process_keeps_its_name(docker: Docker, project: Project, names: dict[int, str]) -> None:
    printed = "".join(f"{pid} {name}\n" for pid, name in names.items())
    docker.says = lambda _: f"PID COMMAND\n{printed}".encode()

    assert project.containers.processes("app") == names


@pytest.mark.usefixtures("environment")
@CONFIG.holds
@given(data=st.data())
def test_it_is_settings_or_says_what_is_wrong(
    docker: Docker, folder: Path, config: Any, data: st.DataObject
) -> None:
    (folder / ".env").write_text("IMAGE_NAME=shop\n")
    told = data.draw(documents(config))
    docker.says = lambda _: told.encode("utf-8", "surrogatepass")
    try:
        settings = open_project(folder).settings
    except (ConfigurationError, EngineError) as error:
        assert error.what
        assert error.next_step
        return
    assert isinstance(settings, Settings)
    sets = settings.sets.values()
    ports = [address.port for each in settings.addresses.values() for address in each]
    assert all(0 <= port <= 65_535 for port in [*ports, *(each.port for each in sets)])
    assert all(isfinite(each.stop_seconds) for each in sets)
    assert settings.set_of("set1") in (SetName.SET1, None)


@CONFIG.holds
@given(data=st.data())
def test_settings_are_shown_or_cannot_be(folder: Path, config: Any, data: st.DataObject) -> None:
    settings = parse(config, folder)
    try:
        tree = effective(settings, data.draw(mutated(config)), lambda _: ".env")
    except ConfigurationError as error:
        assert error.next_step
        return
    assert "\n".join(as_yaml(tree)).encode()
    assert as_json(tree)["project"]


@EXCERPT.holds
@given(words=LINE | ODD, access=st.sampled_from([COMBINED, UVICORN]), before=st.booleans())
@example(words="ValueError", access=COMBINED, before=False)
@example(words="ERROR", access=UVICORN, before=True)
def test_a_line_that_says_anything_beside_a_check_is_never_left_out(
    words: str, access: str, before: bool
) -> None:
    line = f"{words} {access}" if before else f"{access} {words}"
    # What else an access log may have is moments, sizes and addresses, and the phrase of a status.
    told = re.sub(
        r"[\w.]*access[\w.]*|[A-Z][A-Za-z-]*|ms|[a-z_]+=|[a-f0-9.:, /+\"-]|s", "", words
    ).strip()
    if told:
        assert not own_request(line, CHECKS)


@EXCERPT.holds
@given(
    lines=st.lists(st.tuples(st.sampled_from(["", STAMP]), LINE | st.just(COMBINED)), max_size=9),
    count=st.integers(1, 9),
)
def test_every_line_but_those_of_checks_is_in_the_excerpt(
    lines: list[tuple[str, str]], count: int
) -> None:
    shown = excerpt([at + text for at, text in lines], CHECKS, count)

    kept = [text for _, text in lines if not own_request(text, CHECKS)]
    assert len(shown) <= count
    assert bool(shown) == bool(kept)
    assert not any(COMBINED in line for line in shown)
    if len(kept) == len(set(kept)) <= count:
        assert len(shown) == len(kept)


@LISTS.holds
@given(printed=raw(texts("die 137\noom \n", "oom \ndie 137\n", "die 0\ndie 3\n")))
def test_events_name_an_end_or_none(docker: Docker, printed: bytes) -> None:
    docker.says = lambda _: printed
    end = last_end("app")
    assert end is None or [type(part) for part in end] == [int, bool]
