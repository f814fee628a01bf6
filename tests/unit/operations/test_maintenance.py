"""Maintenance: what nginx is told, that it is undone when refused, and the command line."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest

from fream_compose import times
from fream_compose.errors import ConfigurationError, UsageError
from fream_compose.nginx import maintenance
from fream_compose.nginx.maintenance import parse, render
from fream_compose.operations import infra
from fream_compose.operations.maintenance import DEFAULT_MESSAGE, wanted
from tests.fakes import Stage
from tests.fakes.commands import Fream

ID = "20261123T163000Z-3f9a1c"


@pytest.fixture
def fream(fream: Fream) -> Fream:
    """Runs `fream maintenance` in a project whose containers are fakes."""
    return partial(fream, "maintenance")


def files(stage: Stage) -> dict[str, str]:
    """The files of a maintenance that are there."""
    folder = stage.settings.nginx_directory
    found = [*folder.glob("maintenance*.inc"), *folder.glob(".closed/page.html")]
    return {path.name: path.read_text(encoding="utf-8") for path in found}


@pytest.mark.parametrize(
    "message",
    [
        "Back at five",
        '"; return 200 x; #',
        "$host ${host} \\",
        "<script>alert('1')</script> &amp; &#36;",
        "{ } ; 곧 돌아옵니다 🛠",
        "x" * 500,
    ],
)
def test_no_message_means_anything_to_nginx_or_html(message: str) -> None:
    asked = wanted(ID, message, [])
    line = render(asked)[maintenance.FILE].splitlines()[2]

    inside = re.fullmatch(r'set \$maintenance_message "(.*)";', line)
    assert inside
    assert not set(inside[1]) & set("\"'\\$<>")
    assert parse(render(asked)) == asked
    assert len(line.encode()) < 4096


@pytest.mark.parametrize("message", ["two\nlines", "a\0b", "\x1b[31m", "x" * 501])
def test_a_message_that_is_no_line_of_text_is_wrong_usage(message: str) -> None:
    with pytest.raises(UsageError):
        wanted(ID, message, [])


def test_without_a_message_users_read_the_usual_one() -> None:
    assert wanted(ID, " ", []).message == DEFAULT_MESSAGE


def test_addresses_become_networks_and_each_is_told_once() -> None:
    asked = wanted(ID, "", ["192.0.2.7", "192.0.2.7/32", "10.0.0.0/8", "2001:DB8::/32", "::1"])

    assert asked.allow == ("192.0.2.7/32", "10.0.0.0/8", "2001:db8::/32", "::1/128")
    assert parse(render(asked)) == asked


@pytest.mark.parametrize(
    "network", ["10.0.0.1/8", "300.1.1.1", "10.0.0.0/33", "host", "", "fe80::1%eth0", "1; } deny"]
)
def test_what_is_no_network_is_wrong_usage(network: str) -> None:
    with pytest.raises(UsageError) as caught:
        wanted(ID, "", [network])
    assert repr(network) in caught.value.what


def test_on_closes_and_off_opens_and_both_say_so(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = times.now()
    monkeypatch.setattr(times, "now", lambda: at)
    assert "Maintenance is off" in fream().stdout

    on = fream("on", "--message", "Back at five", "--allow", "192.0.2.0/24")
    assert on.exit_code == 0
    assert "Close the app: confirmed by nginx" in on.stdout
    assert '"Back at five"; 192.0.2.0/24 may pass' in on.stdout
    assert stage.proxy.state().maintenance

    assert fream("status").stdout.splitlines()[-1] == on.stdout.splitlines()[-1]
    assert fream("off").exit_code == 0
    assert stage.proxy.state().maintenance == ""
    assert files(stage) == {}


def test_the_same_command_twice_changes_nothing(stage: Stage, fream: Fream) -> None:
    fream("on")
    before, workers = files(stage), stage.proxy.workers()

    again = json.loads(fream("on", "--output", "json").stdout)["result"]

    assert (again["on"], again["changed"]) == (True, False)
    assert (files(stage), stage.proxy.workers()) == (before, workers)
    fream("off")
    assert not json.loads(fream("off", "--output", "json").stdout)["result"]["changed"]


def test_on_again_with_another_message_replaces_it(stage: Stage, fream: Fream) -> None:
    fream("on", "--message", "first", "--allow", "192.0.2.1")

    result = json.loads(fream("on", "-m", "second", "--output", "json").stdout)["result"]

    assert (result["message"], result["allow"], result["changed"]) == ("second", [], True)
    assert stage.proxy.state().maintenance == result["id"]


def test_it_is_closed_all_the_while_that_an_allow_list_is_forgotten(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    fream("on", "--allow", "192.0.2.1")
    closed_at_the_reload: list[bool] = []
    hup = stage.nginx.hup

    def look() -> None:
        closed_at_the_reload.append((stage.settings.nginx_directory / maintenance.PAGE).exists())
        hup()

    monkeypatch.setattr(stage.nginx, "hup", look)
    fream("on")
    fream("on", "--allow", "192.0.2.1")
    fream("off")

    assert closed_at_the_reload == [True, True, False]
    assert not stage.proxy.state().maintenance


def test_a_switch_leaves_it_on(stage: Stage, fream: Fream) -> None:
    fream("on")
    before = files(stage)

    stage.switch("1.0.1")

    assert stage.serves() == "1.0.1"
    assert files(stage) == before
    assert stage.proxy.state().maintenance


def test_a_configuration_that_nginx_refuses_is_7_and_nothing_is_written(
    stage: Stage, fream: Fream
) -> None:
    (stage.settings.nginx_directory / "site.d" / "limits.conf").write_text("broken;\n")

    result = fream("on", "--allow", "192.0.2.1")

    assert result.exit_code == 7
    assert "site.d/limits.conf:1" in result.stderr
    assert files(stage) == {}


@pytest.mark.parametrize("already", [False, True])
def test_a_reload_that_nginx_refuses_is_7_and_the_files_are_as_before(
    stage: Stage, fream: Fream, already: bool
) -> None:
    if already:
        fream("on", "--message", "first")
    before = files(stage)
    stage.nginx.refuses_reloads = True

    result = fream("on", "--message", "second", "--allow", "192.0.2.1")

    assert result.exit_code == 7
    assert "Put the nginx configuration back as it was" in result.stdout
    assert files(stage) == before


def test_files_that_nginx_has_not_read_are_told_and_can_be_put_right(
    stage: Stage, fream: Fream
) -> None:
    for name, text in render(wanted(ID, "", [])).items():
        (stage.settings.nginx_directory / name).write_text(text, encoding="utf-8")

    assert fream().exit_code == 7
    assert fream("on").exit_code == 0
    assert stage.proxy.state().maintenance != ""
    assert fream("off").exit_code == 0


def test_it_returns_when_nobody_is_inside(stage: Stage, fream: Fream) -> None:
    stage.switch("1.0.0")
    stage.nginx.give("set1", 0.5)

    assert "Wait for the requests in flight" in fream("on").stdout

    assert not stage.nginx.is_busy("set1")


def test_what_holds_out_until_the_deadline_is_told(stage: Stage, fream: Fream) -> None:
    stage.switch("1.0.0")
    stage.nginx.give("set1", 60)

    assert "Some requests are still in flight" in fream("on").stdout


def test_an_nginx_with_older_files_is_refused_with_what_to_type(stage: Stage, fream: Fream) -> None:
    stage.nginx.old_files = True

    result = fream("on")

    assert result.exit_code == 3
    assert "fream init --upgrade, then: fream reload" in result.stderr
    assert files(stage) == {}


def test_nginx_that_does_not_run_is_7_and_nothing_is_written(stage: Stage, fream: Fream) -> None:
    stage.nginx.stop()

    assert fream("on").exit_code == 7
    assert files(stage) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("maybe",),
        ("off", "--message", "x"),
        ("--allow", "::1"),
        ("on", "--allow", "office"),
        ("on", "--message", "two\nlines"),
    ],
)
def test_wrong_usage_is_2_and_changes_nothing(
    stage: Stage, fream: Fream, arguments: tuple[str, ...]
) -> None:
    assert fream(*arguments).exit_code == 2
    assert files(stage) == {}


@pytest.mark.parametrize(
    "told", ["nginx version: nginx/1.22.1\r\n", "nginx version: nginx/1.27.3", "openresty/1.25.3.2"]
)
def test_an_nginx_that_is_too_old_is_3_and_told_why(told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        infra.reject_old_nginx(told, "nginx:old")
    assert "nginx:old is too old: nginx 1.2" in caught.value.what
    assert "keepalive_min_timeout" in caught.value.why
    assert "NGINX_IMAGE" in caught.value.next_step


@pytest.mark.parametrize("told", ["nginx/1.27.4", "nginx version: nginx/1.30.0 (x)", "2.0", ""])
def test_an_nginx_that_is_new_enough_or_unknown_is_let_pass(told: str) -> None:
    infra.reject_old_nginx(told, "nginx")


def test_an_old_nginx_is_found_before_anything_is_started(stage: Stage) -> None:
    stage.nginx.version = "1.26.3"
    stage.project.fail("up mysql nginx", "nothing may be started")

    with pytest.raises(ConfigurationError):
        infra.start(stage.context, stage.project.containers.all())
