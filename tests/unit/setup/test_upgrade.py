"""fream init --upgrade: what is fream's is renewed, what is the user's stays."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fream_compose import __version__
from fream_compose.doctor import folder_checks
from fream_compose.doctor.folder import folder_facts
from fream_compose.errors import ConfigurationError, LockedError, UsageError
from fream_compose.project import durable, lock, manifest
from fream_compose.setup import project_files, unmarked, upgrade
from fream_compose.setup.app import App
from fream_compose.setup.upgrade import Outcome, outcome

SHOP = App("shop", "registry.example.com", "team/shop")
BOOKS = App("books", "", "acme/books", port=9090, health_path="/up", mysql=True)
OLD_TEXTS = Path(unmarked.__file__).with_name("unmarked")
CHANGED = Path("nginx/app.conf")
ADDED = [
    *("nginx/fastcgi_params", "nginx/mime.types", "nginx/net.inc", "nginx/routes/app.conf"),
    *("nginx/scgi_params", "nginx/uwsgi_params"),
]


def earlier(folder: Path, app: App | None) -> Path:
    """A project as the fream before the manifest wrote it."""
    texts = {path: text for path, text in unmarked.written(app).items() if str(path) not in ADDED}
    project_files.put(folder, {**texts, Path("compose/.env"): "A=secret\n"})
    return folder


def changed(app: App | None) -> list[str]:
    """The files whose text is another one since."""
    now, then = project_files.upgradable(app, project_files.template()), unmarked.written(app)
    return [str(path) for path, text in now.items() if text != then[path]]


def run(root: Path) -> upgrade.Upgrade:
    return upgrade.upgrade(root / "compose", "fream init --upgrade")


def files_of(root: Path) -> dict[str, str]:
    """Every file but fream's state."""
    found = (p for p in root.rglob("*") if p.is_file() and ".fream" not in p.parts)
    return {str(path.relative_to(root)): path.read_text() for path in found}


def version_of(root: Path) -> str:
    facts = folder_facts(root / "compose")
    assert facts.written_by is not None
    return str(folder_checks.version(facts.written_by, facts.unmerged).verdict)


def test_what_is_known_of_the_earlier_template_is_all_there() -> None:
    known = json.loads((OLD_TEXTS / "hashes.json").read_text())
    for path, expected in known.items():
        old = OLD_TEXTS / path
        text = (old if old.exists() else project_files.template() / path).read_bytes()
        hint = f"{path} has changed: put its text from before into setup/unmarked/"
        assert manifest.fingerprint(text) == expected, hint


@pytest.mark.parametrize("app", [SHOP, BOOKS, None], ids=["plain", "with MySQL", "fream's own"])
def test_an_earlier_project_becomes_what_would_be_written_today(
    app: App | None, tmp_path: Path
) -> None:
    root = earlier(tmp_path, app)
    before = files_of(root)
    assert version_of(root) == "warning"

    done = run(root)

    texts = project_files.upgradable(app, project_files.template())
    written = files_of(root)
    assert written.pop(str(manifest.MANIFEST))
    assert written == {**{str(p): t for p, t in texts.items()}, "compose/.env": "A=secret\n"}
    assert sorted(done.of(Outcome.RENEWED)) == sorted(changed(app))
    assert str(CHANGED) in changed(app)
    assert (done.of(Outcome.BESIDE), done.of(Outcome.ADDED)) == ([], ADDED)
    assert done.backup
    kept = {p.is_dir(): p.stat().st_mode & 0o777 for p in (done.backup, done.backup / CHANGED)}
    assert kept == {True: 0o700, False: 0o600}
    assert (done.backup / CHANGED).read_text() == before[str(CHANGED)]
    assert version_of(root) == "ok"


def test_what_was_edited_stays_with_the_new_text_beside_it(tmp_path: Path) -> None:
    root = earlier(tmp_path, SHOP)
    ours, page = root / CHANGED, root / "nginx/pages/maintenance.html"
    edited = ours.read_text() + "# mine\n"
    compose = root / "compose/compose.yaml"
    for file, text in ((ours, edited), (page, "my page"), (compose, "name: shop\n# mine\n")):
        file.write_text(text)
    (root / "nginx/site.d/limits.conf").write_text("# mine\n")
    (root / "nginx/proxy.inc").unlink()

    done = run(root)

    assert done.of(Outcome.BESIDE) == ["compose/compose.yaml", str(CHANGED)]
    assert ours.read_text() == edited
    new = ours.with_name("app.conf.new")
    assert new.read_text() == (project_files.template() / CHANGED).read_text()
    assert set(done.of(Outcome.KEPT)) == {
        "nginx/pages/maintenance.html",
        "nginx/proxy.inc",
    }
    assert (page.read_text(), compose.read_text()) == ("my page", "name: shop\n# mine\n")
    assert not (root / "nginx/proxy.inc").exists()
    assert version_of(root) == "warning"
    new.unlink()
    compose.with_name("compose.yaml.new").unlink()
    assert version_of(root) == "ok"


def test_a_second_upgrade_changes_nothing(tmp_path: Path) -> None:
    root = earlier(tmp_path, BOOKS)
    (root / CHANGED).write_text("# mine\n")
    run(root)
    before = files_of(root)

    done = run(root)

    assert files_of(root) == before
    assert done.backup is None
    assert set(done.files.values()) == {Outcome.CURRENT, Outcome.KEPT}


@pytest.mark.parametrize(
    ("mine", "written", "new", "expected"),
    [
        ("a", "a", "a", Outcome.CURRENT),
        ("b", "a", "b", Outcome.CURRENT),
        ("a", "a", "b", Outcome.RENEWED),
        ("c", "a", "b", Outcome.BESIDE),
        ("c", "a", "a", Outcome.KEPT),
        ("c", None, "b", Outcome.BESIDE),
        (None, "a", "b", Outcome.KEPT),
        (None, None, "b", Outcome.ADDED),
    ],
)
def test_what_becomes_of_a_file(
    mine: str | None, written: str | None, new: str, expected: Outcome
) -> None:
    assert outcome(mine, written, new, users=False) is expected


def test_a_file_of_the_users_is_never_renewed() -> None:
    assert outcome("a", "a", "b", users=True) is Outcome.KEPT


@pytest.mark.parametrize("folder", ["http.d", "site.d", "pages"])
def test_a_folder_of_the_users_is_never_touched(folder: str, tmp_path: Path) -> None:
    texts = project_files.upgradable(SHOP, project_files.template())
    theirs = {path: "older" for path in texts if folder in path.parts}
    project_files.put(tmp_path, texts | theirs)
    noted = manifest.render(SHOP.described(), texts | theirs)
    project_files.put(tmp_path, {manifest.MANIFEST: noted})

    done = run(tmp_path)

    assert theirs
    assert {path: (tmp_path / path).read_text() for path in theirs} == theirs
    assert done.of(Outcome.KEPT) == [str(path) for path in theirs]
    assert version_of(tmp_path) == "ok"


def test_an_upgrade_that_was_cut_off_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = earlier(tmp_path, SHOP)
    write = durable.write

    def full(path: Path, text: str, **rest: Any) -> None:
        if path == root / CHANGED:
            raise ConfigurationError("The disk is full")
        write(path, text, **rest)

    monkeypatch.setattr(durable, "write", full)
    with pytest.raises(ConfigurationError):
        run(root)
    monkeypatch.undo()
    assert version_of(root) == "warning"

    assert str(CHANGED) in run(root).of(Outcome.RENEWED)
    assert version_of(root) == "ok"


@pytest.mark.parametrize(("version", "verdict"), [("0.0.9", "warning"), ("99.0", "warning")])
def test_doctor_compares_the_versions(version: str, verdict: str) -> None:
    finding = folder_checks.version(version, ())

    assert finding.verdict == verdict
    assert ("init --upgrade" in finding.remedy) is (version < __version__)


def test_a_new_project_is_of_this_version(tmp_path: Path) -> None:
    project_files.write(tmp_path, project_files.render(BOOKS, project_files.template(), {}))

    assert version_of(tmp_path) == "ok"
    assert set(run(tmp_path).files.values()) == {Outcome.CURRENT}


def test_no_value_of_a_variable_is_noted(tmp_path: Path) -> None:
    app = App("shop", "", "shop", mysql=True, variables={"MYSQL_PASSWORD": "s3cret"})
    project_files.write(tmp_path, project_files.render(app, project_files.template(), {}))

    assert "s3cret" not in (tmp_path / manifest.MANIFEST).read_text()


def test_while_another_run_is_at_work_nothing_is_written(tmp_path: Path) -> None:
    root = earlier(tmp_path, SHOP)
    before = files_of(root)

    with lock.hold(root / "compose/.fream", "fream switch"), pytest.raises(LockedError):
        run(root)

    assert files_of(root) == before


def test_freams_own_source_and_another_layout_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="own source"):
        run(Path(__file__).parents[3])
    root = earlier(tmp_path, SHOP)
    shutil.rmtree(root / "nginx")
    with pytest.raises(UsageError, match="laid out"):
        run(root)
