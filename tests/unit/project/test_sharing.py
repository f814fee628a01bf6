"""Nothing is granted to anybody, until the setgid bit of the project's folder asks for it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project import durable, lock, sharing
from fream_compose.project.kept_logs import KeptLogs
from fream_compose.project.reports import Reports
from fream_compose.project.state import state_of

GROUP = 54_321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
# The mode of the project's folder; of the notes' folder; of a note, a private file, a plain one.
GRANTS = {
    "nobody": (0o755, 0o700, 0o600, 0o600, 0o644),
    "nobody, although the umask lets a group write": (0o775, 0o700, 0o600, 0o600, 0o644),
    "a group that may read": (0o2755, 0o2710, 0o640, 0o600, 0o644),
    "a group that may release": (0o2775, 0o2770, 0o660, 0o660, 0o664),
}


@pytest.fixture(params=[0o077, 0o022, 0o002])
def umask(request: pytest.FixtureRequest) -> object:
    """Whatever it is."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def compose(tmp_path: Path) -> Path:
    folder = tmp_path / "compose"
    folder.mkdir()
    return folder


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("grant", GRANTS)
def test_what_is_made_is_as_open_as_the_folder_asks(compose: Path, grant: str) -> None:
    project, folder, note, private, plain = GRANTS[grant]
    compose.chmod(project)
    state = state_of(compose)

    with lock.hold(state.path, "fream switch"):
        state.notes.hold("1-a", "1.0.0", "set1")  # type: ignore[arg-type]
        durable.make_folder(state.path / "logs")
        durable.open_private(state.path / "logs" / "one").close()
        durable.write(compose / ".env", "A=1\n", mode=0o600)
        durable.write(compose / "plain", "")

    assert mode(state.path) == folder
    assert {mode(path) for path in state.path.glob("*.json")} == {note}
    assert mode(state.path / "logs") == (0o2770 if private == 0o660 else 0o700)
    assert mode(state.path / "logs" / "one") == mode(compose / ".env") == private
    assert mode(compose / "plain") == plain


@needs_root
def test_notes_that_were_there_are_opened_and_closed_with_the_folder(compose: Path) -> None:
    state = state_of(compose)
    with lock.hold(state.path, "fream switch"):
        (state.path / "history.jsonl").touch(mode=0o600)
        (state.path / "settings.json").touch(mode=0o600)
    os.chown(compose, -1, GROUP)
    compose.chmod(0o2755)

    with lock.hold(state.path, "fream switch"):
        history, settings = state.path / "history.jsonl", state.path / "settings.json"
        assert (mode(history), history.stat().st_gid) == (0o640, GROUP)
        assert (mode(settings), state.path.stat().st_gid) == (0o600, GROUP)

    compose.chmod(0o755)
    with lock.hold(state.path, "fream switch"):
        assert mode(state.path) == 0o700


def test_everybody_may_read_where_the_notes_folder_says_so(compose: Path) -> None:
    compose.chmod(0o2775)
    state = state_of(compose)
    with lock.hold(state.path, "fream switch"):
        durable.write_note(state.path / "history.jsonl", "what was there")
    state.path.chmod(0o2771)

    with lock.hold(state.path, "fream switch"):
        assert mode(state.path) == 0o2771
        assert mode(state.path / "history.jsonl") == 0o664
        assert mode(state.path / "holder.json") == 0o664


@needs_root
def test_a_file_that_is_replaced_stays_as_open_as_it_was(compose: Path) -> None:
    env = compose / ".env"
    env.touch(mode=0o600)
    os.chown(env, 1234, 1234)

    durable.write(env, "A=1\n", mode=0o600)

    assert (mode(env), env.stat().st_uid, env.stat().st_gid) == (0o600, 1234, 1234)


def as_stranger(work: object) -> int:
    """The exit code of work that is done by a user without any rights."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        os.setgroups([])
        os.setresgid(GROUP + 1, GROUP + 1, GROUP + 1)
        os.setresuid(GROUP + 1, GROUP + 1, GROUP + 1)
        os._exit(int(work()))  # type: ignore[operator]
    finally:
        os._exit(99)


@needs_root
def test_a_reader_sees_whether_a_run_is_at_work_and_cannot_take_the_lock(compose: Path) -> None:
    for folder in (compose, *compose.parents):
        if folder.stat().st_uid == os.geteuid() and len(folder.parts) > 2:
            folder.chmod(mode(folder) | 0o011)
    os.chown(compose, -1, GROUP + 1)
    compose.chmod(0o2755)
    state = state_of(compose).path

    with lock.hold(state, "fream switch"):
        assert as_stranger(lambda: 7 if not lock.free(state) else 1) == 7
        assert as_stranger(lambda: 7 if "fream switch" in lock.holder(state) else 1) == 7
    assert as_stranger(lambda: 7 if lock.free(state) else 1) == 7

    def takes() -> int:
        try:
            with lock.hold(state, "fream switch"):
                return 1
        except ConfigurationError as error:
            return 7 if "it belongs to root and the group" in error.what else 2

    assert as_stranger(takes) == 7


@needs_root
def test_a_refusal_says_whose_it_is_and_how_to_join(
    compose: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(compose, 0, 0)
    (compose / ".env").touch()
    assert sharing.way_in(compose / ".env") == f"chmod u+rwX {compose / '.env'}"
    monkeypatch.setattr(os, "geteuid", lambda: GROUP)
    assert sharing.owners(compose / ".env") == "it belongs to root"
    assert sharing.way_in(compose / ".env") == "Run fream as root: sudo -u root fream ..."
    compose.chmod(0o2775)
    assert sharing.owners(compose / ".env") == "it belongs to root and the group root"
    assert sharing.way_in(compose / ".env").startswith("sudo usermod -aG root $USER, then log in")
    os.chown(compose / ".env", GROUP, GROUP)
    assert sharing.owners(compose / ".env") == f"it belongs to {GROUP} and the group {GROUP}"


@needs_root
def test_what_root_makes_belongs_to_the_owner_of_its_folder(compose: Path) -> None:
    """A timer of root, or sudo, would else lock the owner out of the notes."""
    os.chown(compose, GROUP, GROUP)
    state = compose / ".fream"

    durable.make_state_folder(state)
    durable.write(state / "whole", "text")
    durable.open_note(state / "note").close()
    Reports(state / "reports").write("20260101T000000Z-abcdef", "{}", "")

    made = [state, *state.rglob("*")]
    assert len(made) == 6
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(GROUP, GROUP)}


@needs_root
def test_root_gives_nothing_away_that_is_elsewhere_too(compose: Path, tmp_path: Path) -> None:
    os.chown(compose, GROUP, GROUP)
    mine = tmp_path / "mine"
    mine.touch()
    (compose / "link").symlink_to(mine)
    (compose / "hard").hardlink_to(mine)

    with pytest.raises(OSError, match="link"):
        durable.open_note(compose / "link")
    durable.open_note(compose / "hard").close()

    assert mine.stat().st_uid == 0


@pytest.mark.parametrize("mode", [0o2710, 0o2771])
def test_a_report_and_a_log_leave_the_notes_open_to_who_may_look(compose: Path, mode: int) -> None:
    compose.chmod(0o2755 if mode == 0o2710 else 0o2775)
    state = compose / ".fream"
    durable.make_state_folder(state)
    state.chmod(mode)

    Reports(state / "reports").write("20260101T000000Z-abcdef", "{}", "")
    KeptLogs(state / "logs").keep("20260101T000000Z-abcdef", "text")

    assert stat.S_IMODE(state.stat().st_mode) == mode
