"""The commands of the keeper, and that a change is noticed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import client
import keeper
import pytest
import rounds
import wanted
from wanted import Place

from tests.unit.acme.world import CERTBOT, HOST, SERVER, World, issued


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A keeper whose client is the obedient one."""
    made = World(tmp_path)
    tell(made, [HOST])
    program = (sys.executable, str(CERTBOT), str(tmp_path))
    monkeypatch.setattr(client.Client, "program", program)
    monkeypatch.setattr(client.Client.__init__, "__defaults__", (program, client.LIMIT))
    monkeypatch.setattr(rounds.Rounds.__init__, "__defaults__", _serving())
    return made


def _serving() -> tuple[Any, ...]:
    defaults = list(rounds.Rounds.__init__.__defaults__ or ())
    return (lambda *_: True, *defaults[1:])


def tell(world: World, hosts: list[str], **settings: str) -> None:
    """As fream does."""
    text = json.dumps({"hosts": hosts, "server": SERVER, **settings})
    (world.folder / "routes" / "certificates.json").write_text(text)


def test_renew_prints_the_state_and_says_whether_all_is_well(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keeper.renew(world.place, [], force=False) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["hosts"][HOST]["source"] == "acme"
    assert told == json.loads((world.place.tls / "state.json").read_text())

    world.certbot(says="no")
    assert keeper.renew(world.place, [HOST], force=True) == 1
    assert json.loads(capsys.readouterr().out)["hosts"][HOST]["failures"] == 1


def test_only_the_named_hosts_are_renewed(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    tell(world, [HOST, "www.example.com"])

    assert keeper.renew(world.place, ["www.example.com"], force=False) == 0

    told = json.loads(capsys.readouterr().out)["hosts"]
    assert [told[host]["source"] for host in (HOST, "www.example.com")] == ["self-signed", "acme"]


def test_a_host_that_is_not_wanted_is_refused(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keeper.renew(world.place, ["other.example.com"], force=False) == 2
    assert "other.example.com" in capsys.readouterr().err
    assert world.runs == []


def test_check_is_content_when_every_host_has_something(world: World) -> None:
    assert keeper.check(world.place) == 1

    world.rounds.begin()
    assert keeper.check(world.place) == 0
    tell(world, [HOST, "www.example.com"])
    assert keeper.check(world.place) == 1
    (world.folder / "routes" / "certificates.json").unlink()
    assert keeper.check(world.place) == 0


def test_check_loads_nothing_heavy() -> None:
    script = (
        "import sys, keeper; keeper.check(keeper.Place()); print('cryptography' in sys.modules)"
    )
    folder = str(Path(keeper.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True
    )

    assert done.stdout.split()[-1] == "False", done.stderr


def own(*hosts: str, names: tuple[str, ...] = (HOST,)) -> bytes:
    """What fream sends for a pair of the user's own."""
    chain, key = issued(*names)
    asked = {"hosts": hosts, "certificate": chain.decode(), "key": key.decode()}
    return json.dumps(asked).encode()


def test_put_shows_a_pair_of_the_users_own(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(world, [HOST], source="own")
    monkeypatch.setattr(wanted, "place_of", lambda: world.place)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(own(HOST))))

    assert keeper.main(["put"]) == 0
    assert world.state()["source"] == "own"

    assert keeper.put(world.place, own(HOST, names=("a.example.com",))) == 1
    assert capsys.readouterr().err == f"the certificate is for a.example.com, not for {HOST}\n"


def test_what_is_no_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert keeper.main(["dance"]) == 2
    assert "renew" in capsys.readouterr().err


def test_a_change_is_noticed_and_a_broken_file_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.folder / "routes" / "certificates.json"
    texts = [path.read_text().replace(HOST, f'{HOST}", "www.example.com'), "{"]

    def nap(*_: object) -> None:
        if not texts:
            raise SystemExit(0)
        path.write_text(texts.pop(0))

    monkeypatch.setattr(keeper, "_nap", nap)

    with pytest.raises(SystemExit):
        keeper.keep(world.place)

    assert world.state("www.example.com")["source"] == "acme"
    assert len(world.runs) == 5  # one host, then two, and two again after the nonsense


def test_the_keeper_sleeps_until_something_is_due(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []

    def nap(_routes: Path, _seen: str, seconds: float) -> None:
        naps.append(seconds)
        raise SystemExit(0)

    monkeypatch.setattr(keeper, "_nap", nap)
    place: Place = world.place
    with pytest.raises(SystemExit):
        keeper.keep(place)

    assert 30_000 < naps[0] < 60_000


def test_a_keeper_that_starts_anew_waits_as_long_as_it_was_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.certbot(
        says="There were too many requests of a given type :: too many certificates, "
        "retry after 2099-01-01 00:00:00 UTC: see",
        kind="rateLimited",
    )

    def nap(*_: object) -> None:
        raise SystemExit(0)

    monkeypatch.setattr(keeper, "_nap", nap)
    for _ in range(3):
        with pytest.raises(SystemExit):
            keeper.keep(world.place)

    assert len(world.runs) == 1
