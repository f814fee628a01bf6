#!/usr/bin/env python3
"""Tells a Slack channel how a release ended: a hook for after_release and after_failure.

The address of the channel's incoming webhook is a secret. It is read from SLACK_WEBHOOK_URL,
else from the file SLACK_WEBHOOK_FILE, else from ~/.fream-slack; it is never printed.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

SECONDS = 10
LOG_LINES, LINE, LONGEST = 15, 480, 2500  # what Slack shows of a text
MARKS = {"done": "✅", "failing": "🔥", "cancelled": "⚪"}  # the rest: failed


def found(name: str) -> str:
    return os.environ.get(f"FREAM_{name}", "")


def webhook() -> str:
    given = os.environ.get("SLACK_WEBHOOK_URL", "")
    file = Path(os.environ.get("SLACK_WEBHOOK_FILE") or Path.home() / ".fream-slack")
    url = (given or file.read_text(encoding="utf-8")).strip()
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise OSError("the webhook is no https:// address")
    return url


def report() -> dict:
    try:
        return dict(json.loads(Path(found("REPORT")).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def plain(text: str) -> dict:
    # Slack looks for no markup and no mention in such a text.
    return {"type": "plain_text", "text": text[:LONGEST] or "-", "emoji": False}


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def facts() -> list[str]:
    users = f"{found('SERVED')} requests served, {found('FAILED')} failed"
    known = {
        "Change": f"{found('PREVIOUS_VERSION') or 'nothing'} → {found('VERSION')}",
        "By": found("BY"),
        "Note": found("NOTE"),
        "Took": f"{float(found('SECONDS') or 0):.0f} s",
        "Users": users if found("SERVED") else "",
        "Failed step": found("FAILED_STEP"),
        "Why": found("WHY"),
    }
    return [f"{name}: {value}" for name, value in known.items() if value]


def excerpt(lines: list[str]) -> str:
    """The last lines of a log, as many as Slack takes: what it counts is escaped."""
    shown, room = [], LONGEST
    for line in reversed(lines[-LOG_LINES:]):
        line = escaped(line[:LINE].replace("```", "'''"))
        room -= len(line) + 1
        if room < 0:
            break
        shown.append(line)
    return "\n".join(reversed(shown))


def message() -> dict:
    told = report()
    result = found("RESULT")
    where = " on ".join(filter(None, (told.get("project", ""), told.get("server", ""))))
    title = f"{MARKS.get(result, '❌')} {found('VERSION')} {result}"
    title += f" ({where})" if where else ""
    blocks = [
        {"type": "header", "text": {**plain(title[:150]), "emoji": True}},
        {"type": "section", "text": plain("\n".join(facts()))},
    ]
    if log := excerpt(told.get("log", ())):
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"```{log}```"}})
    return {"text": escaped(title), "blocks": blocks}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def main() -> int:
    try:
        body = json.dumps(message()).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(webhook(), body, headers)
        urllib.request.build_opener(NoRedirect).open(request, timeout=SECONDS).close()
    except urllib.error.HTTPError as error:
        print(f"Slack did not take it: HTTP {error.code}")
        error.close()
        return 1
    except urllib.error.URLError as error:
        print(f"Slack cannot be reached: {error.reason}")
        return 1
    except OSError as error:
        print(f"Slack is not told: {error}")
        return 1
    except Exception as error:  # whose words may hold the address
        print(f"Slack is not told: {type(error).__name__}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
