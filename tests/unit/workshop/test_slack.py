"""The recipe for Slack: what it sends, to whom, and what it keeps to itself."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.release_report import examples

RECIPE = Path(__file__).parents[3] / "script" / "recipes" / "slack.py"
SECRET = "T000-B000-not-for-anybody"
FOUND = {
    "FREAM_RESULT": "failed",
    "FREAM_VERSION": "1.4.2",
    "FREAM_PREVIOUS_VERSION": "1.4.1",
    "FREAM_BY": "kim@shop-1",
    "FREAM_NOTE": examples.HOSTILE.replace("\x00", "").replace("\n", " "),
    "FREAM_SECONDS": "107.9",
    "FREAM_SERVED": "11542",
    "FREAM_FAILED": "0",
    "FREAM_FAILED_STEP": "health",
    "FREAM_WHY": "`$(touch ran)` <!channel> <@U1> <https://evil.example|here>",
}


class Slack(HTTPServer):
    """Takes messages, and remembers them. status: what it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.got: list[tuple[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/services/{SECRET}"


class _Handler(BaseHTTPRequestHandler):
    server: Slack

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/json"
        self.server.got.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def slack() -> Iterator[Slack]:
    """A Slack on this server."""
    with Slack() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def told(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run of the recipe as a hook of a failed release."""
    report = folder / "report.json"
    report.write_text(examples.hostile().to_json())
    plain = {"PATH": os.environ["PATH"], "HOME": str(folder), "FREAM_REPORT": str(report)}
    return subprocess.run(
        [RECIPE],
        cwd=folder,
        env={**plain, **FOUND, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_channel_is_told_how_a_release_ended(slack: Slack, tmp_path: Path) -> None:
    done = told(tmp_path, SLACK_WEBHOOK_URL=slack.url)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    ((path, message),) = slack.got
    assert path == f"/services/{SECRET}"
    header, facts, log = message["blocks"]
    assert header["text"]["text"].startswith("❌ 1.4.2 failed (")
    assert len(header["text"]["text"]) <= 150
    lines = facts["text"]["text"].split("\n")
    assert lines[0] == "Change: 1.4.1 → 1.4.2"
    assert lines[3:] == [
        "Took: 108 s",
        "Users: 11542 requests served, 0 failed",
        "Failed step: health",
        f"Why: {FOUND['FREAM_WHY']}",
    ]
    assert log["text"]["text"].startswith("```")


def test_what_others_wrote_mentions_nobody_and_ends_no_code(slack: Slack, tmp_path: Path) -> None:
    told(tmp_path, SLACK_WEBHOOK_URL=slack.url)

    ((_, message),) = slack.got
    marked = [each["text"]["text"] for each in message["blocks"] if "mrkdwn" in str(each)]
    assert len(marked) == 1
    for text in (*marked, message["text"]):
        assert "<" not in text
        assert ">" not in text
    assert marked[0].count("```") == 2
    plain = [each["text"] for each in message["blocks"][:2]]
    assert {each["type"] for each in plain} == {"plain_text"}
    assert not (tmp_path / "ran").exists()


def test_the_webhook_may_be_in_a_file_of_ones_own(slack: Slack, tmp_path: Path) -> None:
    (tmp_path / ".fream-slack").write_text(f"{slack.url}\n")
    other = tmp_path / "other"
    other.write_text(slack.url)

    assert told(tmp_path).returncode == 0
    assert told(tmp_path, SLACK_WEBHOOK_FILE=str(other)).returncode == 0

    assert len(slack.got) == 2


def test_a_release_without_a_report_is_told_all_the_same(slack: Slack, tmp_path: Path) -> None:
    done = told(tmp_path, SLACK_WEBHOOK_URL=slack.url, FREAM_REPORT="", FREAM_SERVED="")

    assert done.returncode == 0
    assert len(slack.got[0][1]["blocks"]) == 2


@pytest.mark.parametrize("status", [302, 403, 500])
def test_a_slack_that_refuses_fails_the_hook(slack: Slack, tmp_path: Path, status: int) -> None:
    slack.status = status

    done = told(tmp_path, SLACK_WEBHOOK_URL=slack.url)

    assert (done.returncode, done.stdout) == (1, f"Slack did not take it: HTTP {status}\n")
    assert len(slack.got) == 1


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:1/{SECRET}",
        f"https://127.0.0.1:1/{SECRET}",
        f"ftp://127.0.0.1/{SECRET}",
        f"http://127.0.0.1:none/{SECRET}",
        f"https://127.0.0.1/\x01{SECRET}",
        SECRET,
    ],
)
def test_what_goes_wrong_is_told_without_the_address(tmp_path: Path, url: str) -> None:
    done = told(tmp_path, SLACK_WEBHOOK_URL=url)

    assert done.returncode == 1
    assert done.stdout.startswith("Slack ")
    assert SECRET not in done.stdout + done.stderr


def test_without_a_webhook_the_missing_file_is_named(tmp_path: Path) -> None:
    done = told(tmp_path)

    assert done.returncode == 1
    assert ".fream-slack" in done.stdout


def test_a_log_full_of_markup_still_fits(slack: Slack, tmp_path: Path) -> None:
    hostile = examples.hostile()
    report = tmp_path / "long.json"
    log = ("&" * 3000, *["<init>" * 60] * 20, "the last line")
    report.write_text(replace(hostile, log=log).to_json())

    told(tmp_path, SLACK_WEBHOOK_URL=slack.url, FREAM_REPORT=str(report))

    ((_, message),) = slack.got
    text = message["blocks"][-1]["text"]["text"]
    assert len(text) <= 3000
    assert text.endswith("the last line```")
    assert "&lt;init&gt;" in text
