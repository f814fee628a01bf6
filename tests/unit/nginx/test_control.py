"""nginx's own answer: what the link names, and where a request is routed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fream_compose.errors import ProxyError
from fream_compose.nginx.control import Control, ask
from fream_compose.release import SetName
from tests.fakes.server import HttpServer, Reply

NAMED = {"set": "set1", "version": "1.0", "switch": "20260101T000000Z-abcdef"}


def asked(routed: list[str], named: dict[str, str] = NAMED) -> object:
    """What is live by an nginx that answers so; the last one for ever."""
    left = list(routed)

    def reply(_: str) -> Reply:
        where = left.pop(0) if len(left) > 1 else left[0]
        # nginx leaves a header out that is empty.
        routed = {"X-Live-Set": where} if where else {}
        return 200, {**routed, "X-Nginx": "1.30.6"}, json.dumps(named)

    server = HttpServer(0, reply)
    try:
        return ask(f"http://127.0.0.1:{server.port}").live
    finally:
        server.close()


def test_what_is_named_and_routed_to_is_live() -> None:
    live = asked(["set1"])

    assert str(getattr(live, "set", "")) == SetName.SET1


def test_a_cut_over_between_the_two_looks_is_asked_about_again() -> None:
    assert asked(["set2", "set1"])


@pytest.mark.parametrize("where", ["set2", ""])
def test_where_a_request_goes_elsewhere_nothing_is_known_to_be_live(where: str) -> None:
    assert asked([where]) is None


@pytest.mark.parametrize("named", [{"set": "set9"}, NAMED | {"switch": "x y"}])
def test_nonsense_is_no_answer(named: dict[str, str]) -> None:
    with pytest.raises(ProxyError, match="does not say what is live"):
        asked(["set1"], named)


@pytest.mark.parametrize(("status", "busy"), [(503, True), (204, False), (403, None)])
def test_only_nginxs_own_word_says_whether_a_request_is_in_flight(
    tmp_path: Path, status: int, busy: bool | None
) -> None:
    server = HttpServer(0, lambda _path: (status, {}, ""))
    container: Any = SimpleNamespace(control_port=lambda: server.port)
    control = Control(container, "nginx", tmp_path, time.monotonic)
    try:
        if busy is None:
            with pytest.raises(ProxyError, match="whether set1 is busy"):
                control.busy(SetName.SET1)
        else:
            assert control.busy(SetName.SET1) is busy
    finally:
        server.close()
