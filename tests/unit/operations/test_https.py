"""Certificates are waited for as infra comes up, got on demand, and their failures are told."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import (
    CertificateError,
    ConfigurationError,
    EngineError,
    InterruptedRun,
    UsageError,
)
from fream_compose.operations import https, infra, keeper
from fream_compose.operations.reload import reload
from tests.fakes import Stage
from tests.fakes.certificates import note, state

SHOP, WWW = "shop.example.com", "www.example.com"
START = datetime.now(UTC) - timedelta(days=1)
GOOD = note(START)
REFUSED = note(START, source="self-signed", error="the challenge was refused", failures=1)
REFUSED["hint"] = "open port 80"
Make = Callable[..., Stage]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A project with HTTPS for two hosts; nobody has noted anything yet."""
    made: list[Stage] = []

    def make(hosts: str = f"{SHOP},{WWW}", hooks: Any = None, **tls: Any) -> Stage:
        made.append(Stage(tmp_path, tls={"hosts": hosts, **tls}, hooks=hooks or {}))
        return made[0]

    yield make
    for stage in made:
        stage.project.close()


def noted(stage: Stage, **hosts: Any) -> None:
    stage.nginx.certificates.write_text(state(**hosts))


def keeps(stage: Stage, script: str) -> None:
    """What the keeper's program does, in the folder of the Compose files."""
    stage.project.programs["shop-acme"] = ["sh", "-c", script, "sh"]


def beside(stage: Stage, name: str) -> Path:
    return stage.settings.compose_directory / name


def up(stage: Stage, **options: Any) -> list[str]:
    infra.up(stage.context, ("infra",), **options)
    return stage.watcher.warnings


def down(stage: Stage) -> None:
    infra.down(stage.project, stage.watcher, volumes=False)


def test_without_https_nothing_is_asked_and_no_step_is_told(stage: Stage) -> None:
    assert up(stage) == []
    assert "Get certificates" not in stage.watcher.seconds


@pytest.mark.parametrize(
    "waiting",
    [
        {"source": "self-signed", "tried": None},
        {"error": "nginx does not answer for challenges"},  # so nobody was asked yet
        {"error": "nginx does not answer for challenges", "source": "self-signed"},
    ],
)
def test_up_waits_until_each_host_was_tried_for(make: Make, waiting: dict[str, Any]) -> None:
    stage = make()
    noted(stage, **{SHOP: GOOD, WWW: note(START, **waiting)})
    asked: list[str] = []

    def pause(seconds: float) -> None:
        assert seconds > 0
        asked.append("again")
        noted(stage, **{SHOP: GOOD, WWW: GOOD})

    stage.interruption.wait = pause  # type: ignore[method-assign]

    assert up(stage) == []
    assert asked == ["again"]
    assert "Get certificates" in stage.watcher.seconds


def test_up_says_what_failed_and_what_to_do_and_goes_on(make: Make) -> None:
    stage = make()
    noted(stage, **{SHOP: GOOD, WWW: REFUSED})

    warnings = up(stage)

    (told,) = warnings
    assert told == (
        "www.example.com: SELF-SIGNED; the last try failed: the challenge was refused; open port 80"
    )


def test_a_host_that_is_not_tried_in_time_is_told(make: Make) -> None:
    stage = make(hosts=SHOP)
    stage.speed = 10_000.0

    (told,) = up(stage)

    assert told == "shop.example.com: NO CERTIFICATE"


def test_ctrl_c_ends_the_wait(make: Make) -> None:
    stage = make()
    noted(stage, **{SHOP: GOOD})
    look = stage.proxy.certificates

    def look_and_press() -> Any:
        stage.interruption.note(signal.SIGINT)
        return look()

    stage.proxy.certificates = look_and_press  # type: ignore[method-assign]

    with pytest.raises(InterruptedRun):
        up(stage)


def test_nonsense_of_the_keeper_does_not_fail_up(make: Make) -> None:
    stage = make()
    stage.nginx.certificates.write_text("[]")

    (told,) = up(stage)

    assert "nginx does not say which certificates it has" in told
    assert "fream reload" in told


def test_https_that_was_turned_on_for_a_running_nginx_says_what_to_type(make: Make) -> None:
    stage = make()
    stage.project.made_with["nginx"] = {"reached": ((8090, "127.0.0.1", stage.nginx.published),)}

    (told,) = up(stage)

    assert "before: fream up infra --recreate. Until then users get" in told
    assert "Get certificates" not in stage.watcher.seconds


def test_routes_that_nginx_has_not_read_are_told_before_anything_is_waited_for(make: Make) -> None:
    stage = make()
    stage.proxy.routes_pending = lambda: True  # type: ignore[method-assign]

    (told,) = up(stage)

    assert "before: fream reload. Until then users get" in told


def test_a_reload_waits_for_new_hosts_too(make: Make) -> None:
    stage = make()
    noted(stage, **{SHOP: GOOD, WWW: REFUSED})

    reload(stage.context)

    assert "Get certificates" in stage.watcher.seconds
    assert any("www.example.com" in warning for warning in stage.watcher.warnings)


def test_a_keeper_whose_image_is_missing_stops_nobody_else(make: Make) -> None:
    stage = make()
    down(stage)
    stage.speed = 10_000.0
    stage.project.fail("up mysql nginx acme", "manifest unknown")

    warnings = up(stage)

    assert stage.project.infra == {"mysql", "nginx"}
    assert (
        "acme, which keeps the certificates, could not be started: manifest unknown" in warnings[0]
    )
    assert "ACME_IMAGE" in warnings[0]


def test_where_the_keeper_is_well_somebody_else_is_at_fault(make: Make) -> None:
    stage = make()
    stage.project.fail("up mysql nginx acme", "mysql is unhealthy")

    with pytest.raises(EngineError, match="up mysql nginx acme failed"):
        up(stage)


def test_what_nothing_can_start_without_the_keeper_either_is_an_error(make: Make) -> None:
    stage = make()
    down(stage)
    stage.project.fail("up mysql nginx acme", "no space left on device")
    stage.project.fail("up mysql nginx", "no space left on device")

    with pytest.raises(EngineError, match="up mysql nginx failed"):
        up(stage)


def test_a_port_443_in_use_is_told_before_nginx_is_stopped_to_be_made_anew(make: Make) -> None:
    stage = make()
    (address,) = (a for a in stage.settings.addresses["nginx"] if a.inner == 443)
    mine = {8090: stage.nginx.published, 80: stage.nginx.users_published}
    reached = tuple((inner, "127.0.0.1", port) for inner, port in mine.items())
    stage.project.made_with["nginx"] = {"reached": reached}

    with (
        socket.create_server((address.host, address.port)),
        pytest.raises(ConfigurationError, match=f"Port {address.port}, which nginx needs"),
    ):
        up(stage, recreate=True)

    assert stage.nginx.running


def test_a_port_that_nginx_holds_itself_is_not_in_the_way_of_making_it_anew(make: Make) -> None:
    stage = make()
    noted(stage, **{SHOP: GOOD, WWW: GOOD})
    (address,) = (a for a in stage.settings.addresses["nginx"] if a.inner == 443)

    with socket.create_server((address.host, address.port)):
        assert up(stage, recreate=True) == []


def test_a_keeper_that_nothing_needs_any_more_is_stopped(stage: Stage) -> None:
    stage.project.start_worker("acme")

    up(stage)

    assert "acme" not in stage.project.workers
    assert "Stop acme, as TLS_HOSTS names no host" in stage.watcher.seconds


def test_a_renewal_is_asked_of_the_keeper_for_the_hosts_that_were_named(make: Make) -> None:
    stage = make()
    noted(stage, **{SHOP: GOOD, WWW: GOOD})
    keeps(stage, 'echo "$*" > asked')

    rows = https.renew(stage.context, [WWW], force=True)

    assert [row.host for row in rows] == [WWW]
    assert beside(stage, "asked").read_text() == "renew --force www.example.com\n"
    https.renew(stage.context, [], force=False)
    assert beside(stage, "asked").read_text() == "renew\n"


def test_a_renewal_that_fails_says_which_and_what_to_do_and_what_stays(make: Make) -> None:
    stage = make()
    beside(stage, "next").write_text(state(**{SHOP: GOOD, WWW: REFUSED}))
    keeps(stage, "cp next ../state.json; exit 1")

    error = keeper.failure(https.renew(stage.context, [], force=False))

    assert error
    assert error.exit_code == 5
    assert "www.example.com" in error.what
    assert "what was in place is shown" in error.what
    assert error.why == "www.example.com: the challenge was refused"
    assert error.next_step == "open port 80"
    keeps(stage, "true")
    assert keeper.failure(https.renew(stage.context, [SHOP], force=False)) is None


@pytest.mark.parametrize("code", [1, 2, 127])
def test_a_keeper_that_breaks_is_no_renewal(make: Make, code: int) -> None:
    stage = make()
    noted(stage, **{SHOP: GOOD, WWW: GOOD})
    keeps(stage, f"echo no certbot here; exit {code}")

    with pytest.raises(CertificateError) as caught:
        https.renew(stage.context, [], force=False)

    assert caught.value.logs == ("no certbot here",)
    assert "fream logs acme" in caught.value.next_step


def test_a_keeper_that_does_not_run_is_told(make: Make) -> None:
    stage = make()
    stage.project.infra.discard("acme")

    with pytest.raises(CertificateError, match="does not run") as caught:
        https.renew(stage.context, [], force=False)

    assert caught.value.next_step == "fream up infra"


def test_without_https_there_is_nothing_to_renew(stage: Stage) -> None:
    with pytest.raises(ConfigurationError, match="HTTPS is off"):
        https.renew(stage.context, [], force=False)


def test_a_host_that_is_not_set_is_refused(make: Make) -> None:
    with pytest.raises(UsageError, match=r"other\.example\.com is not in TLS_HOSTS"):
        https.renew(make().context, ["other.example.com"], force=False)


def test_a_host_that_nginx_has_not_read_of_is_not_tried_for(make: Make) -> None:
    stage = make()
    stage.proxy.routes_pending = lambda: True  # type: ignore[method-assign]

    with pytest.raises(ConfigurationError) as caught:
        https.renew(stage.context, [], force=False)

    assert caught.value.next_step == "fream reload"


def own_pair(stage: Stage) -> None:
    beside(stage, "tls").mkdir()
    beside(stage, "tls/a.pem").write_text("CERTIFICATE")
    beside(stage, "tls/a.key").write_text("PRIVATE")


OWN = {"certificate": "tls/a.pem", "key": "tls/a.key"}


def test_a_pair_of_ones_own_is_given_to_the_keeper_and_on_no_command_line(make: Make) -> None:
    stage = make(**OWN)
    own_pair(stage)
    noted(stage, **{host: note(START, source="own") for host in (SHOP, WWW)})
    keeps(stage, 'echo "$*" > asked; tr "\\0" " " < /proc/$PPID/cmdline >> asked; cat > told')

    rows = https.renew(stage.context, [SHOP], force=False)

    assert [row.source for row in rows] == ["own"]
    told = json.loads(beside(stage, "told").read_text())
    assert told == {"hosts": [SHOP, WWW], "certificate": "CERTIFICATE", "key": "PRIVATE"}
    asked = beside(stage, "asked").read_text()
    assert asked.startswith("put\n")
    assert "PRIVATE" not in asked


def test_up_puts_a_pair_of_ones_own_in_place(make: Make) -> None:
    stage = make(**OWN)
    own_pair(stage)
    beside(stage, "next").write_text(state(**{h: note(START, source="own") for h in (SHOP, WWW)}))
    keeps(stage, "cat > told; cp next ../state.json")

    assert up(stage) == []
    assert beside(stage, "told").exists()


def test_a_pair_that_is_not_good_is_refused_with_the_reason(make: Make) -> None:
    stage = make(**OWN)
    own_pair(stage)
    keeps(stage, "echo the key does not fit the certificate >&2; exit 1")

    with pytest.raises(ConfigurationError) as caught:
        https.renew(stage.context, [], force=False)

    assert caught.value.exit_code == 3
    assert caught.value.why == "the key does not fit the certificate"
    assert "the key does not fit" in up(stage)[0]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.unlink(), "No such file or directory"),
        (lambda path: (path.unlink(), path.mkdir()), "Is a directory"),
        (lambda path: path.write_text("x" * 300_000), "is too large"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    make: Make, spoil: Callable[[Path], None], why: str
) -> None:
    stage = make(**OWN)
    own_pair(stage)
    spoil(beside(stage, "tls/a.key"))

    with pytest.raises(ConfigurationError) as caught:
        https.renew(stage.context, [], force=False)

    assert str(beside(stage, "tls/a.key")) in caught.value.what
    assert why in f"{caught.value.what} {caught.value.why}"


def hook(command: str, **other: str) -> dict[str, Any]:
    return {"certificate_failed": [{"run": ["sh", "-c", command], **other}]}


TELL = "env > told-$FREAM_CERTIFICATE_HOST"


def test_a_failure_runs_the_hooks_for_its_host_and_tells_them_why(make: Make) -> None:
    stage = make(hooks=hook(TELL))
    noted(stage, **{SHOP: GOOD, WWW: REFUSED})
    keeps(stage, "exit 1")

    https.renew(stage.context, [], force=False)

    told = beside(stage, f"told-{WWW}").read_text().splitlines()
    assert "FREAM_HOOK=certificate_failed" in told
    assert "FREAM_CERTIFICATE_ERROR=the challenge was refused" in told
    assert "FREAM_CERTIFICATE_HINT=open port 80" in told
    assert "FREAM_CERTIFICATE_DAYS_LEFT=88" in told or "FREAM_CERTIFICATE_DAYS_LEFT=89" in told
    assert not beside(stage, f"told-{SHOP}").exists()


def test_up_runs_the_hooks_too(make: Make) -> None:
    stage = make(hooks=hook(TELL))
    noted(stage, **{SHOP: GOOD, WWW: REFUSED})

    up(stage)

    assert beside(stage, f"told-{WWW}").exists()


@pytest.mark.parametrize(
    ("command", "other", "why"),
    [
        ("echo no mail here; exit 3", {}, "failed: exit code 3; no mail here"),
        ("sleep 600", {"timeout": "300ms"}, "took longer than 0.3 s: it was ended"),
        ("true", {"in": "set"}, "was not run: Its set is the live one; none is live"),
    ],
)
def test_a_hook_that_fails_is_a_warning(
    make: Make, command: str, other: dict[str, str], why: str
) -> None:
    stage = make(hooks=hook(command, **other), hosts=WWW)
    noted(stage, **{WWW: REFUSED})

    warnings = up(stage)

    assert why in warnings[1]


def test_a_hook_whose_program_is_missing_is_a_warning(make: Make) -> None:
    stage = make(hooks={"certificate_failed": [{"run": "/no/such/program"}]}, hosts=WWW)
    noted(stage, **{WWW: REFUSED})

    assert "cannot be run: No such file" in up(stage)[1]


def test_a_hook_in_the_set_runs_in_the_live_one(make: Make) -> None:
    stage = make(hooks=hook(TELL, **{"in": "set"}), hosts=WWW)
    noted(stage, **{WWW: REFUSED})
    stage.switch("1.0.0")
    stage.fresh()

    assert len(up(stage)) == 1
    assert beside(stage, f"told-{WWW}").exists()


def test_a_hook_of_certificates_has_no_release_to_run_in(make: Make) -> None:
    with pytest.raises(ConfigurationError, match="not valid") as caught:
        make(hooks=hook("true", **{"in": "release"}))

    assert "x-fream.hooks.certificate_failed" in caught.value.why
    assert "in must be host or set" in caught.value.why


def test_ctrl_c_in_a_hook_ends_it_and_the_run(make: Make) -> None:
    stage = make(hooks=hook(f"kill -INT {os.getpid()}; sleep 600"), hosts=WWW)
    noted(stage, **{WWW: REFUSED})
    before = signal.signal(signal.SIGINT, stage.interruption.note)

    try:
        with pytest.raises(InterruptedRun):
            up(stage)
    finally:
        signal.signal(signal.SIGINT, before)
