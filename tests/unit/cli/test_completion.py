"""TAB offers versions and nothing else, runs nothing, and is silent whatever fails."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fream_compose.cli import lookups
from fream_compose.cli.lookups import silently
from tests.fakes.stage import compose_config
from tests.ports import free_port
from tests.stories.waiting import eventually

FREAM = Path(sys.executable).with_name("fream")
BASH = shutil.which("bash") or ""
GOOD = ["1.0.0", "1.0.1-rc.1", "_edge"]
HOSTILE = [
    "1.0;touch${IFS}ran",
    "$(touch ran)",
    "1`touch ran`",
    "1.0 && touch ran",
    "1|touch ran",
    "-rf",
    "--help",
    "*",
    "1*",
    "?",
    "~",
    "1.0\ntouch ran",
    "1.0\x1b[31m",
    "1.0\u202e",
    "é",
    "'",
    '"',
    "",
    "1" * 129,
    "1:((x\\:$(touch ran)))",
]
ANSWERS = """#!{python}
import sys
words = sys.argv[1:]
print("docker", *words, file=open("{log}", "a"))
if "config" in words:
    print(open("{config}").read())
elif words[:2] == ["image", "ls"]:
    print("sha256:1")
elif words[:2] == ["image", "inspect"]:
    print(open("{images}").read())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project, and a `docker` that tells of images with every kind of tag."""
    config = compose_config(tmp_path / "nginx", free_port())
    config["x-fream"] = {"hooks": {"before_start": [{"run": ["touch", "ran"]}]}}
    for name in ("set1", "set2"):
        config["services"][name]["image"] = "shop:none"
    image = {"Id": "sha256:1", "RepoDigests": [], "Size": 1}
    image |= {"RepoTags": [f"shop:{tag}" for tag in (*GOOD, *HOSTILE)]}
    texts = {"config": json.dumps(config), "images": json.dumps([image])}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8")
    for name in ("compose.yaml", "infra.yaml", ".env"):
        (tmp_path / name).touch()
    places = {name: tmp_path / name for name in ("log", *texts)}
    docker(tmp_path, ANSWERS.format(python=sys.executable, **places))
    return tmp_path


def docker(project: Path, text: str) -> None:
    """Put a `docker` where it is found first."""
    program = project / "bin" / "docker"
    program.parent.mkdir(exist_ok=True)
    program.write_text(text, "utf-8")
    program.chmod(0o755)


def completed(project: Path, line: str = "fream switch --version ", how: str = "line") -> list[str]:
    """What a shell is told; nothing may come on the way of errors."""
    words = [line, ""] if how == "line" else line.split(" ")[1:]
    path = f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        [FREAM, *words],
        cwd=project,
        env={**os.environ, "PATH": path, "_FREAM_COMPLETE": how},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert run.stderr == ""
    return run.stdout.split()


def test_only_what_is_a_version_is_offered(project: Path) -> None:
    eventually(lambda: completed(project) == completed(project, how="words") == GOOD, 60)
    assert not (project / "ran").exists()


@pytest.mark.skipif(not BASH, reason="needs bash")
def test_in_bash_nothing_of_a_tag_is_run(project: Path) -> None:
    line = f"""
cd {project}; PATH={project / "bin"}:{FREAM.parent}:$PATH
eval "$(fream completion bash)"
COMP_LINE="fream switch --version "; COMP_POINT=${{#COMP_LINE}}
_fream fream "" --version
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

    def offered() -> list[str]:
        run = subprocess.run([BASH, "-c", line], capture_output=True, text=True, check=True)
        assert run.stderr == ""
        return run.stdout.splitlines()

    # Where nothing is noted yet, everything is read, which may take longer than TAB waits.
    eventually(lambda: offered() == GOOD, 60)
    assert not (project / "ran").exists()


def test_what_was_told_once_is_offered_at_once_and_asked_for_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = project / ".fream"
    state.mkdir()
    eventually(lambda: completed(project) == GOOD, 60)
    note = state / "tags.json"
    assert json.loads(note.read_text("utf-8"))

    docker(project, "#!/bin/sh\nexit 1\n")
    os.utime(note, (0, 0))
    assert completed(project) == GOOD
    eventually(lambda: note.stat().st_mtime > 0, 30)
    assert completed(project) == GOOD  # nobody answered, and what was told before stays

    monkeypatch.chdir(project)
    monkeypatch.setattr(lookups, "_ask", lambda _: pytest.fail("it was just asked"))
    os.utime(note)
    assert lookups.versions(lookups.project(""), "")


def test_docker_is_only_asked_and_no_hook_runs(project: Path) -> None:
    eventually(lambda: completed(project), 60)

    asked = (project / "log").read_text("utf-8").splitlines()
    known = ("compose --profile * config", "image ls", "image inspect", "container ls")
    assert asked
    assert [
        line for line in asked if not line.startswith(tuple(f"docker {k}" for k in known))
    ] == []
    assert not (project / "ran").exists()


def test_nothing_that_lies_in_the_folder_is_loaded(project: Path) -> None:
    for name in ("fream_compose", "typer", "json", "sitecustomize", "usercustomize", "docker"):
        (project / f"{name}.py").write_text("open('ran', 'w')", "utf-8")

    eventually(lambda: completed(project) == GOOD, 60)
    assert not (project / "ran").exists()


@pytest.mark.parametrize(
    "answer",
    ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho '['\n", "#!/bin/sh\necho '[1]'\n", "no program"],
)
def test_whatever_docker_answers_tab_says_nothing(project: Path, answer: str) -> None:
    docker(project, answer)

    assert completed(project) == []


def test_a_docker_that_hangs_is_given_up_and_ended(project: Path) -> None:
    docker(project, f"#!/bin/sh\necho $$ > {project}/pid\nexec sleep 60\n")
    began = time.monotonic()

    assert completed(project) == []
    assert time.monotonic() - began < 15
    assert not Path("/proc", (project / "pid").read_text("utf-8").strip()).exists()


@pytest.mark.parametrize("words", [[], ["\udcff"], ["fream", "x" * 9999], ["-"] * 99])
def test_a_line_that_is_none_is_no_traceback(words: list[str]) -> None:
    for how in ("line", "words"):
        environment = {**os.environ, "_FREAM_COMPLETE": how}
        run = subprocess.run([FREAM, *words], env=environment, capture_output=True, check=False)
        assert run.stderr == b""


def test_an_impatient_operator_sees_no_traceback() -> None:
    before = signal.getsignal(signal.SIGALRM)
    try:
        with pytest.raises(SystemExit), silently():
            raise KeyboardInterrupt
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
