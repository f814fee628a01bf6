"""How certbot is asked, and what is told from what it keeps."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from client import Client
from wanted import Wanted

from tests.unit.acme.world import HOST, SERVER, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Nothing in place yet."""
    return World(tmp_path)


def command(client: Client, host: str = HOST, force: bool = False) -> list[str]:
    """certbot's arguments."""
    return client.command(host, Path("/tmp/settings.ini"), force)


def test_http_is_proven_by_files_that_nginx_serves(world: World) -> None:
    words = command(world.client)

    assert words[words.index("certonly") :][:3] == ["certonly", "--non-interactive", "--agree-tos"]
    at = words.index("--webroot")
    assert words[at : at + 3] == [
        "--webroot",
        "--webroot-path",
        str(world.place.tls / "challenges"),
    ]
    assert words[-2:] == ["--domain", HOST]
    assert words[words.index("--cert-name") + 1] == HOST
    assert words[words.index("--server") + 1] == SERVER
    assert words[words.index("--key-type") + 1] == "ecdsa"
    assert "--keep-until-expiring" in words


def test_all_that_certbot_keeps_is_for_root_alone(world: World) -> None:
    words = command(world.client)

    for part in ("config", "work", "logs"):
        assert f"--{part}-dir={world.place.tls / 'certbot' / part}" in words
    assert stat.S_IMODE((world.place.tls / "certbot").stat().st_mode) == 0o700


def test_a_wildcard_is_proven_by_its_plugin(world: World) -> None:
    world.wanted = Wanted(("*.example.com",), server=SERVER, challenge="dns-ovh")
    (world.folder / "secrets" / "acme_dns").write_text("token = secret-word\n")
    client = replace(world.client, place=replace(world.place, dns_seconds="90"))

    words = command(client, "*.example.com")

    at = words.index("--authenticator")
    path = str(world.folder / "secrets" / "acme_dns")
    assert words[at + 1 :] == [
        "dns-ovh",
        "--dns-ovh-credentials",
        path,
        "--dns-ovh-propagation-seconds",
        "90",
        "--domain",
        "*.example.com",
    ]
    assert words[words.index("--cert-name") + 1] == "_.example.com"
    assert "secret-word" not in " ".join(words)
    assert "--webroot" not in words


def test_a_plugin_without_a_file_is_given_none(world: World) -> None:
    world.wanted = Wanted((HOST,), challenge="dns-ovh")
    (world.folder / "secrets" / "acme_dns").touch()

    assert not [word for word in command(world.client) if "credentials" in word]


def test_a_plugin_without_options_finds_its_file_in_the_environment(world: World) -> None:
    world.wanted = Wanted((HOST,), challenge="dns-route53")
    (world.folder / "secrets" / "acme_dns").write_text("[default]")
    client = replace(world.client, place=replace(world.place, dns_seconds="90"))

    assert not [word for word in command(client) if word.startswith("--dns-route53")]


def test_no_secret_is_on_the_command_line(world: World) -> None:
    (world.folder / "secrets" / "acme_eab_key").write_text("secret-word\n")
    client = replace(world.client, place=replace(world.place, eab_kid="kid-1"))

    client.obtain(HOST, force=False)

    run = world.runs[-1]
    assert "secret-word" not in " ".join(run["arguments"])
    assert "eab-kid = kid-1\neab-hmac-key = secret-word\n" in run["settings"]


@pytest.mark.parametrize(
    ("email", "line"),
    [
        ("ops@example.com", "email = ops@example.com"),
        ("", "register-unsafely-without-email = true"),
    ],
)
def test_the_account_has_an_email_or_says_that_it_has_none(
    world: World, email: str, line: str
) -> None:
    world.wanted = replace(world.wanted, email=email)

    world.client.obtain(HOST, force=False)

    assert world.runs[-1]["settings"] == f"{line}\n"


def test_a_root_of_the_users_own_is_trusted_beside_the_public_ones(world: World) -> None:
    (world.folder / "secrets" / "acme_ca").write_text("MY ROOT\n")

    with world.client._environment() as environment:
        bundle = Path(environment["REQUESTS_CA_BUNDLE"]).read_text()

    assert bundle.endswith("MY ROOT\n")
    assert bundle.count("BEGIN CERTIFICATE") > 50


def test_the_credentials_of_amazon_are_in_its_own_variable(world: World) -> None:
    path = world.folder / "secrets" / "acme_dns"
    path.write_text("[default]\n")

    with world.client._environment() as environment:
        assert environment["AWS_SHARED_CREDENTIALS_FILE"] == str(path)


def test_the_servers_word_is_read_from_this_runs_log(world: World) -> None:
    world.certbot(says="too many", kind="rateLimited")
    assert world.client.obtain(HOST, force=False).kind == "rateLimited"

    world.certbot(says="no route")
    assert world.client.obtain(HOST, force=False).kind == ""


def test_a_lineage_is_whole_or_broken_or_not_there(world: World) -> None:
    client = world.client
    assert not client.is_broken(HOST)
    client.obtain(HOST, force=False)
    assert not client.is_broken(HOST)
    assert client.kept(HOST)

    (client.folder / "config" / "renewal" / f"{HOST}.conf").write_text("")

    assert client.is_broken(HOST)
    client.set_aside(HOST)
    assert not client.is_broken(HOST)
    assert client.kept(HOST) is None
    aside = client.folder / "broken" / HOST
    assert {path.name for path in aside.iterdir()} == {"renewal", "live", "archive"}
    client.obtain(HOST, force=False)
    client.set_aside(HOST)


@pytest.mark.parametrize("part", ["live", "archive"])
def test_a_lineage_without_one_of_its_files_is_broken(world: World, part: str) -> None:
    world.client.obtain(HOST, force=False)
    folder = world.client.folder / "config" / part / HOST
    next(path for path in folder.iterdir() if "chain" in path.name).unlink()

    assert world.client.is_broken(HOST)


def test_what_ends_the_keeper_ends_certbot(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    world.certbot(hangs=True)

    def ended(*_: object, **__: object) -> None:
        monkeypatch.undo()
        raise SystemExit(0)

    monkeypatch.setattr(subprocess.Popen, "communicate", ended)
    with pytest.raises(SystemExit):
        world.client.obtain(HOST, force=False)

    assert not [name for name in os.listdir("/proc") if _is_ours(name, world)]  # noqa: PTH208


def _is_ours(pid: str, world: World) -> bool:
    try:
        return pid.isdigit() and str(world.folder) in Path("/proc", pid, "cmdline").read_text()
    except OSError:
        return False
